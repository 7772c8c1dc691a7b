import { ENGINES, type EngineChoice } from '../model/digest.ts';
import type { ImageFormat, ReaderName, SettingOrigin, Settings } from '../model/request.ts';
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
  };
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
