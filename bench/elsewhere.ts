/** What the measurements of a disk of another machine have in common. */
import type { TestContext } from 'node:test';
import type { Reader } from '../src/read/reader.ts';
import { Ring } from '../src/ring/ring.ts';
import { Log } from '../test/read/read-all.ts';
import { held } from '../test/remote/ranges-support.ts';
import { testPorts } from '../test/support/ports.ts';
import { median } from './stats.ts';

export const MIB = 1024 ** 2;

export interface RemoteFigures {
  readonly name: string;
  readonly mebibytes_per_second: number;
  readonly slowest: number;
  readonly fastest: number;
  /** Ratios to others of the same run. */
  readonly times: Readonly<Record<string, number>>;
}

/** What is undone at the end, as a test would. */
export function undoing(): { t: TestContext; undo: () => Promise<void> } {
  const steps: (() => unknown)[] = [];
  const t = { after: (step: () => unknown) => steps.push(step) } as unknown as TestContext;
  return {
    t,
    undo: async () => {
      for (const step of steps.reverse()) await step();
    },
  };
}

/** Seconds for so much of a disk through a reader, checked, into a ring that nobody does anything with. */
export async function readAlone(reader: Reader, mebibytes: number): Promise<number> {
  const ring = new Ring(8, 4 * MIB, 1);
  const drained = drain(ring);
  const since = performance.now();
  await reader({
    ports: testPorts(),
    source: held(mebibytes * MIB),
    range: { start: 0, end: mebibytes * MIB },
    retries: 0,
    readTimeoutMs: null,
    maxBadSectors: null,
    blockBytes: 4 * MIB,
    out: ring,
    log: new Log(),
    checkPresent: () => Promise.resolve(),
    stop: new AbortController().signal,
  });
  ring.end();
  if ((await drained) !== mebibytes * MIB) throw new Error('not all of it came');
  return (performance.now() - since) / 1000;
}

async function drain(ring: Ring): Promise<number> {
  const input = ring.reader(0);
  let bytes = 0;
  for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
    bytes += chunk.bytes.length;
    input.release();
  }
  return bytes;
}

/** Rates and ratios of the same run; `rivals`: whom a name is held against. */
export function figures(
  seconds: Readonly<Record<string, readonly number[]>>,
  mebibytes: number,
  rivals: Readonly<Record<string, readonly string[]>>,
): RemoteFigures[] {
  const rate = (value: number): number => Math.round((mebibytes / value) * 10) / 10;
  return Object.entries(seconds).map(([name, all]) => ({
    name,
    mebibytes_per_second: rate(median(all)),
    slowest: rate(Math.max(...all)),
    fastest: rate(Math.min(...all)),
    times: Object.fromEntries(
      (rivals[name] ?? []).map((rival) => [
        rival,
        Math.round((median(seconds[rival] ?? []) / median(all)) * 100) / 100,
      ]),
    ),
  }));
}
