import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { known, type Device } from '../../src/model/device.ts';
import { encryptionWords } from '../../src/model/probe-text.ts';
import { OWN_READING } from '../../src/model/probe.ts';
import { capture, said } from './captures.ts';
import { disk } from './disks.ts';
import { probed, ran, SATA, why, type Bytes } from './scripted.ts';

describe('signs of encryption', () => {
  const type = (name: string, start: number, kind: string | null): Device['partitions'][number] => ({
    path: `/dev/${name}`,
    name,
    start,
    size: 8_384_512,
    readOnly: known(false),
    type: kind,
    fileSystem: null,
    label: null,
  });
  const parted = disk({ partitions: [type('sdb1', 1_052_672, 'EFI'), type('sdb2', 9_437_184, 'Linux')] });
  const untyped = disk({ partitions: [type('sdb1', 1_052_672, null), type('sdb2', 9_437_184, 'Linux')] });
  const quiet = Object.fromEntries(Object.entries(SATA).filter(([line]) => !line.startsWith('sfdisk')));
  const gpt = { ...SATA, 'sfdisk --json /dev/sdb': capture('sfdisk-gpt') };
  const at =
    (places: Readonly<Record<number, string>>): Bytes =>
    (position) =>
      places[position] ?? '-';

  test('in the device and in each partition; types that lsblk has are not asked for again', async () => {
    const facts = await probed(quiet, {}, parted, { bytes: at({ 9_437_184: 'luks1' }) });
    assert.deepEqual(facts.encryption, known([{ scheme: 'luks1', offset: 9_437_184, partition: '/dev/sdb2' }]));
    assert.equal(encryptionWords(facts.encryption, facts.unread), 'Found: LUKS1 at byte 9437184 (/dev/sdb2).');
    assert.equal(facts.partitionTable.known && facts.partitionTable.value.by, 'lsblk');
    assert.ok(ran(facts).includes(`${OWN_READING} /dev/sdb 30 places of at most 4096 bytes`));
  });

  test('a table that only sfdisk reads is looked at too; its types win over lsblk without any', async () => {
    const facts = await probed(gpt, {}, disk(), { bytes: at({ 3_145_728: 'luks1' }) });
    assert.deepEqual(facts.encryption, known([{ scheme: 'luks1', offset: 3_145_728, partition: 'partition 2' }]));
    const typed = await probed(gpt, {}, untyped);
    assert.equal(typed.partitionTable.known && typed.partitionTable.value.label, 'gpt');
    for (const answer of ['missing', capture('sfdisk-none')] as const) {
      const without = await probed({ ...SATA, 'sfdisk --json /dev/sdb': answer }, {}, untyped);
      assert.ok(without.partitionTable.known);
      assert.deepEqual(
        without.partitionTable.value.entries.map((entry) => entry.type),
        [null, 'Linux'],
      );
    }
  });

  test('nothing found says so, and never "none"', async () => {
    const { encryption, unread } = await probed(SATA);
    const words = encryptionWords(encryption, unread);
    assert.match(words, /^No sign was found among the known ones \(BitLocker, LUKS, APFS, CoreStorage\)\./);
    assert.match(words, /VeraCrypt, plain dm-crypt\) is not ruled out/);
    assert.doesNotMatch(words, /\bnone\b|not encrypted|unencrypted/i);
  });

  test('a place that can’t be read leaves it open; a sign found elsewhere stays found', async () => {
    const open = await probed(quiet, {}, parted, { bytes: at({ 1_052_672: '!EIO' }) });
    assert.match(why(open, 'encryption'), /1 of the places .* the first in \/dev\/sdb1 at byte 1052672: EIO/);
    assert.deepEqual(open.unread, [{ partition: '/dev/sdb1', offset: 1_052_672, why: 'EIO' }]);
    assert.equal(open.runs.at(-1)?.exit, 1);
    assert.match(encryptionWords(open.encryption, open.unread), /^Unknown: /);
    const found = await probed(quiet, {}, parted, { bytes: at({ 1_052_672: '!EIO', 9_437_184: 'luks1' }) });
    assert.ok(found.encryption.known && found.encryption.value.length === 1);
    assert.match(
      encryptionWords(found.encryption, found.unread),
      /Found: LUKS1.* 1 of the places to look at could not be read\./,
    );
    const short = await probed(SATA, {}, disk(), { bytes: at({ 0: '!end' }) });
    assert.match(why(short, 'encryption'), /1 of the places .*the device ended before/);
  });

  test('what the program that reads did not say, or said in no word of ours, was not read', async () => {
    for (const [what, answer, missed, reason] of [
      ['killed at the time limit', 'timeout', 10, /not read: exhibit:read gave no answer in 10 s/],
      ['ended early', said('-\n-\n-\nluk'), 7, /byte 65536: not read: the program that reads ended early/],
      ['nonsense', said('-\n\u001b[31m\nnone\n LUKS\n!\n!a b\n-\n-\n-\n-\n'), 5, /ended early/],
      ['a scheme that can’t be told by looking', said('apfs-encrypted\n-\n-\n-\n-\n-\n-\n-\n-\n-\n'), 1, /ended early/],
    ] as const) {
      const facts = await probed({ ...SATA, look: answer });
      assert.equal(facts.unread.length, missed, what);
      assert.match(why(facts, 'encryption'), reason, what);
    }
    const surplus = await probed({ ...SATA, look: said('-\n'.repeat(10) + 'luks1\n') });
    assert.deepEqual(surplus.encryption, known([]));
  });

  test('a table with more partitions than there can be is not looked at to its end, and that is said', async () => {
    const partitions = Array.from({ length: 400 }, (_, index) => ({ start: 2048 + index * 8, size: 8, type: '83' }));
    const table = JSON.stringify({ partitiontable: { label: 'gpt', unit: 'sectors', sectorsize: 512, partitions } });
    const facts = await probed({ ...SATA, 'sfdisk --json /dev/sdb': said(table) });
    assert.equal(facts.unread.length, 400 - 256);
    assert.match(why(facts, 'encryption'), /too many partitions/);
  });

  test('a partition past the end of the device is not read, and says so', async () => {
    const { stdout } = capture('sfdisk-gpt');
    const facts = await probed({
      ...SATA,
      'sfdisk --json /dev/sdb': said(stdout.replace('"start": 2048', '"start": 999999999')),
    });
    assert.match(why(facts, 'encryption'), /partition 1 at byte 511999999488: it lies past the end/);
  });

  test('a job that is stopped while a tool hangs does not wait for its time limit', async () => {
    const started = performance.now();
    const facts = await probed({ ...SATA, look: 'hang' }, { stop: AbortSignal.timeout(50) });
    assert.ok(performance.now() - started < 5000);
    assert.equal(facts.runs.at(-1)?.failure, 'aborted');
    assert.match(why(facts, 'encryption'), /the job was stopped/);
  });
});
