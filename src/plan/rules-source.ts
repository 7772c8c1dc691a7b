import { useText } from '../model/device.ts';
import { describeBytes } from '../model/size.ts';
import { isElsewhere } from '../model/plan.ts';
import { slowLink } from '../model/slow-link.ts';
import { visible } from '../model/text.ts';
import { meets, type RequiredProtection } from '../model/verdict.ts';
import { note, refusal, type Rule, warning } from './finding.ts';
import { RECEIVED_RULES } from './rules-received.ts';
import { REMOTE_RULES } from './rules-remote.ts';
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
  if (source.kind !== 'block' || isElsewhere(source)) return [];
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
  const by = visible(uses.value.map(useText).join('; '));
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

/**
 * The profile says which verdict it takes. Below it: a refusal, unless the operator gives the reason for going on.
 * A contradiction has no other way.
 */
const writeProtected: Rule = ({ source, verdict, request }) => {
  if (source.kind !== 'block') return [];
  const seen = verdict.evidence.map(({ what, seen }) => `${visible(what)}: ${visible(seen)}`).join('; ');
  const what = `${visible(source.path)}: ${verdict.name}. ${verdict.meaning} Seen: ${seen}.`;
  if (verdict.name === 'contradicted') {
    const hint = 'Find out which of the facts is wrong before anything is read from this disk.';
    return [refusal('guard', 'guard.contradicted', what, hint)];
  }
  const { allowUnblocked, softwareBlock } = request.overrides;
  // What --software-block will set counts as seen: it is confirmed before anything is read.
  const name = softwareBlock && verdict.name === 'none-observed' ? 'kernel-flag-only' : verdict.name;
  const required = request.settings.protection;
  if (meets(name, required)) return [];
  if (allowUnblocked !== null) {
    const message = `${visible(source.path)} is read with less write protection than profile ${visible(request.profile.name)} requires (${name}, not ${required}): ${visible(allowUnblocked)}`;
    return [warning('guard', 'guard.unblocked', message)];
  }
  return [
    refusal(
      'guard',
      'guard.not-protected',
      `${what} Profile ${visible(request.profile.name)} requires ${required} or better.`,
      `${raisedBy(required)} Or give the reason for going on: --allow-unblocked REASON.`,
    ),
  ];
};

/** The kernel's flag stops no hardware, and costs nothing: without it this host itself might write. */
const kernelFlag: Rule = ({ source, verdict, request }) => {
  if (source.kind !== 'block' || isElsewhere(source)) return [];
  const flags = verdict.evidence.filter(({ fact }) => fact === 'kernel-flag');
  if (flags.every(({ seen }) => seen === 'read-only')) return [];
  const writable = flags.filter(({ seen }) => seen !== 'read-only').map(({ what, seen }) => `${what}: ${seen}`);
  const what = `${visible(source.path)}: ${visible(writable.join('; '))}.`;
  const { allowUnblocked, softwareBlock } = request.overrides;
  if (softwareBlock) {
    const message = `${what} --software-block sets the kernel's flag before reading. That is no hardware write blocker.`;
    return [warning('guard', 'guard.software-block', message)];
  }
  const hint = 'Set the flag with --software-block, or give the reason for going on: --allow-unblocked REASON.';
  const blocked = verdict.name !== 'not-applicable' && meets(verdict.name, 'operator-attested');
  if (allowUnblocked !== null || blocked) return [warning('guard', 'guard.flag-not-set', what)];
  return [refusal('guard', 'guard.not-read-only', what, hint)];
};

function raisedBy(required: RequiredProtection): string {
  if (required === 'kernel-flag-only')
    return "Set the kernel's flag with --software-block, or connect a write blocker.";
  const blocker = 'Connect the disk through a hardware write blocker that `exhibit hardware list` knows';
  return meets('operator-attested', required)
    ? `${blocker}, or let the lab attest the one it hangs on: exhibit hardware learn DEV.`
    : `${blocker}.`;
}

/** Data that was left out may know this very device: the operator said to go on without, and the record says what was missing. */
const hardwareLeftOut: Rule = ({ source, protection }) => {
  if (source.kind === 'file' || isElsewhere(source)) return [];
  const { shipped, lab } = protection.entries.leftOut;
  return [...shipped, ...lab].map((fault) =>
    warning('usage', 'hardware.left-out', `Some hardware data could not be used: ${visible(fault)}`),
  );
};

/** An estimate, for whoever waits; a slow link changes no byte. */
const slowWay: Rule = ({ source }) => {
  const slow = source.kind === 'block' ? slowLink(source.device.chain, source.device.size) : null;
  return slow === null ? [] : [warning('source', 'source.slow-link', slow)];
};

export const SOURCE_RULES: readonly Rule[] = [
  notEmpty,
  notInUse,
  wholeSectors,
  blockFitsSector,
  plainFile,
  writeProtected,
  kernelFlag,
  hardwareLeftOut,
  slowWay,
  ...REMOTE_RULES,
  ...RECEIVED_RULES,
];
