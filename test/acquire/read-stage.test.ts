import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import type { Worker } from 'node:worker_threads';
import {
  readAgain,
  readStage,
  type ReadFailure,
  type ReadOutcome,
  type ReadWork,
} from '../../src/acquire/reading/read-stage.ts';
import type { Attached } from '../../src/acquire/attached.ts';
import { Journal } from '../../src/manifest/journal.ts';
import { segmentsOf } from '../../src/image/segments.ts';
import type { Event } from '../../src/model/event.ts';
import type { Plan } from '../../src/model/plan.ts';
import { normalise } from '../../src/model/range.ts';
import type { Settings } from '../../src/model/request.ts';
import { blockSource, destination, fileSource, request, protectionOf } from '../plan/facts.ts';
import { assertCode, hold, MIB, sectors } from '../read/read-all.ts';
import { badDisk } from '../support/bad-disk.ts';
import { errno, filesWith } from '../sink/sink-support.ts';
import { diskBytes, freshFileSystem } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { atEnd, tempFolder } from '../support/temp.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Job {
  readonly work: ReadWork;
  readonly folder: string;
  readonly events: Event[];
}

/** A job that images `path` into a folder of its own. */
async function job(
  t: TestContext,
  path: string,
  how: { settings?: Partial<Settings>; folder?: string; stop?: AbortSignal; onProgress?: (done: number) => void } = {},
): Promise<Job> {
  const settings: Settings = {
    ...request.settings,
    engine: 'native',
    blockSize: MIB,
    pieceSize: MIB,
    segmentSize: 3 * MIB,
    ...how.settings,
  };
  const source = await hold(t, path);
  const folder = how.folder ?? tempFolder(t);
  const plan: Plan = {
    request: { ...request, settings },
    source: source.kind === 'block' ? blockSource({ path, size: source.size }) : { ...fileSource(source.size), path },
    destination,
    verdict: { name: 'kernel-flag-only', meaning: '', evidence: [] },
    protection: protectionOf(blockSource()),
    folder: { path: folder, caseFolder: folder, stem: 'item' },
    size: source.size,
    logicalSector: 512,
    physicalSector: 512,
    segments: segmentsOf(source.size, settings.format, settings.segmentSize, 'item'),
    spaceNeeded: 0,
    labelComparisons: [],
    setReadOnly: [],
    confirmSerial: null,
    findings: [],
  };
  const events: Event[] = [];
  const emit = (event: Event): void => {
    events.push(event);
    if (event.type === 'progress') how.onProgress?.(event.done);
  };
  const stop = how.stop ?? new AbortController().signal;
  const ports = testPorts();
  const journal = await Journal.create(ports.files, ports.clock, join(tempFolder(t), 'item.journal.jsonl'));
  atEnd(t, () => journal.close());
  // Of the attachment nothing but the open source and its side is used here.
  const attached = { held: source, side: { ports }, checkPresent: () => Promise.resolve() } as unknown as Attached;
  return {
    work: { ports, plan, attached, journal, reconnect: noWayBack, stop, emit },
    folder,
    events,
  };
}

/** Nothing is waited for: what ended the reading ends it. */
const noWayBack: ReadWork['reconnect'] = async (error) => {
  await Promise.resolve();
  throw error;
};

function sourceFile(t: TestContext, content: Uint8Array): string {
  const path = join(tempFolder(t), 'disk.img');
  writeFileSync(path, content);
  return path;
}

function complete(outcome: ReadOutcome | ReadFailure): ReadOutcome {
  if (!('digests' in outcome)) throw new Error('reading failed', { cause: outcome.error });
  return outcome;
}

/** Without the map, which lies beside them. */
function imageNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.partial'))
    .sort();
}

/** The image files of a folder, one after the other. */
function imageOf(folder: string): Buffer {
  return Buffer.concat(imageNames(folder).map((name) => readFileSync(join(folder, name))));
}

/** Hashes, pieces, segments, map and files all speak of the same bytes, [0, position). */
function assertSpeaksOf(outcome: ReadOutcome, folder: string, expected: Buffer): void {
  assert.equal(outcome.position, expected.length);
  assert.ok(imageOf(folder).equals(expected));
  assert.equal(outcome.digests.find(({ algorithm }) => algorithm === 'sha256')?.hex, sha256(expected));
  assert.deepEqual(
    outcome.pieces,
    Array.from({ length: Math.ceil(expected.length / MIB) }, (_, index) => {
      const piece = expected.subarray(index * MIB, (index + 1) * MIB);
      return { offset: index * MIB, length: piece.length, sha256: sha256(piece) };
    }),
  );
  const names = imageNames(folder);
  assert.deepEqual(
    outcome.segmentHashes,
    names.map((name) => sha256(readFileSync(join(folder, name)))),
  );
  assert.deepEqual(
    outcome.written.map(({ size }) => size),
    names.map((name) => readFileSync(join(folder, name)).length),
  );
  const told = [...outcome.recorder.map.ranges('good'), ...outcome.recorder.map.ranges('unreadable')];
  assert.equal(
    told.reduce((sum, { start, end }) => sum + end - start, 0),
    expected.length,
  );
  assert.ok(told.every(({ end }) => end <= expected.length));
}

describe('read stage', { timeout: 120_000 }, () => {
  for (const reader of ['dd', 'direct'] as const) {
    for (const format of ['raw', 'split'] as const) {
      test(`${reader}, ${format}: hashes, pieces, segments and files speak of the same bytes`, async (t) => {
        const content = diskBytes(7 * MIB + 513);
        const { work, folder, events } = await job(t, sourceFile(t, content), { settings: { reader, format } });
        const outcome = complete(await readStage(work, null));
        assert.deepEqual([outcome.complete, outcome.failure], [true, null]);
        assertSpeaksOf(outcome, folder, content);
        const progress = events.filter((event) => event.type === 'progress').map(({ done }) => done);
        assert.deepEqual(
          progress,
          [...progress].sort((a, b) => a - b),
        );
        assert.equal(progress.at(-1), content.length);
      });

      test(`${reader}, ${format}: stopped in the middle, they speak of what was written`, async (t) => {
        const content = diskBytes(56 * MIB);
        const stop = new AbortController();
        const onProgress = (done: number): void => {
          if (done > 5 * MIB) stop.abort();
        };
        const { work, folder } = await job(t, sourceFile(t, content), {
          settings: { reader, format, segmentSize: 4 * MIB },
          stop: stop.signal,
          onProgress,
        });
        const outcome = complete(await readStage(work, null));
        assert.deepEqual([outcome.complete, outcome.failure], [false, null]);
        assert.ok(outcome.position > 5 * MIB && outcome.position < content.length, `${outcome.position}`);
        assertSpeaksOf(outcome, folder, content.subarray(0, outcome.position));
        assert.deepEqual(outcome.recorder.map.ranges('not-tried'), [{ start: outcome.position, end: content.length }]);
      });

      test(`${reader}, ${format}: a source that ends early leaves all it gave, hashed`, async (t) => {
        const content = diskBytes(48 * MIB);
        const path = sourceFile(t, content);
        // The reader is at most a ring, 40 MiB, ahead of the first progress.
        const cut = 45 * MIB + 4096;
        const onProgress = (done: number): void => {
          if (done < 3 * MIB) truncateSync(path, cut);
        };
        const { work, folder } = await job(t, path, {
          settings: { reader, format, segmentSize: 16 * MIB },
          onProgress,
        });
        const outcome = complete(await readStage(work, null));
        assert.equal(outcome.complete, false);
        assertCode(outcome.failure?.error, 'source', 'source.ended-early');
        assert.ok(outcome.position > 44 * MIB && outcome.position <= cut, `${outcome.position}`);
        assertSpeaksOf(outcome, folder, content.subarray(0, outcome.position));
      });
    }

    test(`${reader}: unreadable sectors stand in map and record, joined; zeros in the image`, async (t) => {
      const content = diskBytes(4 * MIB);
      const bad = [sectors(100, 3), sectors(5000)];
      const disk = await badDisk(t, { content, bad });
      if (disk === null) return;
      const { work, folder } = await job(t, disk.node, { settings: { reader } });
      const outcome = complete(await readStage(work, null));
      for (const { start, end } of bad) content.fill(0, start, end);
      assertSpeaksOf(outcome, folder, content);
      assert.deepEqual(outcome.recorder.map.ranges('unreadable'), bad);
      // How closely it went in depends on what failing reads cost: never more than four of them.
      assert.deepEqual(normalise(outcome.recorder.unreadableRanges), bad);
      for (const { errno, attempts } of outcome.recorder.unreadableRanges)
        assert.ok(errno === 'EIO' && attempts >= 2 && attempts <= 4, `${attempts} attempts`);
      assert.equal(outcome.recorder.unreadableBytes, 4 * 512);
    });

    test(`${reader}: a full destination is a failure with the position and an honest map`, async (t) => {
      const folder = freshFileSystem(t, 'tmpfs', 12 * MIB);
      if (folder === null) return;
      const content = diskBytes(40 * MIB);
      const { work } = await job(t, sourceFile(t, content), { settings: { reader }, folder });
      const failure = await readStage(work, null);
      assert.ok('error' in failure);
      assertCode(failure.error, 'destination', 'destination.full');
      assert.ok(failure.position > 5 * MIB && failure.position <= 12 * MIB);
      assert.deepEqual(failure.recorder.map.entries, [
        { start: 0, end: failure.position, status: 'good' },
        { start: failure.position, end: content.length, status: 'not-tried' },
      ]);
      assert.ok(imageOf(folder).subarray(0, failure.position).equals(content.subarray(0, failure.position)));
    });

    test(`${reader}: a hash thread that dies is a failure; what was written stays`, async (t) => {
      const content = diskBytes(64 * MIB);
      const workers: Worker[] = [];
      const note = (worker: Worker): void => void workers.push(worker);
      process.on('worker', note);
      t.after(() => process.off('worker', note));
      const onProgress = (done: number): void => {
        if (done > 3 * MIB) void workers.pop()?.terminate();
      };
      const { work, folder } = await job(t, sourceFile(t, content), { settings: { reader }, onProgress });
      const failure = await readStage(work, null);
      assert.ok('error' in failure);
      assertCode(failure.error, 'unexpected', 'hash.worker-died');
      const left = imageOf(folder);
      assert.ok(left.length >= failure.position && left.equals(content.subarray(0, left.length)));
    });
  }

  test('what the destination could not bring to disk is not read, whatever it took', async (t) => {
    const content = diskBytes(7 * MIB);
    const files = filesWith((file) => {
      if (!file.path.endsWith('.003.partial')) return {};
      const fails = (): Promise<never> => Promise.reject(errno('EIO'));
      return { sync: fails, datasync: fails };
    });
    const made = await job(t, sourceFile(t, content), { settings: { format: 'split' } });
    const failure = await readStage({ ...made.work, ports: testPorts({ files }) }, null);
    assert.ok('error' in failure);
    assertCode(failure.error, 'destination', 'destination.failed');
    assert.equal(imageOf(made.folder).length, content.length);
    assert.deepEqual(failure.recorder.map.entries, [
      { start: 0, end: failure.position, status: 'good' },
      { start: failure.position, end: content.length, status: 'not-tried' },
    ]);
    assert.equal(failure.position, 6 * MIB);
  });

  test('a second reading gives the same hashes and writes nothing', async (t) => {
    const content = diskBytes(5 * MIB + 512);
    const { work, folder } = await job(t, sourceFile(t, content), { settings: { engine: 'auto' } });
    const first = complete(await readStage(work, null));
    const names = readdirSync(folder);
    const second = await readAgain(work);
    assert.deepEqual(
      second.result.digests.map(({ hex }) => hex),
      first.digests.map(({ hex }) => hex),
    );
    assert.deepEqual(second.result.spans[0], first.pieces);
    assert.deepEqual(readdirSync(folder), names);
  });
});
