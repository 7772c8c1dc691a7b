import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { RemoteAccount } from '../../src/acquire/remote/account.ts';
import type { Journal, JournalData } from '../../src/manifest/journal.ts';
import type { RemoteRun } from '../../src/model/remote.ts';
import type { RemoteShell } from '../../src/remote/shell.ts';

const MISMATCH = { start: 0, end: 512, told: 'a'.repeat(64), ours: 'b'.repeat(64) };

/** A journal on a destination that may be full, and slow. */
function fakeJournal() {
  const told: JournalData[] = [];
  const state = { full: false };
  const journal = {
    append: async (_type: string, data: JournalData) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (state.full) throw new Error('ENOSPC');
      told.push(data);
    },
  } as unknown as Journal;
  return { journal, told, state };
}

function run(word: string): RemoteRun {
  return { argv: [word], exit: 0, signal: null, ms: 1, outputBytes: 0, stderr: '' };
}

const wordsOf = (told: readonly JournalData[]): unknown[] =>
  told.flatMap((data) => (data['runs'] as { argv: string[] }[]).map(({ argv }) => argv[0]));

describe('the account of what came from another machine', () => {
  test('totals grow, the rest is told once; nothing where nothing is new', async () => {
    const { journal, told } = fakeJournal();
    const account = new RemoteAccount();
    await account.tell(journal);
    assert.equal(told.length, 0);
    account.taken({ start: 0, end: 512 }, true, { mode: 'none', wire: 512 });
    account.mismatch(MISMATCH);
    await account.tell(journal);
    await account.tell(journal);
    account.taken({ start: 512, end: 1536 }, false, { mode: 'none', wire: 1024 });
    await account.tell(journal);
    assert.deepEqual(
      told.map(({ ranges, bytes, hashed_ranges, hashed_bytes, mismatches }) => [
        ranges,
        bytes,
        hashed_ranges,
        hashed_bytes,
        mismatches,
      ]),
      [
        [1, 512, 1, 512, [MISMATCH]],
        [2, 1536, 1, 512, []],
      ],
    );
  });

  test('what a full destination did not take is told with the next record', async () => {
    const { journal, told, state } = fakeJournal();
    const account = new RemoteAccount();
    const shell = { footprint: [run('dd')] } as unknown as RemoteShell;
    account.met(shell);
    account.taken({ start: 0, end: 512 }, true, { mode: 'none', wire: 512 });
    account.mismatch(MISMATCH);
    state.full = true;
    await assert.rejects(account.tell(journal), /ENOSPC/);
    state.full = false;
    await account.tell(journal);
    assert.deepEqual([told[0]?.['bytes'], told[0]?.['mismatches'], wordsOf(told)], [512, [MISMATCH], ['dd']]);
    // Where nothing ran since, what came is new all the same.
    account.taken({ start: 512, end: 1024 }, true, { mode: 'none', wire: 512 });
    state.full = true;
    await assert.rejects(account.tell(journal), /ENOSPC/);
    state.full = false;
    await account.tell(journal);
    assert.equal(told[1]?.['bytes'], 1024);
  });

  test('a checkpoint and a link that came back tell at the same time: nothing twice', async () => {
    const { journal, told } = fakeJournal();
    const account = new RemoteAccount();
    const footprint = [run('one')];
    const shell = { footprint } as unknown as RemoteShell;
    account.met(shell);
    account.met(shell);
    account.mismatch(MISMATCH);
    const both = [account.tell(journal), account.tell(journal)];
    footprint.push(run('two'));
    account.mismatch({ ...MISMATCH, start: 256 });
    await Promise.all(both);
    await account.tell(journal);
    assert.deepEqual(wordsOf(told), ['one', 'two']);
    assert.equal(told.flatMap(({ mismatches }) => mismatches as object[]).length, 2);
  });

  test('of the runs of a session the first 200 are kept, and all are counted', async () => {
    const { journal, told } = fakeJournal();
    const account = new RemoteAccount();
    const footprint = Array.from({ length: 150 }, (_, n) => run(`a${n}`));
    account.met({ footprint } as unknown as RemoteShell);
    await account.tell(journal);
    footprint.push(...Array.from({ length: 150 }, (_, n) => run(`b${n}`)));
    await account.tell(journal);
    assert.deepEqual([wordsOf(told).length, wordsOf(told).at(-1)], [200, 'b49']);
    assert.deepEqual(
      told.map(({ run_count }) => run_count),
      [150, 150],
    );
  });

  test('a second reading begins at nothing', async () => {
    const { journal, told } = fakeJournal();
    const account = new RemoteAccount();
    account.taken({ start: 0, end: 4096 }, true, { mode: 'none', wire: 4096 });
    await account.tell(journal);
    account.beginSecondPass();
    account.taken({ start: 0, end: 512 }, true, { mode: 'none', wire: 512 });
    await account.tell(journal);
    assert.deepEqual(
      told.map(({ ranges, bytes, hashed_ranges, hashed_bytes }) => [ranges, bytes, hashed_ranges, hashed_bytes]),
      [
        [1, 4096, 1, 4096],
        [1, 512, 1, 512],
      ],
    );
  });
});
