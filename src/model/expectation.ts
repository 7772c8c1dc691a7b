import { unknown, type Fact } from './device.ts';

/** What can hold up a job. */
export type Limit = 'source link' | 'destination' | 'hashing' | 'reading back';

/** What is known before a job of the rates that it can't exceed, bytes per second, each above zero. */
export interface ExpectationFacts {
  /** Bytes of the source that are still to be read. */
  readonly toRead: number;
  /** Bytes of the whole source: as much is read back, or a second time. */
  readonly size: number;
  /** The source's link. */
  readonly link: Fact<number>;
  /** Of the destination, as measured. */
  readonly writing: Fact<number>;
  /** By the engine of the plan. */
  readonly hashing: Fact<number>;
  /** By the engine that reads back: always native. */
  readonly hashingAgain: Fact<number>;
  readonly readBack: boolean;
  readonly verifySource: boolean;
}

/** One reading: no faster than the slowest of what is known. All null: nothing is known that limits it. */
export interface Stretch {
  readonly bytes: number;
  readonly bytesPerSecond: number | null;
  readonly bottleneck: Limit | null;
  /** What would limit it, too, and is not known. */
  readonly open: readonly Limit[];
  /** Whole seconds, rounded up: it takes that long or longer. */
  readonly seconds: number | null;
}

/** What a job will take at least, as far as is known. */
export interface Expectation {
  readonly reading: Stretch;
  /** Null: the image is not read back. */
  readonly readBack: Stretch | null;
  /** Null: the source is read once. */
  readonly secondReading: Stretch | null;
  /** All of it that is known; null: nothing is. */
  readonly seconds: number | null;
}

/** What reading the destination gives: `exhibit doctor --speed` only writes. */
const NEVER = unknown<number>('not measured');

/** Facts to what they let expect. Pure: it only informs, and decides nothing. */
export function expectation(facts: ExpectationFacts): Expectation {
  const { toRead, size, link, writing, hashing, hashingAgain, readBack, verifySource } = facts;
  const reading = stretch(toRead, { 'source link': link, destination: writing, hashing });
  const back = readBack ? stretch(size, { hashing: hashingAgain, 'reading back': NEVER }) : null;
  const again = verifySource ? stretch(size, { 'source link': link, hashing }) : null;
  const known = [reading, back, again].flatMap((each) => each?.seconds ?? []);
  return {
    reading,
    readBack: back,
    secondReading: again,
    seconds: known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0),
  };
}

/** Of several equally slow ones the first is named. */
function stretch(bytes: number, limits: Partial<Record<Limit, Fact<number>>>): Stretch {
  const open: Limit[] = [];
  let slowest: { bottleneck: Limit; bytesPerSecond: number } | null = null;
  for (const [name, fact] of Object.entries(limits) as [Limit, Fact<number>][]) {
    if (!fact.known) open.push(name);
    else if (fact.value < (slowest?.bytesPerSecond ?? Infinity))
      slowest = { bottleneck: name, bytesPerSecond: fact.value };
  }
  if (slowest === null) return { bytes, bytesPerSecond: null, bottleneck: null, open, seconds: null };
  return { bytes, ...slowest, open, seconds: Math.ceil(bytes / slowest.bytesPerSecond) };
}

/** For people, hours and minutes, rounded up: `about 02:14 h or more`. */
export function hoursAndMinutes(seconds: number): string {
  if (seconds < 60) return `about ${seconds} s or more`;
  const minutes = Math.ceil(seconds / 60);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `about ${two(Math.floor(minutes / 60))}:${two(minutes % 60)} h or more`;
}
