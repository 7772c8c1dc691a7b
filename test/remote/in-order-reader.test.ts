import assert from 'node:assert/strict';
import test, { describe, type TestContext } from 'node:test';
import type { Range } from '../../src/model/range.ts';
import { REMOTE_PROGRAMS } from '../../src/model/remote.ts';
import { ModeChooser } from '../../src/remote/mode-chooser.ts';
import { remoteReader } from '../../src/remote/in-order-reader.ts';
import { badDisk } from '../support/bad-disk.ts';
import { startLink } from '../support/link.ts';
import { diskBytes, lacks } from '../support/loop.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { Log, readAll, type HowToRead } from '../read/read-all.ts';
import { code, held, loopDisk, MIB, orderOn, pathWith, proofs, type Options } from './ranges-support.ts';

interface Ways {
  readonly connections?: number;
  readonly rangeBytes?: number;
  readonly options?: Options;
  readonly how?: HowToRead;
}

async function read(t: TestContext, node: string, size: number, ways: Ways = {}) {
  const proof = proofs();
  const { connections = 3, rangeBytes = MIB } = ways;
  const channel = await orderOn(t, node, ways.options);
  const reader = remoteReader({
    channel,
    proof,
    connections,
    rangeBytes,
    modes: new ModeChooser(['none'], connections),
    ahead: 2,
  });
  return { ...(await readAll(reader, held(size), { blockBytes: 256 * 1024, ...ways.how })), proof: proof.seen };
}

function total(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}

describe('a disk over there, read in order and ahead', () => {
  test('gives every byte once, in order, over one and over many channels, from anywhere', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const bytes = diskBytes(7 * MIB + 1536);
    const node = loopDisk(t, bytes);
    const server = await startSshd(t);
    for (const [connections, range, program] of [
      [1, { start: 0, end: bytes.length }, 'dd'],
      [5, { start: 0, end: bytes.length }, 'python3'],
      [3, { start: 2 * MIB - 512, end: 5 * MIB + 1024 }, 'dd'],
      [3, { start: 2 * MIB - 512, end: 5 * MIB + 1024 }, 'python3'],
    ] as const) {
      const options = { server, change: { program } };
      const got = await read(t, node, bytes.length, { connections, how: { range }, options });
      assert.equal(got.error, null);
      assert.ok(got.bytes.equals(bytes.subarray(range.start, range.end)));
      assert.equal(total(got.proof.taken), got.bytes.length);
      assert.deepEqual([got.proof.unhashed(), got.proof.mismatches], [0, []]);
    }
  });

  test('bad sectors cost sectors, what was ordered behind them is read all the same', async (t) => {
    if (lacksSshd(t)) return;
    const content = diskBytes(6 * MIB);
    const bad = [
      { start: 0, end: 512 },
      { start: MIB + 512 * 7, end: MIB + 512 * 9 },
      { start: 4 * MIB - 512, end: 4 * MIB + 512 },
    ];
    const disk = await badDisk(t, { content, bad });
    if (disk === null) return;
    for (const { start, end } of bad) content.fill(0, start, end);
    const server = await startSshd(t);
    for (const program of REMOTE_PROGRAMS) {
      const got = await read(t, disk.node, content.length, { options: { server, change: { program } } });
      assert.equal(got.error, null);
      assert.ok(got.bytes.equals(content), program);
      assert.deepEqual(
        got.log.bad.map(({ start, errno }) => [start, errno]),
        bad.flatMap(({ start, end }) =>
          Array.from({ length: (end - start) / 512 }, (_, n) => [start + n * 512, 'EIO']),
        ),
      );
      assert.equal(total(got.log.goodRanges) + total(got.log.bad), content.length);
    }
  });

  test('a link that is cut: what came before is kept and true, and reading goes on from there', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const bytes = diskBytes(16 * MIB);
    const node = loopDisk(t, bytes);
    const server = await startSshd(t);
    const link = await startLink(t, server.port);
    const log = new Log();
    log.onGood = () => {
      if (total(log.goodRanges) >= 3 * MIB) link.cut();
    };
    const cut = await read(t, node, bytes.length, { how: { log }, options: { server, port: link.port } });
    code('remote.link-lost')(cut.error);
    const at = cut.bytes.length;
    assert.ok(at >= 3 * MIB && at < bytes.length, String(at));
    assert.ok(cut.bytes.equals(bytes.subarray(0, at)));
    assert.deepEqual([cut.log.bad, cut.log.failures], [[], []]);
    const rest = await read(t, node, bytes.length, {
      how: { range: { start: at, end: bytes.length } },
      options: { server, port: link.port },
    });
    assert.equal(rest.error, null);
    assert.ok(Buffer.concat([cut.bytes, rest.bytes]).equals(bytes));
  });

  test('stops when it is told to, with what came', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const bytes = diskBytes(16 * MIB);
    const stop = new AbortController();
    const log = new Log();
    log.onGood = () => {
      if (total(log.goodRanges) >= 2 * MIB) stop.abort();
    };
    const got = await read(t, loopDisk(t, bytes), bytes.length, { how: { log, stop: stop.signal } });
    assert.equal(got.error, null);
    assert.ok(got.bytes.length >= 2 * MIB && got.bytes.length < bytes.length);
    assert.ok(got.bytes.equals(bytes.subarray(0, got.bytes.length)));
    assert.ok((got.stopTook ?? Infinity) < 1000);
  });

  test('a dd that dies over there: an error, no bad sector, and not the end', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const bytes = diskBytes(6 * MIB);
    const env = pathWith(t, 'dd', `case "$*" in *skip=${3 * MIB}*) kill -9 $$;; esac; exec /usr/bin/dd "$@"`);
    const got = await read(t, loopDisk(t, bytes), bytes.length, { options: { sshd: { env } } });
    code('remote.reader-died')(got.error);
    assert.ok(got.bytes.equals(bytes.subarray(0, got.bytes.length)) && got.bytes.length <= 3 * MIB);
    assert.deepEqual(got.log.bad, []);
  });

  test('what did not arrive as it was told to have been sent is read once more, and told', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const bytes = diskBytes(2 * MIB);
    const lying = pathWith(t, 'sha256sum', `cat >/dev/null; echo "${'1'.repeat(64)}  -"`);
    const got = await read(t, loopDisk(t, bytes), bytes.length, { options: { sshd: { env: lying } } });
    code('remote.hash-mismatch')(got.error);
    assert.equal(got.bytes.length, 0);
    // The first reading and one more: no third.
    assert.equal(got.proof.mismatches.length, 2);
  });
});
