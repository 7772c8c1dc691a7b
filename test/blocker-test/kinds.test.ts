import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { scsiWrite, SG_KINDS, type SgKind } from '../../src/blocker-test/kinds.ts';
import { blockAttempts, sgAttempts } from '../../src/blocker-test/plan-attempts.ts';

const BLOCK = Buffer.alloc(512, 7);

function hexOf(kind: SgKind, lba: number, blocks = 1): string {
  const command = scsiWrite(kind, lba, blocks, BLOCK);
  return typeof command === 'string' ? command : Buffer.from(command.cdb).toString('hex');
}

test('the commands, byte for byte (SBC-3)', () => {
  assert.equal(hexOf('write-6', 0x1f_fffe), '0a1ffffe0100');
  assert.equal(hexOf('write-10', 0x0102_0304), '2a000102030400000100');
  assert.equal(hexOf('write-12', 0x0102_0304), 'aa0001020304000000010000');
  assert.equal(hexOf('write-16', 0x01_0203_0405), '8a000000000102030405000000010000');
  assert.equal(hexOf('write-and-verify-10', 5), '2e000000000500000100');
  assert.equal(hexOf('write-same-10', 5, 128), '41000000000500008000');
  assert.equal(hexOf('write-same-16', 5, 128), '93000000000000000005000000800000');
  assert.equal(hexOf('unmap', 5, 128), '42000000000000001800');
  const unmap = scsiWrite('unmap', 5, 128, BLOCK);
  assert.ok(typeof unmap !== 'string');
  assert.equal(unmap.data.toString('hex'), '00160010000000000000000000000005' + '0000008000000000');
});

test('sg3-utils reads the same names in them', (t) => {
  const names: Record<SgKind, RegExp> = {
    'write-6': /Write\(6\)/,
    'write-10': /Write\(10\)/,
    'write-12': /Write\(12\)/,
    'write-16': /Write\(16\)/,
    'write-and-verify-10': /Write and verify\(10\)/,
    'write-same-10': /Write same\(10\)/,
    'write-same-16': /Write same\(16\)/,
    unmap: /Unmap/,
  };
  for (const kind of SG_KINDS) {
    const command = scsiWrite(kind, 0, 1, BLOCK);
    assert.ok(typeof command !== 'string');
    const bytes = command.cdb.map((byte) => byte.toString(16).padStart(2, '0'));
    const told = spawnSync('sg_raw', ['--enumerate', '/dev/null', ...bytes], { encoding: 'utf8' });
    if (told.error !== undefined) {
      t.skip('needs sg_raw (sg3-utils)');
      return;
    }
    assert.match(told.stdout + told.stderr, names[kind], kind);
  }
});

test('a sector that has no place in a command gives a reason, and no command', () => {
  assert.match(hexOf('write-6', 2 ** 21), /no place/);
  assert.match(hexOf('write-10', 2 ** 32), /no place/);
  assert.match(hexOf('write-12', 2 ** 32), /no place/);
  assert.match(hexOf('write-same-10', 2 ** 32 - 64, 128), /no place/);
  assert.equal(hexOf('write-10', 2 ** 32 - 1), '2a00ffffffff00000100');
  assert.equal(hexOf('write-16', 2 ** 33), '8a000000000200000000000000010000');
});

test('plain writes go to first, middle and last sector; nothing reaches outside of the disk', () => {
  for (const [size, sector] of [
    [16 * 1024 * 1024, 512],
    [20_000_000_512, 512],
    [16_000_000_000_000, 4096],
  ] as const) {
    const target = { path: '/dev/sdx', size, sector };
    const all = [...blockAttempts(target, 'r'), ...sgAttempts(target, 'r')];
    assert.equal(all.length, 20);
    for (const kind of ['write-direct', 'write-buffered', 'write-10', 'write-16']) {
      const starts = all.filter((each) => each.kind === kind).map(({ range }) => range.start);
      assert.deepEqual([starts[0], starts[2]], [0, size - sector], kind);
      assert.ok(Math.abs((starts[1] ?? 0) - size / 2) < size / 4);
    }
    for (const { range, bytes } of all) {
      assert.ok(range.start >= 0 && range.end <= size && range.start % sector === 0);
      if (bytes !== null) assert.equal(bytes.length, sector);
    }
    // Each attempt's bytes are its own: what lands tells which one it was.
    const texts = all.flatMap(({ bytes }) => (bytes === null ? [] : [bytes.toString('hex')]));
    assert.equal(new Set(texts).size, texts.length);
  }
});

test('a command line writes to the device and nowhere else, and makes no file', () => {
  const [direct] = blockAttempts({ path: '/dev/sdx', size: 16 * 1024 * 1024, sector: 512 }, 'r');
  assert.ok(direct?.how.by === 'command');
  const argv = direct.how.argv;
  assert.ok(argv.includes('of=/dev/sdx') && argv.includes('conv=notrunc,nocreat,fsync') && argv.includes('count=1'));
});
