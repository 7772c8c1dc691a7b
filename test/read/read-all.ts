import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { normalise, type Range } from '../../src/model/range.ts';
import { readByDd } from '../../src/read/dd-reader.ts';
import { readDirect } from '../../src/read/direct-reader.ts';
import { holdSource, type HeldSource } from '../../src/read/held-source.ts';
import type { Reader, ReaderRun, ReadLog, ReadOrder, Unreadable } from '../../src/read/reader.ts';
import { Ring } from '../../src/ring/ring.ts';
import type { Ports } from '../../src/system/ports.ts';
import { systemFiles } from '../../src/system/files.ts';
import { systemCommands } from '../../src/system/run-command.ts';
import { blockSource, fileSource } from '../plan/facts.ts';
import { sh } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { atEnd } from '../support/temp.ts';

export const READERS: readonly (readonly [string, Reader])[] = [
  ['dd', readByDd],
  ['direct', readDirect],
];

export const MIB = 1024 ** 2;

/** Takes a source as a job does: a block device by O_EXCL, a file by flock. */
export async function hold(t: TestContext, path: string, sector = 512): Promise<HeldSource> {
  const block = path.startsWith('/dev/');
  const size = block ? Number(sh('blockdev', '--getsize64', path)) : statSync(path).size;
  const facts = block
    ? blockSource({ path, size, logicalSector: sector })
    : { ...fileSource(size), path, realPath: path };
  const held = await holdSource(systemFiles, systemCommands(), facts);
  atEnd(t, () => held.close());
  return held;
}

/** Everything a reader told. */
export class Log implements ReadLog {
  readonly goodRanges: Range[] = [];
  readonly bad: Unreadable[] = [];
  readonly again: Range[] = [];
  readonly whys: string[] = [];
  readonly failures: number[] = [];
  readonly runs: ReaderRun[] = [];
  onGood: () => void = () => undefined;

  good(range: Range): void {
    this.goodRanges.push(range);
    this.onGood();
  }
  unreadable(range: Unreadable): void {
    this.bad.push(range);
  }
  readAgain(range: Range, why: string): void {
    this.again.push(range);
    this.whys.push(why);
  }
  failedRead(ms: number): void {
    this.failures.push(ms);
  }
  run(run: ReaderRun): void {
    this.runs.push(run);
  }
}

export interface ReadAll {
  readonly bytes: Buffer;
  readonly log: Log;
  /** What the reader threw, or null. */
  readonly error: unknown;
  /** Milliseconds from the abort to the reader's end; null when nobody aborted. */
  readonly stopTook: number | null;
}

export interface HowToRead extends Partial<
  Pick<ReadOrder, 'retries' | 'readTimeoutMs' | 'maxBadSectors' | 'badSectorsBefore' | 'goodBefore'>
> {
  readonly blockBytes?: number;
  readonly slotBytes?: number;
  readonly range?: Range;
  readonly ports?: Ports;
  readonly log?: Log;
  readonly stop?: AbortSignal;
  readonly checkPresent?: () => Promise<void>;
}

/** Runs a reader to its end and gives what came through the ring, in order. */
export async function readAll(reader: Reader, source: HeldSource, how: HowToRead = {}): Promise<ReadAll> {
  const log = how.log ?? new Log();
  const blockBytes = how.blockBytes ?? MIB;
  const range = how.range ?? { start: 0, end: source.size };
  const ring = new Ring(4, how.slotBytes ?? Math.max(blockBytes, 65_536), 1);
  const collected = collect(ring, range.start);
  const stop = how.stop ?? new AbortController().signal;
  const times: { stopped?: number } = {};
  stop.addEventListener('abort', () => (times.stopped = performance.now()));
  const order: ReadOrder = {
    ports: how.ports ?? testPorts(),
    source,
    range,
    blockBytes,
    retries: how.retries ?? 0,
    readTimeoutMs: how.readTimeoutMs ?? null,
    maxBadSectors: how.maxBadSectors ?? null,
    ...(how.badSectorsBefore === undefined ? {} : { badSectorsBefore: how.badSectorsBefore }),
    ...(how.goodBefore === undefined ? {} : { goodBefore: how.goodBefore }),
    out: ring,
    log,
    checkPresent: how.checkPresent ?? (() => Promise.resolve()),
    stop,
  };
  let error: unknown = null;
  try {
    await reader(order);
  } catch (failure) {
    error = failure;
  }
  const stopTook = times.stopped === undefined ? null : performance.now() - times.stopped;
  ring.end();
  return { bytes: await collected, log, error, stopTook };
}

async function collect(ring: Ring, start: number): Promise<Buffer> {
  const input = ring.reader(0);
  const parts: Buffer[] = [];
  let at = start;
  for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
    assert.equal(chunk.offset, at, 'chunks come in order, without a gap');
    parts.push(Buffer.from(chunk.bytes));
    at += chunk.bytes.length;
    input.release();
  }
  return Buffer.concat(parts);
}

/** Sectors `first` to `first + count`, as a range of bytes. */
export function sectors(first: number, count = 1, sector = 512): Range {
  return { start: first * sector, end: (first + count) * sector };
}

/**
 * The image is right and the log is honest: every good byte is the disk's, every unreadable one is zero, they are
 * exactly `bad`, and the log's good and bad ranges cover the whole once.
 */
export function assertExact(result: ReadAll, content: Uint8Array, bad: readonly Range[]): void {
  assert.ifError(result.error);
  const expected = Buffer.from(content);
  for (const { start, end } of bad) expected.fill(0, start, end);
  assert.equal(result.bytes.length, expected.length);
  assert.deepEqual(differences(result.bytes, expected), [], 'bytes that differ');
  assert.deepEqual(normalise(result.log.bad), normalise(bad), 'what is logged as unreadable');
  const told = [...result.log.goodRanges, ...result.log.bad].sort((a, b) => a.start - b.start);
  let at = 0;
  for (const { start, end } of told) {
    assert.equal(start, at, 'every byte is told once');
    at = end;
  }
  assert.equal(at, content.length);
}

/** Ranges of 512 bytes that differ, joined. */
function differences(a: Buffer, b: Buffer): Range[] {
  const found: Range[] = [];
  for (let at = 0; at < a.length; at += 512) {
    const end = Math.min(at + 512, a.length);
    if (!a.subarray(at, end).equals(b.subarray(at, end))) found.push({ start: at, end });
  }
  return normalise(found);
}

/** Expects an ExhibitError of this code. */
export function assertCode(error: unknown, fault: string, code: string): void {
  const seen = error as { fault?: string; code?: string; stack?: string } | null;
  assert.deepEqual([seen?.fault, seen?.code], [fault, code], seen?.stack ?? String(error));
}
