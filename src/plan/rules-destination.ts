import { describeBytes } from '../model/size.ts';
import { isElsewhere } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import { refusal, type Rule, warning } from './finding.ts';
import { planFolder } from './folder.ts';
import { sourceSize, spaceNeeded } from './space.ts';

export const notOnSource: Rule = ({ source, destination }) => {
  // Disks of another machine have names of their own; unless it is this one, reached by a detour.
  if (source.kind !== 'block' || (isElsewhere(source) && source.remote?.here !== true)) return [];
  if (!destination.disks.known) {
    return [
      warning(
        'destination',
        'destination.disks-unknown',
        `Which disk ${visible(destination.path)} lies on could not be looked up (${visible(destination.disks.why)}): make sure that it is not the source.`,
      ),
    ];
  }
  const shared = destination.disks.value.filter((disk) => source.device.disks.includes(disk));
  if (shared.length === 0) return [];
  return [
    refusal(
      'destination',
      'destination.on-source',
      `${visible(destination.path)} lies on the source: both are on ${shared.map(visible).join(', ')}.`,
      'Choose a folder on another disk: --to DIR.',
    ),
  ];
};

export const notSystemDisk: Rule = ({ source, destination, request }) => {
  if (source.kind !== 'block' || !source.device.physical) return [];
  const { onSystemDisk, path } = destination;
  const allowed = request.overrides.allowSystemDestination;
  if (!onSystemDisk.known) {
    return [
      warning(
        'destination',
        'destination.system-unknown',
        `Whether ${visible(path)} lies on the operating system's disk could not be looked up (${visible(onSystemDisk.why)}).`,
      ),
    ];
  }
  if (!onSystemDisk.value) return [];
  if (allowed)
    return [
      warning(
        'destination',
        'destination.system-disk',
        `${visible(path)} lies on the operating system's own disk, as --allow-system-destination says.`,
      ),
    ];
  return [
    refusal(
      'destination',
      'destination.system-disk',
      `${visible(path)} lies on the operating system's own disk.`,
      'Write evidence to a disk made ready for it, or say that this one is meant: --allow-system-destination.',
    ),
  ];
};

export const writable: Rule = ({ destination }) =>
  destination.readOnly
    ? [
        refusal(
          'destination',
          'destination.read-only',
          `${visible(destination.path)} is on a file system mounted read-only (${visible(destination.mountPoint)}).`,
          'Mount it for writing, or choose another folder.',
        ),
      ]
    : [];

export const roomEnough: Rule = (facts) => {
  const { freeBytes, claimedByOthers, path } = facts.destination;
  const needed = spaceNeeded(sourceSize(facts.source), facts.request.settings.pieceSize);
  const claimed = claimedByOthers.known ? claimedByOthers.value : 0;
  const unknownClaims = claimedByOthers.known
    ? []
    : [
        warning(
          'destination',
          'destination.claims-unknown',
          `What other running jobs still need on ${visible(path)} could not be looked up (${visible(claimedByOthers.why)}).`,
        ),
      ];
  if (needed + claimed <= freeBytes) return unknownClaims;
  const message = `Not enough room on ${visible(path)}: image and records need ${describeBytes(needed)}, other running jobs still need ${describeBytes(claimed)}, free are ${describeBytes(freeBytes)}: ${describeBytes(needed + claimed - freeBytes)} too few.`;
  return [
    ...unknownClaims,
    refusal('destination', 'destination.no-room', message, 'Free that much, or choose another folder: --to DIR.'),
  ];
};

const folderNamed: Rule = ({ request, destination }) => {
  const result = planFolder(request, destination.path);
  return result.ok ? [] : [...result.findings];
};

const folderEmpty: Rule = ({ request, destination, folderContent }) => {
  const result = planFolder(request, destination.path);
  if (!result.ok || folderContent === null || folderContent.length === 0) return [];
  const names = folderContent.slice(0, 5).map((name) => visible(name));
  const more = folderContent.length > names.length ? ` and ${folderContent.length - names.length} more` : '';
  return [
    refusal(
      'destination',
      'destination.exists',
      `${visible(result.folder.path)} exists and is not empty: it holds ${names.join(', ')}${more}.`,
      'Nothing is ever overwritten. Choose another --evidence id or --folder-name; `exhibit show` tells what is in the folder, `exhibit resume` goes on with an acquisition that stopped.',
    ),
  ];
};

export const DESTINATION_RULES: readonly Rule[] = [
  notOnSource,
  notSystemDisk,
  writable,
  roomEnough,
  folderNamed,
  folderEmpty,
];
