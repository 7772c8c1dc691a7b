import type { AcquireRequest, CaseInfo, LabelInfo, Overrides } from '../model/request.ts';
import { COMPRESSIONS, type Compression, type RemoteRequest } from '../model/remote.ts';
import { parseLabelSize, parseSize } from '../model/size.ts';
import { sourceKind } from '../model/source-kind.ts';
import { mergeSettings, type SettingFlags } from './merge-settings.ts';
import { DEFAULT_PROFILE, type Profile } from './profiles.ts';
import type { RequestFile } from './request-file.ts';
import { judgeSourceOptions, type SourceOptions } from './source-options.ts';
import { pathFault, type TextLaw, textFault } from './text-laws.ts';
import { UsageFaults } from './usage-faults.ts';

/** The command line of `exhibit acquire` as commander gives it, unjudged. `source` is its argument. */
export interface AcquireFlags extends RequestFile, SettingFlags {
  readonly source?: string | undefined;
  readonly to?: string | undefined;
  readonly key?: string | undefined;
  readonly unsigned?: boolean | undefined;
  readonly allowUnblocked?: string | undefined;
  readonly softwareBlock?: boolean | undefined;
  readonly allowSystemDestination?: boolean | undefined;
  readonly ignoreBadHardware?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly remoteReader?: string | undefined;
  readonly connections?: string | undefined;
  readonly compress?: string | undefined;
  readonly limitRate?: string | undefined;
  readonly frozen?: string | undefined;
  readonly ciphertext?: string | undefined;
}

/** The profile to load: the command line's, else the request file's, else the default. */
export function profileName(
  flags: Pick<AcquireFlags, 'profile' | 'source' | 'frozen'>,
  file: RequestFile | null,
): string {
  return flags.profile ?? file?.profile ?? usualProfile(flags);
}

/**
 * One request out of command line, request file and profile; the earlier wins over the later. Pure.
 * @param faults those that were found already
 * @throws ExhibitError `usage.request` with every fault at once
 */
export function buildRequest(
  flags: AcquireFlags & SourceOptions,
  file: RequestFile | null,
  profile: Profile,
  faults = new UsageFaults(),
): AcquireRequest {
  const sourcePath = requiredPath('SOURCE', flags.source, 'Name the disk or file to image.', faults);
  const to = requiredPath('--to', flags.to, 'Name the folder that the evidence goes to: --to DIR.', faults);
  const caseInfo = caseOf(flags, file, faults);
  const label = labelOf(flags, file, faults);
  const merged = mergeSettings(flags, profile.settings, faults);
  const overrides = overridesOf(flags, faults);
  const keyPath = flags.key ?? null;
  judgeKey(keyPath, overrides.unsigned, faults);
  const kind = sourceKind(sourcePath);
  judgeSourceOptions(kind, flags, faults);
  const remote = remoteOf(flags, faults);
  const folderName = optional('--folder-name', flags.folderName ?? file?.folderName, 'line', faults);
  faults.throwIfAny();
  return {
    sourcePath,
    to,
    folderName,
    caseInfo,
    label,
    profile: profile.ref,
    ...merged,
    overrides,
    keyPath,
    yes: flags.yes === true,
    ...(kind === 'ssh' ? { remote } : {}),
  };
}

function usualProfile({ source = '', frozen }: Pick<AcquireFlags, 'source' | 'frozen'>): string {
  const kind = sourceKind(source);
  if (kind === 'here') return DEFAULT_PROFILE;
  return kind === 'ssh' && frozen !== undefined ? 'remote-frozen' : 'remote-live';
}

function caseOf(flags: AcquireFlags, file: RequestFile | null, faults: UsageFaults): CaseInfo {
  return {
    caseNumber: required('--case', flags.case ?? file?.case, 'any', faults),
    evidenceId: required('--evidence', flags.evidence ?? file?.evidence, 'any', faults),
    examiner: required('--examiner', flags.examiner ?? file?.examiner, 'line', faults),
    description: optional('--description', flags.description ?? file?.description, 'any', faults),
    notes: optional('--notes', flags.notes ?? file?.notes, 'any', faults),
    authority: optional('--authority', flags.authority ?? file?.authority, 'line', faults),
  };
}

function labelOf(flags: AcquireFlags, file: RequestFile | null, faults: UsageFaults): LabelInfo {
  const size = flags.labelSize ?? file?.labelSize;
  return {
    model: optional('--label-model', flags.labelModel ?? file?.labelModel, 'line', faults),
    serial: optional('--label-serial', flags.labelSerial ?? file?.labelSerial, 'line', faults),
    size: size === undefined ? null : faults.attempt(() => parseLabelSize(size, '--label-size'), null),
    sealNumber: optional('--seal-number', flags.sealNumber ?? file?.sealNumber, 'line', faults),
    condition: optional('--condition', flags.condition ?? file?.condition, 'line', faults),
    mismatchReason: optional('--label-mismatch', flags.labelMismatch ?? file?.labelMismatch, 'line', faults),
  };
}

function overridesOf(flags: AcquireFlags, faults: UsageFaults): Overrides {
  return {
    allowUnblocked: optional('--allow-unblocked', flags.allowUnblocked, 'line', faults),
    softwareBlock: flags.softwareBlock === true,
    allowSystemDestination: flags.allowSystemDestination === true,
    ignoreBadHardware: flags.ignoreBadHardware === true,
    unsigned: flags.unsigned === true,
  };
}

const MOST_CONNECTIONS = 16;
/** Bytes a second: below it a disk of today takes years. */
const LEAST_RATE = 16_384;

/** What is said of how a disk is read over SSH. */
function remoteOf(flags: AcquireFlags, faults: UsageFaults): RemoteRequest {
  const { remoteReader, connections, compress, limitRate, frozen, ciphertext } = flags;
  const channels = connections === undefined ? null : Number(connections);
  if (channels !== null && !(Number.isInteger(channels) && channels >= 1 && channels <= MOST_CONNECTIONS))
    faults.add(`--connections takes a number from 1 to ${MOST_CONNECTIONS}.`);
  const program = (['auto', 'dd'] as const).find((each) => each === (remoteReader ?? 'auto'));
  if (program === undefined) faults.add('--remote-reader takes auto or dd.');
  return {
    program: program ?? 'auto',
    connections: channels,
    compress: compressionOf(compress, faults),
    limitRate: rateOf(limitRate, faults),
    frozen: optional('--frozen', frozen, 'line', faults),
    ciphertext: optional('--ciphertext', ciphertext, 'line', faults),
    rebooted: null,
  };
}

function compressionOf(text: string | undefined, faults: UsageFaults): Compression {
  const choice = COMPRESSIONS.find((each) => each === (text ?? 'auto'));
  if (choice === undefined) faults.add(`--compress takes ${COMPRESSIONS.join(', ')}.`);
  return choice ?? 'auto';
}

/** Bytes a second: a size, with or without `/s`. */
function rateOf(text: string | undefined, faults: UsageFaults): number | null {
  if (text === undefined) return null;
  const rate = faults.attempt(() => parseSize(text.replace(/\/s$/, ''), '--limit-rate'), LEAST_RATE);
  if (rate < LEAST_RATE) faults.add(`--limit-rate is ${rate} bytes a second; it must be at least ${LEAST_RATE}.`);
  return rate;
}

function judgeKey(keyPath: string | null, unsigned: boolean, faults: UsageFaults): void {
  const fault = keyPath === null ? null : pathFault(keyPath);
  if (fault !== null) faults.add(`--key ${fault}.`);
  if (keyPath !== null && unsigned) faults.add('--key and --unsigned exclude each other.', 'Leave one of them out.');
}

function required(option: string, value: string | undefined, law: TextLaw, faults: UsageFaults): string {
  if (value === undefined)
    faults.add(`${option} is missing.`, 'Give it on the command line or in the file of --request.');
  return optional(option, value, law, faults) ?? '';
}

function requiredPath(name: string, value: string | undefined, hint: string, faults: UsageFaults): string {
  const fault = value === undefined ? 'is missing' : pathFault(value);
  if (fault !== null) faults.add(`${name} ${fault}.`, hint);
  return value ?? '';
}

function optional(option: string, value: string | undefined, law: TextLaw, faults: UsageFaults): string | null {
  if (value === undefined) return null;
  const fault = textFault(value, law);
  if (fault !== null) faults.add(`${option} ${fault}.`, reasonHint(option));
  return value;
}

function reasonHint(option: string): string | undefined {
  const wantsReason = ['--allow-unblocked', '--label-mismatch', '--frozen', '--ciphertext'].includes(option);
  return wantsReason ? 'It takes the reason in words; it stands in the manifest.' : undefined;
}
