/** What the measurements of a disk of another machine have in common. */
import { execFileSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Reader } from '../src/read/reader.ts';
import { Ring } from '../src/ring/ring.ts';
import { Log } from '../test/read/read-all.ts';
import { held } from '../test/remote/ranges-support.ts';
import { testPorts } from '../test/support/ports.ts';
import { measure } from './measure.ts';
import { median, ratio, round } from './stats.ts';
import { undone } from './undo.ts';

export const MIB = 1024 ** 2;
/** Below a folder: the image of an acquisition of evidence `out` of case `bench`; what people pipe into. */
export const IMAGE = 'bench/out/out.dd';
export const OUT = 'out';

/** Medians, and every single run. */
export interface RemoteFigures {
  readonly name: string;
  readonly mebibytes: number;
  readonly rounds: number;
  readonly mebibytes_per_second: number;
  readonly slowest: number;
  readonly fastest: number;
  /** How many times as fast as others of the same run. */
  readonly times: Readonly<Record<string, number>>;
  readonly seconds: readonly number[];
}

/** What a test would undo at its end, undone by whoever holds it. */
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

/** So much of a disk through a reader, checked, into a ring that nobody does anything with. */
export async function readAlone(reader: Reader, mebibytes: number): Promise<void> {
  const ring = new Ring(8, 4 * MIB, 1);
  const drained = drain(ring);
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
}

/** Seconds from a `performance.now()` to now. */
export function secondsSince(since: number): number {
  return (performance.now() - since) / 1000;
}

/** A command line that receives so much of a disk: exhibit's, or what people pipe. */
export interface Receiving {
  readonly folder: string;
  readonly mebibytes: number;
  /** What it writes below that folder; null: it discards what comes. */
  readonly received: string | null;
}

/** Seconds of one run. @throws Error when not all of the disk came: a link that breaks soon would be a fast one */
export async function receive(command: string, { folder, mebibytes, received }: Receiving): Promise<number> {
  const { seconds } = await measure(command);
  const bytes = received === null ? null : statSync(join(folder, received)).size;
  if (bytes !== null && bytes !== mebibytes * MIB) throw new Error(`only ${bytes} bytes came: ${command}`);
  removeReceived(folder);
  return seconds;
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
  seconds: ReadonlyMap<string, readonly number[]>,
  mebibytes: number,
  rivals: Readonly<Record<string, readonly string[]>>,
): RemoteFigures[] {
  const rate = (value: number): number => round(mebibytes / value, 1);
  const usual = (name: string): number => median(seconds.get(name) ?? []);
  return [...seconds].map(([name, all]) => ({
    name,
    mebibytes,
    rounds: all.length,
    mebibytes_per_second: rate(median(all)),
    slowest: rate(Math.max(...all)),
    fastest: rate(Math.min(...all)),
    times: Object.fromEntries(
      (rivals[name] ?? []).map((rival) => [rival, round(ratio(usual(rival), median(all)) ?? 0, 2)]),
    ),
    seconds: all.map((each) => round(each, 3)),
  }));
}

/** What people pipe a disk into who want its hashes: by fifos, because nobody waits for bash's `>(md5sum)`. */
export function hashedBeside(out: string): { readonly before: string; readonly to: string; readonly after: string } {
  const [md5, sha256] = [`${out}.md5.fifo`, `${out}.sha256.fifo`];
  return {
    before: `mkfifo ${md5} ${sha256}; md5sum <${md5} >${out}.md5 & md5=$!; sha256sum <${sha256} >${out}.sha256 & sha256=$!`,
    to: `tee ${md5} ${sha256} >${out}`,
    after: 'wait $md5 && wait $sha256',
  };
}

/** What a run leaves in its folder. */
function removeReceived(folder: string): void {
  for (const left of ['bench', 'said', 'out', 'out.md5', 'out.sha256', 'out.md5.fifo', 'out.sha256.fifo'])
    rmSync(join(folder, left), { recursive: true, force: true });
}

/** A file shown as a disk, until it is undone. */
export function shownAsDisk(source: string): { readonly node: string; readonly remove: () => void } {
  const node = execFileSync('losetup', ['--find', '--show', '--read-only', source], { encoding: 'utf8' }).trim();
  return { node, remove: undone(() => execFileSync('losetup', ['--detach', node])) };
}
