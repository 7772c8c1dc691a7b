import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test, { describe, type TestContext } from 'node:test';
import { parseAllowed } from '../../src/listen/address.ts';
import { assertCode } from '../read/read-all.ts';
import { until } from '../support/children.ts';
import { diskBytes, lacks, sh } from '../support/loop.ts';
import { atEnd } from '../support/temp.ts';
import { diskFile, runLine, waiting } from './support.ts';

const SIZE = 4 * 1024 * 1024;

/** Another machine, as far as the network can tell: a namespace at the other end of a cable. */
interface Elsewhere {
  /** Our address on the cable. */
  readonly ours: string;
  readonly theirs: string;
  /** A command line of that machine. */
  there(line: string): string;
  /** Pulls the cable; nobody is told. */
  pull(): void;
}

function elsewhere(t: TestContext): Elsewhere | null {
  if (lacks(t, 'nc.openbsd') || spawnSync('ip', ['-V']).status !== 0) return null;
  const name = `exh${process.pid}`;
  if (spawnSync('ip', ['netns', 'add', name]).status !== 0) {
    t.skip('needs network namespaces');
    return null;
  }
  atEnd(t, () => sh('ip', 'netns', 'delete', name));
  // Of TEST-NET-2 (RFC 5737): nobody's.
  const [ours, theirs] = ['198.51.100.1', '198.51.100.2'];
  sh('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'cable', 'netns', name);
  atEnd(t, () => spawnSync('ip', ['link', 'delete', name]));
  sh('ip', 'address', 'add', `${ours}/30`, 'dev', name);
  sh('ip', '-n', name, 'address', 'add', `${theirs}/30`, 'dev', 'cable');
  sh('ip', 'link', 'set', name, 'up');
  sh('ip', '-n', name, 'link', 'set', 'cable', 'up');
  return {
    ours,
    theirs,
    there: (line) => `ip netns exec ${name} ${line}`,
    pull: () => void sh('ip', '-n', name, 'link', 'set', 'cable', 'down'),
  };
}

function lineOf(there: Awaited<ReturnType<typeof waiting>>, name = 'OpenBSD netcat'): string {
  return there.variants.find((each) => each.name === name && !each.tells)!.line;
}

describe('from another machine', () => {
  test('who is not on the list stays out; who is gets in', async (t) => {
    const net = elsewhere(t);
    if (net === null) return;
    const content = diskBytes(SIZE);
    const disk = diskFile(t, content);
    for (const [allowed, isIn] of [
      ['198.51.100.4/30', false],
      [net.theirs, true],
    ] as const) {
      const stop = new AbortController();
      const ways = { host: net.ours, disk, allowed: parseAllowed([allowed]), stop: stop.signal };
      const there = await waiting(t, SIZE, ways);
      await runLine(net.there(lineOf(there)));
      if (!isIn) stop.abort();
      const read = await there.done;
      assert.equal(read.error, null);
      assert.ok(read.bytes.equals(isIn ? content : Buffer.alloc(0)));
      const refused = there.refused.map(({ refusal, address }) => [refusal, address]);
      assert.deepEqual(refused, isIn ? [] : [['not-allowed', net.theirs]]);
    }
  });

  test('a cable that is pulled in the middle: noticed, kept, and gone on with', async (t) => {
    const net = elsewhere(t);
    if (net === null) return;
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE, { host: net.ours, limits: { stallMs: 800 } });
    // A disk that gives half of itself, and then takes its time.
    const half = `(echo exhibit ${there.invitation.token} 0 alone; head -c ${SIZE / 2} '${diskFile(t, content)}'; sleep 3; echo more)`;
    const sent = runLine(net.there(`sh -c "${half} | nc -N -w 3 ${net.ours} ${there.invitation.port}"`));
    await until(() => there.log.goodRanges.at(-1)?.end === SIZE / 2, 'half of it came');
    net.pull();
    const read = await there.done;
    assertCode(read.error, 'source', 'listen.stalled');
    assert.ok(read.bytes.equals(content.subarray(0, SIZE / 2)));
    await sent;
    const again = await waiting(t, SIZE, { range: { start: SIZE / 2, end: SIZE }, disk: diskFile(t, content) });
    await runLine(lineOf(again, 'bash alone'));
    const rest = await again.done;
    assert.equal(rest.error, null);
    assert.ok(Buffer.concat([read.bytes, rest.bytes]).equals(content));
  });
});
