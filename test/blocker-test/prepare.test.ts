import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { HEADER_BYTES, layoutOf } from '../../src/blocker-test/layout.ts';
import { markedBytes, parseHeader } from '../../src/blocker-test/marker.ts';
import { attachLoop, attachPartitioned, exchangeBacking, lacks, mount, sh } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';
import { blockerTest, blockerTestHere, MIB, prepareArgv, resultOf, scratchFile, sha256Of, SMALL } from './support.ts';

test('prepare marks a disk: both headers, the pattern, and nothing else', async (t) => {
  const disk = scratchFile(t, 20 * MIB + 512);
  if (disk === null) return;
  writeFileSync(disk.file, Buffer.alloc(20 * MIB + 512, 0x5a));
  const ended = await blockerTest(prepareArgv(disk, '--json'));
  assert.equal(ended.code, 0, ended.stderr);
  const bytes = readFileSync(disk.file);
  const parsed = parseHeader(bytes.subarray(0, HEADER_BYTES));
  assert.ok(parsed.ok);
  const { marker } = parsed;
  assert.deepEqual(resultOf(ended)['marker'], marker);
  assert.equal(marker.size, bytes.length);
  assert.equal(marker.disk, disk.file);
  const { firstHeader, lastHeader, pattern } = layoutOf(bytes.length);
  let marked = 0;
  for (const range of [firstHeader, ...pattern, lastHeader]) {
    assert.deepEqual(bytes.subarray(range.start, range.end), markedBytes(marker, range), `from ${range.start}`);
    marked += range.end - range.start;
  }
  assert.ok(bytes.filter((byte) => byte === 0x5a).length >= bytes.length - marked, 'it wrote where it had no business');
});

test('without its name, with a wrong one, or without consent nothing is written', async (t) => {
  const disk = scratchFile(t);
  if (disk === null) return;
  const before = sha256Of(disk.file);
  const { file, node } = disk;
  const cases: readonly (readonly [string[], number, RegExp])[] = [
    [['prepare', node], 2, /--backing-file is missing/],
    [['prepare', node, '--serial', 'ABC'], 2, /takes --backing-file/],
    [['prepare', node, '--backing-file', `${file}x`], 10, /is not what/],
    [['prepare', node, '--backing-file', file], 2, /Nobody has said that this disk may be erased/],
    [['prepare', node, '--backing-file', file, '--erase-consent', 'yes'], 2, /not the consent/],
    [['prepare', node, '--backing-file', file, '--erase-consent', `erase ${file}x`], 2, /not the consent/],
    [[...prepareArgv(disk, '--dry-run')], 0, /^/],
    [['prepare'], 2, /missing required argument/],
    [['prepare', file], 2, /is a plain file/],
    [['prepare', '/dev/null'], 2, /character device/],
    [['prepare', '/dev/no-such-disk'], 11, /There is no source/],
  ];
  for (const [argv, code, says] of cases) {
    const ended = await blockerTestHere(argv);
    assert.equal(ended.code, code, `${argv.join(' ')}\n${ended.stderr}`);
    assert.match(ended.stderr, says);
  }
  assert.equal(sha256Of(disk.file), before);
});

test('another disk in the place of the one that was named, on a kernel that counts no disks: refused, untouched', async (t) => {
  const disk = scratchFile(t);
  if (disk === null) return;
  const other = join(tempFolder(t), 'other.img');
  writeFileSync(other, Buffer.alloc(SMALL, 0x5a));
  const real = testPorts();
  const files: typeof real.files = {
    ...real.files,
    readText: (path, limit) => real.files.readText(path.replace(/diskseq$/, 'no-such-thing'), limit),
    open: async (path, mode) => {
      if (mode === 'read-exclusive')
        await exchangeBacking(t, disk.node, { from: disk.file, to: other }, { writable: true });
      return real.files.open(path, mode);
    },
  };
  const ended = await blockerTestHere(prepareArgv(disk), { ...real, files });
  assert.equal(ended.code, 10, ended.stderr);
  assert.match(ended.stderr, /is another disk than the one that was named/);
  assert.ok(readFileSync(other).every((byte) => byte === 0x5a));
});

test('a disk in use, a partition, a loop over a disk, a protected or a tiny disk: refused, untouched', async (t) => {
  if (lacks(t, 'losetup', 'partx', 'sfdisk', 'mkfs.ext4')) return;
  const folder = tempFolder(t);
  const refused = async (name: string, node: string, says: RegExp, file: string): Promise<void> => {
    const before = sha256Of(file);
    const ended = await blockerTestHere(prepareArgv({ file, node }));
    assert.equal(ended.code, 10, `${name}\n${ended.stderr}`);
    assert.match(ended.stderr, says);
    assert.equal(sha256Of(file), before, name);
  };
  const made = (name: string, size: number): string => {
    const path = join(folder, name);
    writeFileSync(path, Buffer.alloc(size));
    return path;
  };

  const parted = join(folder, 'parted.img');
  const { partition } = attachPartitioned(t, parted, Buffer.alloc(SMALL), MIB);
  await refused('a partition', partition, /is a partition of/, parted);

  const used = made('used.img', SMALL);
  sh('mkfs.ext4', '-q', '-F', used);
  const node = attachLoop(t, used, { writable: true });
  mount(t, join(folder, 'mnt'), node);
  await refused('mounted', node, /is in use: .*mount/, used);

  const below = made('below.img', SMALL);
  const over = attachLoop(t, attachLoop(t, below, { writable: true }), { writable: true });
  await refused('a loop over a loop', over, /is a loop device that shows/, below);

  const locked = made('locked.img', SMALL);
  await refused('read-only', attachLoop(t, locked), /is read-only/, locked);

  const tiny = made('tiny.img', SMALL - 512);
  await refused('too small', attachLoop(t, tiny, { writable: true }), /needs 16,777,216 bytes/, tiny);
});

test('a disk that somebody holds out of sight is refused: the kernel knows', async (t) => {
  const disk = scratchFile(t);
  if (disk === null) return;
  const { open } = await import('node:fs/promises');
  const { constants } = await import('node:fs');
  const held = await open(disk.node, constants.O_RDONLY | constants.O_EXCL);
  const ended = await blockerTestHere(prepareArgv(disk)).finally(() => held.close());
  assert.equal(ended.code, 10, ended.stderr);
  assert.match(ended.stderr, /the kernel gives it to nobody else/);
});

test('at a terminal the name and the consent are typed; the name is not shown before', async (t) => {
  const disk = scratchFile(t);
  if (disk === null) return;
  const argv = ['prepare', disk.node];
  const wrong = await blockerTestHere(argv, undefined, ['something']);
  assert.equal(wrong.code, 10, wrong.stderr);
  assert.equal(wrong.asked.length, 1);
  assert.ok(!(wrong.stderr + wrong.asked.join('')).includes(disk.file));
  const no = await blockerTestHere(argv, undefined, [disk.file, 'yes']);
  assert.equal(no.code, 2, no.stderr);
  assert.ok(!parseHeader(readFileSync(disk.file).subarray(0, HEADER_BYTES)).ok);
  const yes = await blockerTestHere(argv, undefined, [disk.file, `erase ${disk.file}`]);
  assert.equal(yes.code, 0, yes.stderr);
});
