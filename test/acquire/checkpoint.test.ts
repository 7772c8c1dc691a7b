import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Checkpoints } from '../../src/acquire/reading/checkpoint.ts';
import { Extents } from '../../src/acquire/reading/extents.ts';
import { ReadRecorder } from '../../src/acquire/reading/read-recorder.ts';
import { Journal } from '../../src/manifest/journal.ts';
import { ImageWriter } from '../../src/sink/image-writer.ts';
import { systemClock } from '../../src/system/clock.ts';
import { systemFiles } from '../../src/system/files.ts';
import { journalOf } from '../support/exhibit.ts';
import { testPorts } from '../support/ports.ts';
import { atEnd, tempFolder } from '../support/temp.ts';

const SIZE = 1_048_576;
const RUN = { argv: ['dd'], from: 0, to: SIZE, delivered: SIZE, exit: 1, signal: null, stderr: 'dd: error reading' };
const NOTHING_YET = { position: 0, states: [], pieces: [], tail: null };

/** Checkpoints over real files, and what happens while the image is brought to disk. */
async function checkpoints(t: TestContext, meanwhile: (recorder: ReadRecorder) => void) {
  const path = tempFolder(t);
  const journal = await Journal.create(systemFiles, systemClock, join(path, 'HDD-01.journal.jsonl'));
  atEnd(t, () => journal.close());
  const recorder = new ReadRecorder(SIZE);
  class Slow extends ImageWriter {
    override syncTo(position: number): Promise<void> {
      meanwhile(recorder);
      return super.syncTo(position);
    }
  }
  const writer = new Slow(systemFiles, path, [{ name: 'HDD-01.dd', offset: 0, length: SIZE }]);
  const work = {
    ports: testPorts(),
    folder: { path, caseFolder: 'C-1', stem: 'HDD-01' },
    journal,
    writer,
    recorder,
    extents: new Extents(SIZE),
    streamEnd: () => 0,
    lanesFrom: 0,
    piecesBefore: 0,
    pieceSize: SIZE,
    replayed: { done: true },
    tellRemote: () => Promise.resolve(),
  };
  return { checkpoints: new Checkpoints(work, 0), recorder, records: () => journalOf(path).map(({ data }) => data) };
}

test('a run of the reader that ends while the image is synced is told by the next checkpoint, whole', async (t) => {
  let during = true;
  const {
    checkpoints: made,
    recorder,
    records,
  } = await checkpoints(t, (now) => {
    if (during) now.run(RUN);
    if (during) now.failedRead(20);
    during = false;
  });
  recorder.run(RUN);
  recorder.failedRead(10);
  await made.save(NOTHING_YET);
  await made.save(NOTHING_YET);
  const told = records().map(({ runs, reader_runs, failed_reads }) => [runs, reader_runs, failed_reads]);
  assert.deepEqual(told, [
    [[RUN], 1, { count: 1, ms: 10 }],
    [[RUN], 2, { count: 2, ms: 30 }],
  ]);
});

test('where nothing new was said there is no record', async (t) => {
  const { checkpoints: made, records } = await checkpoints(t, () => undefined);
  await made.save(NOTHING_YET);
  assert.deepEqual(records(), []);
});

test('what could not be brought to disk is not told, in no map either', async (t) => {
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  const {
    checkpoints: made,
    recorder,
    records,
  } = await checkpoints(t, () => {
    throw full;
  });
  recorder.good({ start: 0, end: SIZE });
  await assert.rejects(async () => made.save({ ...NOTHING_YET, position: SIZE }), full);
  assert.deepEqual(records(), []);
  assert.deepEqual(recorder.told.ranges('good'), []);
});
