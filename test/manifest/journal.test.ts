import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, beforeEach, describe } from 'node:test';
import { checkChain, Journal } from '../../src/manifest/journal.ts';
import type { Clock } from '../../src/system/clock.ts';
import { systemFiles, type Files, type OpenFile } from '../../src/system/files.ts';

const ZEROS = '0'.repeat(64);
const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** Ten milliseconds pass with every look at it. */
function tickingClock(): Clock {
  let now = 1_772_356_500_000;
  return {
    wallMs: () => (now += 10),
    monotonicMs: () => now - 1_772_356_500_000 + 0.7,
    bootMs: () => 0,
    sleep: async () => undefined,
  };
}

/** The real file system, but a file's writes and fsyncs go through `before`, which may throw. */
function faultyFiles(before: (act: 'write' | 'sync' | 'truncate') => void): Files {
  return {
    ...systemFiles,
    truncate: async (path, size) => {
      before('truncate');
      return systemFiles.truncate(path, size);
    },
    open: async (path, mode) => {
      const file = await systemFiles.open(path, mode);
      const faulty: OpenFile = {
        fd: file.fd,
        path,
        read: (...args) => file.read(...args),
        readSome: (...args) => file.readSome(...args),
        write: async (buffer, offset, length, position) => {
          await file.write(buffer, offset, Math.min(length, 10), position);
          before('write');
          await file.write(buffer, offset + 10, length - 10, position === null ? null : position + 10);
        },
        stat: () => file.stat(),
        datasync: async () => {
          before('sync');
          await file.datasync();
        },
        sync: () => file.sync(),
        close: () => file.close(),
      };
      return faulty;
    },
  };
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: made by the test`), { code });
}

const folder = mkdtempSync(join(tmpdir(), 'exhibit-journal-'));
const path = join(folder, 'I.journal.jsonl');
const free = async (): Promise<void> => undefined;
after(() => {
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  rmSync(path, { force: true });
});

async function journalOf(...types: string[]): Promise<Buffer> {
  const journal = await Journal.create(systemFiles, tickingClock(), path);
  for (const type of types) await journal.append(type, { size: 4096, note: 'ä' });
  await journal.close();
  return readFileSync(path);
}

describe('writing', () => {
  test('lines are canonical, chained, counted', async () => {
    const journal = await Journal.create(systemFiles, tickingClock(), path);
    assert.equal(journal.head, ZEROS);
    await journal.append('start', { b: 1, a: ['x'] });
    await journal.append('end');
    const lines = readFileSync(path, 'utf8').split('\n');
    assert.equal(
      lines[0],
      `{"at":"2026-03-01T09:15:00.010Z","data":{"a":["x"],"b":1},"mono_ms":10,"n":0,"prev":"${ZEROS}","type":"start"}`,
    );
    assert.equal(
      lines[1],
      `{"at":"2026-03-01T09:15:00.020Z","data":{},"mono_ms":20,"n":1,"prev":"${sha256(lines[0])}","type":"end"}`,
    );
    assert.deepEqual(lines.slice(2), ['']);
    assert.equal(journal.count, 2);
    assert.equal(journal.head, sha256(lines[1]));
    await journal.close();
  });

  test('records keep the order of the calls, and close waits for them', async () => {
    const journal = await Journal.create(systemFiles, tickingClock(), path);
    const data = { i: 0 };
    const all = Array.from({ length: 50 }, (_, i) => {
      data.i = i;
      return journal.append('step', data);
    });
    await journal.close();
    await Promise.all(all);
    const chain = checkChain(readFileSync(path));
    assert.equal(chain.ok, true);
    assert.deepEqual(
      chain.records.map((record) => record.data['i']),
      Array.from({ length: 50 }, (_, i) => i),
    );
    assert.equal(chain.head, journal.head);
  });

  test('a record is on disk when append resolves', async () => {
    const acts: string[] = [];
    const journal = await Journal.create(
      faultyFiles((act) => acts.push(act)),
      tickingClock(),
      path,
    );
    await journal.append('start');
    await journal.append('end');
    await journal.close();
    assert.deepEqual(acts, ['write', 'sync', 'write', 'sync']);
  });

  test('nothing is overwritten', async () => {
    writeFileSync(path, 'mine');
    await assert.rejects(Journal.create(systemFiles, tickingClock(), path), {
      fault: 'destination',
      code: 'destination.exists',
    });
    assert.equal(readFileSync(path, 'utf8'), 'mine');
  });

  test('what has no canonical form is a bug, and leaves no trace', async () => {
    const journal = await Journal.create(systemFiles, tickingClock(), path);
    await assert.rejects(journal.append('start', { rate: 1.5 }), { code: 'internal.bug' });
    await assert.rejects(journal.append('start', { rate: undefined }), { code: 'internal.bug' });
    await assert.rejects(journal.append('Start'), { code: 'internal.bug' });
    await journal.append('start');
    await journal.close();
    await assert.rejects(journal.append('late'), { code: 'internal.bug' });
    assert.equal(checkChain(readFileSync(path)).records.length, 1);
  });
});

describe('a failing disk', () => {
  test('full in the middle of a record: the journal stays whole, and goes on when there is room', async () => {
    let full = false;
    const files = faultyFiles((act) => {
      if (full && act === 'write') throw failure('ENOSPC');
    });
    const journal = await Journal.create(files, tickingClock(), path);
    await journal.append('start');
    full = true;
    await assert.rejects(journal.append('lost'), { fault: 'destination', code: 'destination.full' });
    assert.equal(checkChain(readFileSync(path)).torn, null);
    full = false;
    await journal.append('aborted');
    await journal.close();
    const chain = checkChain(readFileSync(path));
    assert.deepEqual([chain.ok, chain.records.map((record) => record.type)], [true, ['start', 'aborted']]);
  });

  test('a torn record that can not be taken back ends the journal', async () => {
    let bad = false;
    const files = faultyFiles((act) => {
      if (bad && act !== 'sync') throw failure('EIO');
    });
    const journal = await Journal.create(files, tickingClock(), path);
    await journal.append('start');
    bad = true;
    await assert.rejects(journal.append('lost'), { code: 'destination.io' });
    bad = false;
    await assert.rejects(journal.append('late'), { code: 'destination.io' });
    await journal.close();
    assert.deepEqual(checkChain(readFileSync(path)).records.length, 1);
  });

  test('a failed fsync ends the journal: a second one may lie', async () => {
    let bad = false;
    const files = faultyFiles((act) => {
      if (bad && act === 'sync') throw failure('EIO');
    });
    const journal = await Journal.create(files, tickingClock(), path);
    await journal.append('start');
    bad = true;
    await assert.rejects(journal.append('unsure'), { code: 'destination.io' });
    bad = false;
    await assert.rejects(journal.append('late'), { code: 'destination.io' });
    assert.equal(journal.count, 1);
    await journal.close();
  });
});

describe('reopening', () => {
  test('goes on with the chain', async () => {
    await journalOf('start');
    const journal = await Journal.reopen(systemFiles, tickingClock(), path, free);
    assert.equal(journal.count, 1);
    await journal.append('sealed');
    await journal.close();
    const chain = checkChain(readFileSync(path));
    assert.deepEqual([chain.ok, chain.head, chain.records.length], [true, journal.head, 2]);
  });

  test('cuts off a torn tail, and says so', async () => {
    const whole = await journalOf('start');
    appendFileSync(path, '{"at":"torn');
    const journal = await Journal.reopen(systemFiles, tickingClock(), path, free);
    await journal.close();
    const chain = checkChain(readFileSync(path));
    assert.equal(chain.ok, true);
    assert.equal(chain.torn, null);
    assert.equal(chain.records[1]?.type, 'tail-dropped');
    assert.deepEqual(chain.records[1].data, { offset: whole.length, bytes: 11, sha256: sha256('{"at":"torn') });
  });

  test('touches nothing when the claim fails: a running job is writing that tail', async () => {
    await journalOf('start');
    appendFileSync(path, '{"at":"being writ');
    const before = readFileSync(path);
    const claim = async (): Promise<void> => Promise.reject(new Error('locked'));
    await assert.rejects(Journal.reopen(systemFiles, tickingClock(), path, claim), /locked/);
    assert.deepEqual(readFileSync(path), before);
  });

  test('touches nothing when the chain is broken', async () => {
    const bytes = await journalOf('start', 'end');
    bytes[20] = 0x39;
    writeFileSync(path, bytes);
    appendFileSync(path, 'torn');
    await assert.rejects(Journal.reopen(systemFiles, tickingClock(), path, free), {
      fault: 'damage',
      code: 'journal.chain',
    });
    assert.deepEqual(readFileSync(path), Buffer.concat([bytes, Buffer.from('torn')]));
  });

  test('a journal that is not there is said to be missing; an empty one begins', async () => {
    await assert.rejects(Journal.reopen(systemFiles, tickingClock(), path, free), {
      fault: 'damage',
      code: 'journal.missing',
    });
    await journalOf('start');
    truncateSync(path, 0);
    const journal = await Journal.reopen(systemFiles, tickingClock(), path, free);
    await journal.append('start');
    await journal.close();
    assert.equal(checkChain(readFileSync(path)).records.length, 1);
  });
});
