import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import type { WireMode } from '../../src/model/remote.ts';
import { ModeChooser } from '../../src/remote/mode-chooser.ts';
import { remoteReader } from '../../src/remote/in-order-reader.ts';
import { Unpacker } from '../../src/remote/unpack.ts';
import { systemCommands } from '../../src/system/run-command.ts';
import { badDisk } from '../support/bad-disk.ts';
import { until } from '../support/children.ts';
import { diskBytes, lacks } from '../support/loop.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { tempFolder } from '../support/temp.ts';
import { assertExact, readAll } from '../read/read-all.ts';
import { HASHERS, code, held, loopDisk, MIB, orderOn, pathWith, proofs, type Options } from './ranges-support.ts';

async function read(t: TestContext, node: string, size: number, modes: readonly WireMode[], options: Options = {}) {
  const proof = proofs();
  const channel = await orderOn(t, node, { ...options, change: { modes, ...options.change } });
  const chooser = new ModeChooser(modes, 2);
  const reader = remoteReader({ channel, proof, connections: 2, rangeBytes: MIB, modes: chooser, ahead: 2 });
  return { ...(await readAll(reader, held(size), { blockBytes: 256 * 1024 })), proof: proof.seen };
}

const wireOf = ({ proof }: Awaited<ReturnType<typeof read>>): number =>
  proof.crossings.reduce((sum, { wire }) => sum + wire, 0);

describe('what is packed on its way', () => {
  test('is the disk, byte for byte, and hashed there as the disk has it', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup') || lacks(t, 'gzip')) return;
    const bytes = Buffer.concat([Buffer.alloc(3 * MIB), diskBytes(3 * MIB + 512)]);
    const node = loopDisk(t, bytes);
    const server = await startSshd(t);
    for (const mode of ['gzip', 'zstd'] as const) {
      if (lacks(t, mode)) continue;
      for (const change of HASHERS) {
        const got = await read(t, node, bytes.length, [mode], { server, change });
        assertExact(got, bytes, []);
        assert.equal(got.proof.unhashed(), 'hash' in change && change.hash === null ? got.proof.taken.length : 0);
        assert.ok(got.proof.crossings.every((each) => each.mode === mode));
        const wire = wireOf(got);
        assert.ok(wire > 3 * MIB && wire < 3.2 * MIB, String(wire));
      }
    }
  });

  test('a bad sector costs a sector there too', async (t) => {
    if (lacksSshd(t) || lacks(t, 'gzip')) return;
    const content = diskBytes(3 * MIB);
    const bad = { start: MIB + 512 * 7, end: MIB + 512 * 8 };
    const disk = await badDisk(t, { content, bad: [bad] });
    if (disk === null) return;
    assertExact(await read(t, disk.node, content.length, ['gzip']), content, [bad]);
  });

  for (const [what, gzip, expected] of [
    ['is cut short', 'exec /usr/bin/gzip "$@" | head -c 100', 'remote.reader-died'],
    ['unpacks to more than was read', '{ cat; head -c 9000000 /dev/zero; } | /usr/bin/gzip "$@"', 'remote.reader-died'],
    ['is another disk', 'tr "\\000-\\377" "\\001-\\377\\000" | /usr/bin/gzip "$@"', 'remote.hash-mismatch'],
  ] as const)
    test(`what ${what} never enters the image`, async (t) => {
      if (lacksSshd(t) || lacks(t, 'losetup') || lacks(t, 'gzip')) return;
      const bytes = diskBytes(2 * MIB);
      const env = pathWith(t, 'gzip', gzip);
      const got = await read(t, loopDisk(t, bytes), bytes.length, ['gzip'], { sshd: { env } });
      if (expected === 'remote.hash-mismatch') {
        // Read once more, alone and plain.
        assertExact(got, bytes, []);
        assert.equal(got.proof.mismatches.length, 2);
        return;
      }
      code(expected)(got.error);
      assert.equal(got.bytes.length, 0);
    });

  for (const [what, zstd, expected] of [
    ['is cut short', 'exec /usr/bin/zstd "$@" | head -c 100', 'remote.reader-died'],
    ['is no such stream', 'cat', 'remote.reader-died'],
    ['unpacks to more than was read', '{ cat; head -c 9000000 /dev/zero; } | /usr/bin/zstd "$@"', 'remote.reader-died'],
    ['is another disk', 'tr "\\000-\\377" "\\001-\\377\\000" | /usr/bin/zstd "$@"', 'remote.hash-mismatch'],
  ] as const)
    test(`what ${what} never enters the image, unpacked by the program zstd`, async (t) => {
      if (lacksSshd(t) || lacks(t, 'losetup') || lacks(t, 'zstd')) return;
      const bytes = diskBytes(2 * MIB);
      const env = pathWith(t, 'zstd', zstd);
      const change = { unpacker: byProgram() };
      const got = await read(t, loopDisk(t, bytes), bytes.length, ['zstd'], { sshd: { env }, change });
      if (expected === 'remote.hash-mismatch') {
        assertExact(got, bytes, []);
        assert.equal(got.proof.mismatches.length, 2);
        return;
      }
      code(expected)(got.error);
      assert.match(String(got.error), /can not be unpacked by zstd/);
      assert.equal(got.bytes.length, 0);
    });

  test('nothing is unpacked beyond what was read', async () => {
    const { unpack } = waiting(new Unpacker(systemCommands()));
    const bomb = gzipSync(Buffer.alloc(50 * MIB));
    await assert.rejects(unpack('gzip', bomb, MIB), /larger than|maxOutputLength|Cannot create/i);
    await assert.rejects(unpack('gzip', gzipSync(Buffer.alloc(10)), MIB), /10 bytes were packed/);
    assert.equal((await unpack('gzip', gzipSync(Buffer.alloc(0)), 0)).length, 0);
  });

  test('zstd by its program: exactly what was packed, or nothing', async (t) => {
    if (lacks(t, 'zstd')) return;
    const { unpack } = waiting(byProgram());
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(3 * MIB), diskBytes(2 * MIB + 512)])
      assert.ok((await unpack('zstd', zstdOf(bytes), bytes.length)).equals(bytes));
    const packed = zstdOf(diskBytes(MIB));
    const table: readonly [what: string, packed: Buffer, length: number, RegExp][] = [
      ['a bomb', zstdOf(Buffer.alloc(500 * MIB)), MIB, /gives more than the 1048576 bytes/],
      ['a byte too much', zstdOf(Buffer.alloc(11)), 10, /gives more than the 10 bytes/],
      ['too little', zstdOf(Buffer.alloc(10)), MIB, /10 bytes were packed, 1048576 were read/],
      ['garbage', diskBytes(MIB, 3), MIB, /zstd of this station: status 1, .*(unsupported|unknown)/i],
      ['nothing at all', Buffer.alloc(0), MIB, /zstd of this station: status 1|0 bytes were packed/],
      ['a frame without its end', packed.subarray(0, -5), MIB, /zstd of this station: status 1/],
      ['garbage behind a frame', Buffer.concat([packed, diskBytes(512, 4)]), MIB, /zstd of this station: status 1/],
      ['a changed byte', changed(packed), MIB, /zstd of this station: status 1/],
    ];
    for (const [what, given, length, says] of table) await assert.rejects(unpack('zstd', given, length), says, what);
  });

  test('without the program, and without a Node that has it, zstd can not be unpacked here', async () => {
    const missing = new Unpacker({ ...systemCommands(), which: () => null }, { gzip: null, zstd: null });
    assert.equal(missing.can('zstd'), false);
    await assert.rejects(waiting(missing).unpack('zstd', Buffer.alloc(1), 1), /zstd can not be unpacked here/);
  });

  test('a program that hangs ends with whoever waits for it', async (t) => {
    const pid = join(tempFolder(t), 'pid');
    const path = pathWith(t, 'zstd', `echo $$ >${pid}; exec sleep 600`)['PATH'];
    const left = new AbortController();
    const unpacked = new Unpacker(systemCommands(path), { gzip: null, zstd: null }).unpack(
      'zstd',
      Buffer.alloc(MIB),
      MIB,
      left.signal,
    );
    unpacked.catch(() => undefined);
    await until(() => existsSync(pid) && readFileSync(pid, 'utf8') !== '', 'it runs');
    left.abort();
    await assert.rejects(unpacked, /aborted|SIGKILL/);
    await until(() => !existsSync(`/proc/${readFileSync(pid, 'utf8').trim()}`), 'it is gone');
  });
});

/** As where Node has no zstd. */
function byProgram(): Unpacker {
  return new Unpacker(systemCommands(), { gzip: null, zstd: null });
}

function waiting(unpacker: Unpacker) {
  const { signal } = new AbortController();
  return {
    unpack: (mode: 'gzip' | 'zstd', packed: Buffer, length: number) => unpacker.unpack(mode, packed, length, signal),
  };
}

function zstdOf(input: Buffer): Buffer {
  const { status, stdout } = spawnSync('zstd', ['-1', '-q', '-c'], { input, maxBuffer: 100 * MIB });
  assert.equal(status, 0);
  return stdout;
}

function changed(packed: Buffer): Buffer {
  const other = Buffer.from(packed);
  other.writeUInt8(other.readUInt8(packed.length / 2) ^ 1, packed.length / 2);
  return other;
}

/** Reads ranges of 1 MiB over a link and a machine as told, on one channel; gives how many crossed in each way. */
function simulate(
  modes: readonly WireMode[],
  ranges: number,
  secondsOf: (mode: WireMode, index: number) => number,
): { counts: Record<WireMode, number>; seconds: number } {
  const chooser = new ModeChooser(modes, 1);
  const counts = { none: 0, zstd: 0, gzip: 0 };
  let now = 0;
  for (let index = 0; index < ranges; index += 1) {
    const mode = chooser.next(now);
    const ms = secondsOf(mode, index) * 1000;
    now += ms;
    chooser.seen({ mode, bytes: MIB, ms }, now);
    counts[mode] += 1;
  }
  return { counts, seconds: now / 1000 };
}

describe('whether it is packed', () => {
  /** Seconds for a MiB: a link of so many MiB/s, gzip of so many, what is left of it. */
  const over = (link: number, gzip: number, ratio: number) => (mode: WireMode) =>
    mode === 'none' ? 1 / link : Math.max(1 / gzip, ratio / link);

  test('a slow link and much that is zero: packed, nearly all of it', () => {
    const { counts } = simulate(['none', 'gzip'], 1000, over(5, 300, 0.01));
    assert.ok(counts.gzip > 950, JSON.stringify(counts));
  });

  test('what can not be packed stays plain, trials cost next to nothing', () => {
    const { counts, seconds } = simulate(['none', 'gzip'], 2000, over(20, 10, 1));
    assert.ok(counts.none > 1950, JSON.stringify(counts));
    assert.ok(seconds < (2000 / 20) * 1.05, String(seconds));
  });

  test('a fast link stays plain: nothing is even tried', () => {
    assert.deepEqual(simulate(['none', 'gzip'], 1000, over(200, 40, 1)).counts, { none: 1000, zstd: 0, gzip: 0 });
  });

  test('a disk that is full at first and empty behind, or the other way round: it turns', () => {
    for (const emptyFirst of [false, true]) {
      const ratio = (index: number): number => (index < 500 === emptyFirst ? 0.01 : 1);
      const { counts } = simulate(['none', 'gzip'], 1000, (mode, index) => over(5, 30, ratio(index))(mode));
      assert.ok(counts.gzip > 400, JSON.stringify(counts));
    }
  });

  test('whatever is measured, only what may be used is used, and never much worse than plain', () => {
    let seed = 1;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    for (let round = 0; round < 200; round += 1) {
      const [link, gzip, ratio] = [1 + random() * 100, 1 + random() * 100, random()];
      const way = over(link, gzip, ratio);
      const { counts, seconds } = simulate(['none', 'gzip'], 500, (mode) => way(mode) * (0.9 + random() * 0.2));
      assert.equal(counts.zstd, 0);
      const best = 500 * Math.min(way('none'), way('gzip'));
      assert.ok(
        seconds < 1.35 * Math.max(best, 500 / Math.max(link, 60)) + 3 / gzip,
        `${link} ${gzip} ${ratio}: ${seconds} ${best}`,
      );
      assert.deepEqual(simulate(['zstd'], 10, way).counts, { none: 0, zstd: 10, gzip: 0 });
    }
  });
});
