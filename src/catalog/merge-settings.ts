import { ENGINES, type EngineChoice } from '../model/digest.ts';
import { ExhibitError } from '../model/errors.ts';
import type { ImageFormat, ReaderName, SettingOrigin, Settings } from '../model/request.ts';
import { parseDuration } from '../model/duration.ts';
import { parseSize } from '../model/size.ts';
import { visible } from '../model/text.ts';
import { isAlgorithm, pieceBlockFault, settingLaws } from './setting-laws.ts';
import type { UsageFaults } from './usage-faults.ts';

/** The command line's options that change a profile's settings, as commander gives them. */
export interface SettingFlags {
  readonly format?: string | undefined;
  readonly segmentSize?: string | undefined;
  readonly hash?: string | undefined;
  readonly hashEngine?: string | undefined;
  readonly reader?: string | undefined;
  readonly blockSize?: string | undefined;
  readonly pieceSize?: string | undefined;
  /** False for `--no-read-back`; true is commander's own default and says nothing. */
  readonly readBack?: boolean | undefined;
  readonly verifySource?: boolean | undefined;
  /** False for `--no-probe`; true is commander's own default and says nothing. */
  readonly probe?: boolean | undefined;
  readonly vendorQuery?: boolean | undefined;
  readonly retries?: string | undefined;
  readonly maxBad?: string | undefined;
  readonly readTimeout?: string | undefined;
  readonly waitForDevice?: string | undefined;
}

interface MergedSettings {
  readonly settings: Settings;
  readonly origins: Readonly<Record<keyof Settings, SettingOrigin>>;
}

const FORMATS: readonly ImageFormat[] = ['raw', 'split'];
const READERS: readonly ReaderName[] = ['dd', 'direct'];
const CHOICES: readonly EngineChoice[] = ['auto', ...ENGINES];

/** A profile's settings with the command line's on top; what is wrong goes to `faults`. */
export function mergeSettings(flags: SettingFlags, profile: Settings, faults: UsageFaults): MergedSettings {
  const given: Partial<Settings> = {
    ...choice('format', '--format', flags.format, FORMATS, faults),
    ...size('segmentSize', '--segment-size', flags.segmentSize, faults),
    ...hashes(flags.hash, faults),
    ...choice('engine', '--hash-engine', flags.hashEngine, CHOICES, faults),
    ...choice('reader', '--reader', flags.reader, READERS, faults),
    ...size('blockSize', '--block-size', flags.blockSize, faults),
    ...size('pieceSize', '--piece-size', flags.pieceSize, faults),
    ...(flags.readBack === false ? { readBack: false } : {}),
    ...(flags.verifySource === true ? { verifySource: true } : {}),
    ...(flags.probe === false ? { probe: false } : {}),
    ...(flags.vendorQuery === true ? { vendorQuery: true } : {}),
    ...recoveryLimits(flags, faults),
  };
  const settings: Settings = { ...profile, ...given };
  const fault = pieceBlockFault(settings);
  if (fault !== null) faults.add(`--piece-size ${fault}.`);
  return { settings, origins: originsOf(given) };
}

function originsOf(given: Partial<Settings>): MergedSettings['origins'] {
  const origin = (name: keyof Settings): SettingOrigin => (name in given ? 'command-line' : 'profile');
  return {
    format: origin('format'),
    segmentSize: origin('segmentSize'),
    hashes: origin('hashes'),
    engine: origin('engine'),
    reader: origin('reader'),
    blockSize: origin('blockSize'),
    pieceSize: origin('pieceSize'),
    readBack: origin('readBack'),
    verifySource: origin('verifySource'),
    protection: origin('protection'),
    probe: origin('probe'),
    vendorQuery: origin('vendorQuery'),
    recovery: origin('recovery'),
    retries: origin('retries'),
    maxBad: origin('maxBad'),
    readTimeout: origin('readTimeout'),
    waitForDevice: origin('waitForDevice'),
  };
}

/** What the command line says of bad places and of sources that go away. */
export function recoveryLimits(
  flags: Pick<SettingFlags, 'retries' | 'maxBad' | 'readTimeout' | 'waitForDevice'>,
  faults: UsageFaults,
): Partial<Settings> {
  return {
    ...limit('retries', '--retries', flags.retries, wholeNumber, faults),
    ...limit('maxBad', '--max-bad', flags.maxBad, orNone(wholeNumber), faults),
    ...limit('readTimeout', '--read-timeout', flags.readTimeout, orNone(parseDuration), faults),
    ...limit('waitForDevice', '--wait-for-device', flags.waitForDevice, parseDuration, faults),
  };
}

type Limit = 'retries' | 'maxBad' | 'readTimeout' | 'waitForDevice';

function limit<K extends Limit>(
  name: K,
  option: string,
  text: string | undefined,
  parse: (text: string, option: string) => Settings[K],
  faults: UsageFaults,
): Partial<Settings> {
  if (text === undefined) return {};
  // An object: `null` is a value here.
  const parsed = faults.attempt(() => ({ value: parse(text, option) }), null);
  if (parsed === null) return {};
  const fault = parsed.value === null ? null : settingLaws[name](parsed.value);
  if (fault !== null) faults.add(`${option} ${fault}.`);
  return { [name]: parsed.value };
}

function wholeNumber(text: string, option: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new ExhibitError('usage', 'usage.number', `${option}: "${visible(text)}" is no whole number.`, {
    hint: 'Write it in digits.',
  });
}

function orNone(parse: (text: string, option: string) => number): (text: string, option: string) => number | null {
  return (text, option) => (text === 'none' ? null : parse(text, option));
}

type SizeSetting = 'segmentSize' | 'blockSize' | 'pieceSize';

function size(name: SizeSetting, option: string, text: string | undefined, faults: UsageFaults): Partial<Settings> {
  if (text === undefined) return {};
  const bytes = faults.attempt(() => parseSize(text, option), null);
  if (bytes === null) return {};
  const fault = settingLaws[name](bytes);
  if (fault !== null) faults.add(`${option} ${fault}.`);
  return { [name]: bytes };
}

function choice<K extends 'format' | 'engine' | 'reader'>(
  name: K,
  option: string,
  text: string | undefined,
  known: readonly Settings[K][],
  faults: UsageFaults,
): Partial<Settings> {
  if (text === undefined) return {};
  const value = known.find((one) => one === text);
  if (value === undefined) faults.add(`${option}: "${visible(text)}" is not known; write one of ${known.join(', ')}.`);
  return value === undefined ? {} : { [name]: value };
}

function hashes(text: string | undefined, faults: UsageFaults): Partial<Settings> {
  if (text === undefined) return {};
  const names = text.split(',').map((name) => name.trim());
  const fault = settingLaws.hashes(names);
  if (fault !== null) faults.add(`--hash ${visible(fault)}.`);
  return { hashes: names.filter(isAlgorithm) };
}
