import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { journalOf, manifestOf, newDesk } from '../support/exhibit.ts';
import { attachLoop, diskBytes, lacks } from '../support/loop.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { tempFolder } from '../support/temp.ts';
import { transcript } from '../cli/transcript.ts';
import { MIB, pathWith } from './ranges-support.ts';

const SIZE = 2 * MIB + 512;
/** A byte of sector 3000. */
const PLACE = 3000 * 512 + 7;

/** A disk over there that somebody writes to once the second reading has begun, if that is said. */
async function scene(t: TestContext, changed: boolean) {
  const bytes = diskBytes(SIZE);
  const file = join(tempFolder(t), 'disk');
  writeFileSync(file, bytes);
  const node = attachLoop(t, file);
  const desk = newDesk(t);
  const journal = join(desk.evidence(), 'HDD-01.journal.jsonl');
  const write = `printf '\\377' | /bin/dd of=${file} bs=1 seek=${PLACE} conv=notrunc 2>/dev/null`;
  const dd = `if ${changed} && grep -qs second-read ${journal}; then ${write}; fi; exec /bin/dd "$@"`;
  const sshd = await startSshd(t, { env: pathWith(t, 'dd', dd) });
  const login = [
    '--identity',
    sshd.identity,
    '--host-key',
    sshd.fingerprint,
    '--authority',
    'warrant',
    '--remote-reader',
    'dd',
  ];
  const argv = desk.acquire(`ssh://${sshd.place}${node}`, ...login, '--piece-size', '1M', '--block-size', '1M');
  const report = (): string => readFileSync(join(desk.evidence(), 'HDD-01.txt'), 'utf8');
  return { desk, bytes, argv, report, verify: ['verify', desk.evidence(), '--signers', desk.signers] };
}

const skipped = (t: TestContext): boolean => lacksSshd(t) || lacks(t, 'losetup');

describe('a disk of another machine that is said not to change', () => {
  test('the second reading agrees: said to be reproducible, and counted for itself', async (t) => {
    if (skipped(t)) return;
    const { desk, bytes, argv, report, verify } = await scene(t, false);
    await transcript([...argv, '--frozen', 'rescue system, not mounted'], {
      exit: 0,
      says: [/rescue system, not mounted\. \[remote\.frozen\]/],
      prints: [
        /A second reading of the source gave the same/,
        /said not to change: rescue system, not mounted; a second/,
      ],
    });
    const { source, source_check } = manifestOf(desk.evidence());
    assert.ok(source.remote !== null);
    const { live, frozen_reason, reproducible, proof, second_pass } = source.remote;
    assert.deepEqual([live, frozen_reason], [false, 'rescue system, not mounted']);
    assert.deepEqual([source_check.state, reproducible], ['match', 'second-pass-agreed']);
    assert.deepEqual([proof.bytes, proof.hashed_bytes], [SIZE, SIZE]);
    assert.deepEqual([second_pass?.bytes, second_pass?.hashed_bytes], [SIZE, SIZE]);
    assert.match(
      report(),
      /State: said not to change: rescue system, not mounted; a second reading agreed where it could be read/,
    );
    assert.match(report(), /Hashes of what was sent: as told by the target: all of 2,097,664 bytes/);
    assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd')).equals(bytes));
    await transcript(verify, { exit: 0, prints: [/VERIFIED/] });
  });

  test('the second reading differs: 13, both answers on record, and nothing is called reproducible', async (t) => {
    if (skipped(t)) return;
    const { desk, bytes, argv, report, verify } = await scene(t, true);
    await transcript([...argv, '--frozen', 'not mounted'], {
      exit: 13,
      prints: [/MISMATCH/, /no second reading agreed/],
    });
    const { outcome, source, source_check, read_map } = manifestOf(desk.evidence());
    assert.deepEqual([outcome, source_check.state], ['mismatch', 'mismatch']);
    assert.ok('differing' in source_check);
    assert.deepEqual(source_check.differing, [{ start: MIB, end: 2 * MIB }]);
    assert.equal(source.remote?.reproducible, 'no');
    assert.equal(source.remote.proof.bytes, SIZE);
    assert.deepEqual(
      read_map.unstable.map(({ first_sector, when }) => [first_sector, when]),
      [[3000, 'verify-source']],
    );
    assert.match(report(), /State: said not to change: not mounted; no second reading agreed/);
    assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd.partial')).equals(bytes), 'the image keeps the first');
    await transcript(verify, { exit: 13, prints: [/mismatch/i] });
  });

  test('not said: live, not reproducible, whatever it does; read once', async (t) => {
    if (skipped(t)) return;
    const { desk, argv, report, verify } = await scene(t, true);
    await transcript(argv, {
      exit: 0,
      prints: [/Every byte was read/, /live, not reproducible/, /as told by the target: all of/],
    });
    const { source, source_check } = manifestOf(desk.evidence());
    assert.deepEqual([source.remote?.live, source.remote?.second_pass], [true, null]);
    assert.equal(source_check.state, 'not-done');
    assert.match(report(), /State: live, not reproducible: the disk was in use/);
    assert.equal(journalOf(desk.evidence()).filter(({ type }) => type === 'second-read').length, 0);
    await transcript(verify, {
      exit: 0,
      prints: [/VERIFIED/, /Notes:[^]*live, not reproducible/, /as told by the target: all of/],
    });
  });
});
