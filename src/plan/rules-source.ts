import type { DeviceUse } from '../model/device.ts';
import { describeBytes } from '../model/size.ts';
import { visible } from '../model/text.ts';
import { note, refusal, type Rule, warning } from './finding.ts';
import { sourceSize } from './space.ts';

const notEmpty: Rule = ({ source }) =>
  sourceSize(source) > 0
    ? []
    : [
        refusal(
          'source',
          'source.empty',
          `${visible(source.path)} holds no bytes: there is nothing to image.`,
          'Check the cable, the medium in the reader, and the path.',
        ),
      ];

const notInUse: Rule = ({ source }) => {
  if (source.kind !== 'block') return [];
  const { uses, path } = source.device;
  if (!uses.known) {
    return [
      warning(
        'guard',
        'source.use-unknown',
        `What uses ${visible(path)} could not be looked up (${visible(uses.why)}). The exclusive open before reading (O_EXCL) will decide.`,
      ),
    ];
  }
  if (uses.value.length === 0) return [];
  const by = uses.value.map(useText).join('; ');
  return [
    refusal(
      'guard',
      'source.in-use',
      `${visible(path)} is in use: ${by}.`,
      'Unmount it, switch the swap off, or take the layer down; a disk in use changes while it is read.',
    ),
  ];
};

const wholeSectors: Rule = ({ source }) => {
  const sector = source.kind === 'block' ? source.device.logicalSector : 512;
  const size = sourceSize(source);
  if (size % sector === 0) return [];
  const message = `${visible(source.path)} has ${describeBytes(size)}: not a multiple of its sector of ${sector} bytes. Every byte is imaged.`;
  return source.kind === 'file' ? [note('source.odd-size', message)] : [warning('source', 'source.odd-size', message)];
};

const blockFitsSector: Rule = ({ source, request }) => {
  const { blockSize } = request.settings;
  if (source.kind === 'file' || blockSize % source.device.logicalSector === 0) return [];
  return [
    refusal(
      'usage',
      'usage.block-size',
      `--block-size ${blockSize} is no multiple of the sector of ${visible(source.path)}, ${source.device.logicalSector} bytes.`,
      'Choose a multiple of it, such as 4M.',
    ),
  ];
};

const plainFile: Rule = ({ source }) =>
  source.kind === 'file'
    ? [
        note(
          'source.plain-file',
          `${visible(source.path)} is a plain file: it is opened read-only, and no write block applies to it.`,
        ),
      ]
    : [];

/** Fires on any verdict that is not protection, unless the operator took another way. A contradiction has no other way. */
const writeProtected: Rule = ({ source, verdict, request }) => {
  if (source.kind !== 'block') return [];
  const seen = verdict.evidence.map(({ what, seen }) => `${visible(what)}: ${visible(seen)}`).join('; ');
  const what = `${visible(source.path)}: ${verdict.meaning} Seen: ${seen}.`;
  if (verdict.name === 'contradicted') {
    return [
      refusal(
        'guard',
        'guard.contradicted',
        what,
        'Find out which of the facts is wrong before anything is read from this disk.',
      ),
    ];
  }
  if (verdict.name !== 'none-observed') return [];
  const { softwareBlock, allowUnblocked } = request.overrides;
  if (softwareBlock) {
    return [
      warning(
        'guard',
        'guard.software-block',
        `${visible(source.path)} is not read-only yet: --software-block sets the kernel's flag before reading. That is no hardware write blocker.`,
      ),
    ];
  }
  if (allowUnblocked !== null) {
    return [
      warning(
        'guard',
        'guard.unblocked',
        `${visible(source.path)} is read without write protection: ${visible(allowUnblocked)}`,
      ),
    ];
  }
  return [
    refusal(
      'guard',
      'guard.not-read-only',
      what,
      'Connect it through a write blocker; or set the kernel flag with --software-block; or give the reason for going on: --allow-unblocked REASON.',
    ),
  ];
};

export const SOURCE_RULES: readonly Rule[] = [
  notEmpty,
  notInUse,
  wholeSectors,
  blockFitsSector,
  plainFile,
  writeProtected,
];

function useText({ kind, device, by }: DeviceUse): string {
  const words = {
    mount: 'is mounted at',
    swap: 'is swap:',
    holder: 'is held by',
    system: 'serves the running system:',
  } as const;
  return `${visible(device)} ${words[kind]} ${visible(by)}`;
}
