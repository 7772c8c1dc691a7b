import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { parseAllowed } from '../../src/listen/address.ts';
import { assertCode } from '../read/read-all.ts';
import { until } from '../support/children.ts';
import { elsewhere } from '../support/elsewhere.ts';
import { diskBytes, lacks } from '../support/loop.ts';
import { diskFile, runLine, waiting } from './support.ts';

const SIZE = 4 * 1024 * 1024;

function lineOf(there: Awaited<ReturnType<typeof waiting>>, name = 'OpenBSD netcat'): string {
  return there.variants.find((each) => each.name === name && !each.tells)!.line;
}

describe('from another machine', () => {
  test('who is not on the list stays out; who is gets in', async (t) => {
    if (lacks(t, 'nc.openbsd')) return;
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
      await runLine([...net.there, lineOf(there)].join(' '));
      if (!isIn) stop.abort();
      const read = await there.done;
      assert.equal(read.error, null);
      assert.ok(read.bytes.equals(isIn ? content : Buffer.alloc(0)));
      const refused = there.refused.map(({ refusal, address }) => [refusal, address]);
      assert.deepEqual(refused, isIn ? [] : [['not-allowed', net.theirs]]);
    }
  });

  test('a cable that is pulled in the middle: noticed, kept, and gone on with', async (t) => {
    if (lacks(t, 'nc.openbsd')) return;
    const net = elsewhere(t);
    if (net === null) return;
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE, { host: net.ours, limits: { stallMs: 800 } });
    // A disk that gives half of itself, and then takes its time.
    const half = `(echo exhibit ${there.invitation.token} 0 alone; head -c ${SIZE / 2} '${diskFile(t, content)}'; sleep 3; echo more)`;
    const sent = runLine(`${net.there.join(' ')} sh -c "${half} | nc -N -w 3 ${net.ours} ${there.invitation.port}"`);
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
