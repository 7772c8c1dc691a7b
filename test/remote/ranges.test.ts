import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ExhibitError } from '../../src/model/errors.ts';
import type { Range } from '../../src/model/range.ts';
import { REMOTE_PROGRAMS } from '../../src/model/remote.ts';
import { ReaderChannel } from '../../src/remote/reader-channel.ts';
import { badDisk } from '../support/bad-disk.ts';
import { childrenOf } from '../support/children.ts';
import { startLink } from '../support/link.ts';
import { diskBytes, lacks, sh } from '../support/loop.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { tempFolder } from '../support/temp.ts';
import { HASHERS, channelOn, code, loopDisk, MIB, orderOn, pathWith, readBy } from './ranges-support.ts';

describe('ranges of a disk over there', () => {
  for (const [transport, program] of [
    ['ssh2', 'dd'],
    ['ssh2', 'python3'],
    ['openssh', 'dd'],
  ] as const)
    test(`by ${transport} and ${program}: queued ahead, each the disk's own bytes, hashed where they were read`, async (t) => {
      if (lacksSshd(t) || lacks(t, 'losetup', program)) return;
      const bytes = diskBytes(9 * MIB + 512);
      const node = loopDisk(t, bytes);
      const channel = await channelOn(t, node, { transport, change: { program } });
      const ranges: Range[] = [
        { start: 0, end: 4 * MIB },
        { start: 4 * MIB, end: 8 * MIB },
        { start: 8 * MIB, end: bytes.length },
        { start: 512, end: 1024 },
        { start: 5 * MIB - 512, end: 6 * MIB + 1024 },
      ];
      const answers = await Promise.all(ranges.map((range) => readBy(channel, range, MIB)));
      for (const [index, answer] of answers.entries()) {
        assert.ok(answer !== 'not-read');
        const { start, end } = ranges[index]!;
        assert.ok(answer.bytes.equals(bytes.subarray(start, end)), `range ${index}`);
        assert.deepEqual([answer.told.exit, answer.told.bytes], [0, end - start]);
        assert.equal(answer.told.sha256, answer.sha256);
        assert.notEqual(answer.sha256, null);
      }
      const hello = await channel.hello;
      assert.equal(hello.size, bytes.length);
      assert.equal(hello.node, sh('stat', '-c', '%Hr:%Lr', node));
      assert.equal(hello.bootId, sh('cat', '/proc/sys/kernel/random/boot_id'));
    });

  test('a login shell that talks, a path full of signs, openssl for the hash, no hash at all, python3', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup', 'python3')) return;
    const bytes = diskBytes(MIB);
    const node = loopDisk(t, bytes);
    const link = join(tempFolder(t), `a 'b" $(touch c); *!\\ é`);
    symlinkSync(node, link);
    const server = await startSshd(t, {
      config: ['ForceCommand echo "exhibit- ready"; echo noise >&2; sh -c "$SSH_ORIGINAL_COMMAND"'],
    });
    for (const change of HASHERS) {
      const channel = await channelOn(t, link, { server, change });
      const answer = await readBy(channel, { start: 4096, end: 500 * 1024 }, MIB);
      assert.ok(answer !== 'not-read' && answer.bytes.equals(bytes.subarray(4096, 500 * 1024)), JSON.stringify(change));
      assert.equal(answer.told.sha256 === null, 'hash' in change && change.hash === null);
      assert.equal(answer.told.sha256, answer.sha256);
    }
  });

  test("BusyBox's dd, and a dd that takes no ranges by bytes", async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup', 'busybox')) return;
    const bytes = diskBytes(3 * MIB + 1536);
    const node = loopDisk(t, bytes);
    const env = pathWith(t, 'dd', 'exec busybox dd "$@"');
    const server = await startSshd(t, { env });
    for (const byBytes of [true, false]) {
      const channel = await channelOn(t, node, { server, change: { dd: { byBytes, direct: byBytes } } });
      for (const range of [
        { start: 0, end: bytes.length },
        { start: 512, end: 2 * MIB },
        { start: MIB, end: 3 * MIB },
      ]) {
        const answer = await readBy(channel, range, MIB);
        assert.ok(answer !== 'not-read', JSON.stringify(range));
        assert.ok(answer.bytes.equals(bytes.subarray(range.start, range.end)), answer.told.complaint);
      }
    }
  });

  test('no such disk: it is said, and nothing hangs', async (t) => {
    if (lacksSshd(t)) return;
    const channel = await channelOn(t, '/dev/no such disk');
    await assert.rejects(channel.hello, (error: unknown) => {
      code('remote.reader-died')(error);
      assert.match((error as ExhibitError).message, /No such file/);
      return true;
    });
    await assert.rejects(readBy(channel, { start: 0, end: 512 }, 512), ExhibitError);
  });

  test('after a bad sector nothing is read until it is told to go on', async (t) => {
    if (lacksSshd(t)) return;
    const content = diskBytes(2 * MIB);
    const disk = await badDisk(t, { content, bad: [{ start: MIB, end: MIB + 512 }] });
    if (disk === null) return;
    const server = await startSshd(t);
    for (const program of REMOTE_PROGRAMS) {
      const channel = await channelOn(t, disk.node, { server, change: { program } });
      const half = MIB / 2;
      const ordered = [0, 1, 2, 3].map((n) => readBy(channel, { start: n * half, end: (n + 1) * half }, 64 * 1024));
      const [first, second, third, fourth] = await Promise.all(ordered);
      assert.ok(first !== 'not-read' && first?.bytes.equals(content.subarray(0, half)));
      assert.ok(second !== 'not-read' && second?.bytes.equals(content.subarray(half, MIB)));
      assert.ok(third !== 'not-read' && third !== undefined);
      assert.deepEqual([third.bytes.length, third.told.exit, third.told.errno], [0, 1, 'EIO'], program);
      assert.equal(fourth, 'not-read');
      channel.goOn();
      const behind = await readBy(channel, { start: MIB + 512, end: 2 * MIB }, 512 * 1024);
      assert.ok(behind !== 'not-read' && behind.bytes.equals(content.subarray(MIB + 512)));
      const across = await readBy(channel, { start: MIB - 4096, end: 2 * MIB }, MIB);
      assert.ok(across !== 'not-read' && across.told.exit === 1);
      assert.ok(across.bytes.equals(content.subarray(MIB - 4096, MIB - 4096 + across.bytes.length)), program);
      assert.equal(across.told.sha256, across.sha256);
    }
  });

  test('python3 killed over there, or a disk that ends early, is no bad sector', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup', 'python3')) return;
    const node = loopDisk(t, diskBytes(MIB));
    const short = await channelOn(t, node, { change: { program: 'python3' } });
    const answer = await readBy(short, { start: MIB - 512, end: MIB + 512 }, MIB);
    assert.ok(answer !== 'not-read');
    assert.deepEqual([answer.told.exit, answer.told.bytes, answer.told.errno], [0, 512, null]);
    const env = pathWith(t, 'python3', '(sleep 1; kill -9 $$) & exec /usr/bin/python3 "$@"');
    const killed = await channelOn(t, node, { sshd: { env }, change: { program: 'python3' } });
    await killed.hello;
    const reads = async (): Promise<never> => {
      for (;;) await readBy(killed, { start: 0, end: MIB }, MIB);
    };
    await assert.rejects(reads(), code('remote.reader-died'));
  });

  test('dd killed over there is no bad sector', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const env = pathWith(t, 'dd', 'case "$*" in *skip=1048576*) kill -9 $$;; esac; exec /usr/bin/dd "$@"');
    const channel = await channelOn(t, loopDisk(t, diskBytes(4 * MIB)), { sshd: { env } });
    const good = await readBy(channel, { start: 0, end: MIB }, MIB);
    assert.ok(good !== 'not-read');
    await assert.rejects(readBy(channel, { start: MIB, end: 2 * MIB }, MIB), code('remote.reader-died'));
    assert.equal(channel.usable, false);
  });

  test('more or less than dd says is noticed', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const node = loopDisk(t, diskBytes(4 * MIB));
    const more = pathWith(t, 'dd', 'case "$*" in *if=/dev/fd/9*) printf x;; esac; exec /usr/bin/dd "$@"');
    const channel = await channelOn(t, node, { sshd: { env: more } });
    await assert.rejects(readBy(channel, { start: 0, end: MIB }, MIB), code('remote.reader-died'));
    const short = pathWith(t, 'dd', '/usr/bin/dd "$@" 2>/dev/null | head -c 1000; echo "1048576 bytes" >&2');
    const lying = await channelOn(t, node, { sshd: { env: short } });
    const waiting = readBy(lying, { start: 0, end: MIB }, MIB);
    // It waits for what was promised; the next order's bytes can't take their place.
    assert.equal(await Promise.race([waiting.catch(() => 'rejected'), pause(1500, 'waits')]), 'waits');
    lying.close();
    await assert.rejects(waiting, ExhibitError);
  });

  test('a link that is cut or falls silent in the middle ends the waiting, with its reason', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const server = await startSshd(t);
    const node = loopDisk(t, diskBytes(32 * MIB));
    for (const [fault, expected] of [
      ['cut', 'remote.link-lost'],
      ['stall', 'remote.silent'],
    ] as const) {
      const link = await startLink(t, server.port);
      const channel = await channelOn(t, node, { server, port: link.port });
      await channel.hello;
      link.delayMs = 20;
      const from = link.received;
      const waiting = Promise.allSettled(
        [0, 1, 2, 3].map((n) => readBy(channel, { start: n * 8 * MIB, end: (n + 1) * 8 * MIB }, MIB)),
      );
      while (link.received < from + 2 * MIB) await pause(2);
      const began = performance.now();
      if (fault === 'cut') link.cut();
      else link.stall(true);
      const results = await waiting;
      assert.ok(performance.now() - began < 5000);
      const last = results.at(-1);
      assert.ok(last?.status === 'rejected');
      code(expected)(last.reason);
    }
  });

  test('nothing is left running over there', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const node = loopDisk(t, diskBytes(MIB));
    const order = await orderOn(t, node);
    const loops = () => childrenOf().filter(({ command }) => command.includes(' ready') && command.includes(node));
    const channel = new ReaderChannel(order);
    await channel.hello;
    assert.notEqual(loops().length, 0);
    channel.close();
    for (let n = 0; n < 100 && loops().length > 0; n += 1) await pause(20);
    assert.deepEqual(loops(), []);
  });
});
