import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { REMOTE_PROGRAMS } from '../../src/model/remote.ts';
import { ReadMap } from '../../src/model/read-map.ts';
import { rescueWith } from '../../src/read/rescue/rescue.ts';
import { RemoteRanges } from '../../src/remote/range-reader.ts';
import { diskBytes, lacks } from '../support/loop.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { atEnd, tempFolder } from '../support/temp.ts';
import { Rescued, rescueOrder } from '../read/rescue-support.ts';
import { code, held, loopDisk, MIB, orderOn, pathWith, proofs, twiceBadDisk } from './ranges-support.ts';

describe('the recovery of a disk over there', () => {
  test('is the same as of a disk here: bad sectors cost sectors', async (t) => {
    if (lacksSshd(t)) return;
    const disk = await twiceBadDisk(t);
    if (disk === null) return;
    const { content, bad, node } = disk;
    for (const { start, end } of bad) content.fill(0, start, end);
    const server = await startSshd(t);
    for (const program of REMOTE_PROGRAMS) {
      const proof = proofs();
      const ranges = new RemoteRanges(await orderOn(t, node, { server, change: { program } }), proof);
      atEnd(t, () => {
        ranges.close();
      });
      const log = new Rescued(new ReadMap(content.length));
      await rescueWith(rescueOrder(held(content.length), log), ranges);
      assert.deepEqual(log.bad, bad, program);
      assert.ok(log.bytes.equals(content));
      assert.ok([...log.unreadables.values()].every(({ errno }) => errno === 'EIO'));
      assert.deepEqual(proof.seen.mismatches, []);
      assert.equal(proof.seen.unhashed(), 0);
    }
  });

  test('a hash that does not fit is read once more; twice, and nothing of it is kept', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const bytes = diskBytes(MIB);
    const node = loopDisk(t, bytes);
    const counter = join(tempFolder(t), 'count');
    const right = `/usr/bin/sha256sum <${node}`;
    const wrong = `echo "${'0'.repeat(64)}  -"`;
    const once = proofs();
    // Asked for its version it does nothing, and three letters it hashes as it should; then it is wrong, once.
    const env = pathWith(
      t,
      'sha256sum',
      `[ $# -gt 0 ] && exit; [ $(wc -c) = 3 ] && exit; if [ -e ${counter} ]; then ${right}; else echo >${counter}; ${wrong}; fi`,
    );
    const first = new RemoteRanges(await orderOn(t, node, { sshd: { env } }), once);
    const answer = await first.read({ start: 0, end: MIB });
    assert.ok(answer.failure === null && Buffer.from(answer.bytes).equals(bytes));
    assert.deepEqual(
      once.seen.mismatches.map(({ start, end, told }) => [start, end, told]),
      [[0, MIB, '0'.repeat(64)]],
    );
    assert.equal(once.seen.taken.length, 1);
    first.close();
    const always = proofs();
    const lying = pathWith(t, 'sha256sum', `cat >/dev/null; echo "${'1'.repeat(64)}  -"`);
    const second = new RemoteRanges(await orderOn(t, node, { sshd: { env: lying } }), always);
    await assert.rejects(second.read({ start: 0, end: MIB }), code('remote.hash-mismatch'));
    assert.deepEqual([always.seen.mismatches.length, always.seen.taken.length], [2, 0]);
    second.close();
  });

  test('a disk that is shorter than it said has ended early: no bad sector', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const ranges = new RemoteRanges(await orderOn(t, loopDisk(t, diskBytes(MIB))), proofs());
    await assert.rejects(ranges.read({ start: MIB - 512, end: MIB + 512 }), code('source.ended-early'));
    ranges.close();
  });
});
