import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import test, { describe } from 'node:test';
import { receivedSection } from '../../src/acquire/received/section.ts';
import { listenAgain } from '../../src/cli/listen-options.ts';
import type { SourceFacts } from '../../src/model/plan.ts';
import { newDesk } from '../support/exhibit.ts';
import { sampleManifest } from '../support/sample-manifest.ts';
import { sentManifest } from '../support/sent.ts';
import { atEnd } from '../support/temp.ts';
import { PLAIN, sentScene } from '../listen/acquire-support.ts';
import { refusedHere, transcriptHere } from './transcript.ts';

describe('exhibit acquire listen://: what it can not be asked for', () => {
  const SIZE = ['--expect-size', '16M'];
  const LEAVE = ['--authority', 'warrant 7'];
  const HERE = 'listen://127.0.0.1:0/dev/sda';
  const cases: readonly (readonly [source: string, more: readonly string[], says: RegExp])[] = [
    [HERE, [], /--expect-size is missing.*\n.*blockdev --getsize64/],
    [HERE, ['--expect-size', '1000'], /--expect-size 1000: that is not a whole number of sectors/],
    [HERE, ['--expect-size', '0'], /--expect-size 0: that is nothing/],
    [HERE, ['--expect-size', 'big'], /--expect-size/],
    [HERE, [...SIZE, '--retries', '1'], /no sector of it can be read again/],
    [HERE, [...SIZE, '--profile', 'rescue'], /no passes over it/],
    [HERE, [...SIZE, '--verify-source'], /no second pass to compare it with/],
    [HERE, [...SIZE, '--profile', 'remote-frozen'], /second pass.*\n.*The profile "remote-frozen" asks for it/],
    [HERE, [...SIZE, '--software-block'], /Leave --software-block out/],
    [HERE, [...SIZE, '--frozen', 'it sleeps'], /--frozen is for what is reached over SSH \(ssh:/],
    [HERE, [...SIZE, '--connections', '4'], /--connections is for what is reached over SSH/],
    [HERE, [...SIZE, '--identity', 'key'], /--identity is for what is reached over SSH/],
    [HERE, [...SIZE, '--host-key', 'SHA256:x'], /--host-key is for what is reached over SSH/],
    [HERE, [...SIZE, '--allow', 'box'], /--allow can not be used.*"box": it is no IP address/],
    [HERE, [...SIZE, '--allow-peer', '192.0.2.7/24'], /write which/],
    [HERE, [...SIZE, '--allow-plaintext', ' '], /--allow-plaintext is empty/],
    [HERE, [...SIZE, ...PLAIN, '--tls'], /which of the two is meant/],
    [HERE, [...SIZE, '--reached-by', 'gate.example'], /--reached-by gate\.example is no IP address/],
    ['listen://box:9000', SIZE, /is no IP address/],
    ['listen://127.0.0.1', SIZE, /it names no port/],
    ['listen://127.0.0.1:70000', SIZE, /is no port/],
    ['listen://192.0.2.1:9000', [...SIZE, ...PLAIN, '--unsigned'], /this station has no such address/],
    ['/dev/sdx', SIZE, /--expect-size is for a disk that another machine sends/],
    ['/dev/sdx', PLAIN, /--allow-plaintext is for a disk that another machine sends/],
    ['ssh://root@127.0.0.1/dev/sda', ['--allow', '127.0.0.1'], /--allow is for a disk that another machine sends/],
  ];
  for (const [source, more, says] of cases)
    test(`${source} ${more.join(' ')}: 2, and nothing is made`, async (t) => {
      const desk = newDesk(t);
      await refusedHere(desk, desk.acquire(source, ...LEAVE, ...more), { exit: 2, says: [says] });
    });

  test('without a word on whose leave: 2', async (t) => {
    const desk = newDesk(t);
    await refusedHere(desk, desk.acquire(HERE, ...SIZE), { exit: 2, says: [/--authority TEXT/] });
  });

  test('all that speaks against it is told at once', async (t) => {
    const desk = newDesk(t);
    const argv = desk.acquire(HERE, '--allow', 'x', '--retries', '-1');
    await refusedHere(desk, argv, { exit: 2, says: [/--expect-size is missing/, /"x": it is no IP/, /--retries/] });
  });

  test('a port that another program has: 2, before anything is made', async (t) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    atEnd(t, () => other.close());
    const { port } = other.address() as AddressInfo;
    const desk = newDesk(t);
    const argv = desk.acquire(`listen://127.0.0.1:${port}`, ...SIZE, ...LEAVE, ...PLAIN);
    await refusedHere(desk, argv, { exit: 2, says: [/another program has this port/] });
  });

  test('a dry run says what it would be, and what that is worth', async (t) => {
    const here = sentScene(t, 512);
    const argv = here.argv.filter((word) => word !== '--json');
    const ended = await transcriptHere([...argv, '--dry-run'], {
      exit: 0,
      prints: [/nothing was read or written/],
      says: [
        /NOT encrypted, NOT authenticated/,
        /\[listen\.live\]/,
        /\[listen\.plain\]/,
        /\[listen\.anybody\]/,
        /\[remote\.volatile\]/,
      ],
    });
    assert.doesNotMatch(ended.stderr, /Run ONE of these/);
  });
});

test('a stopped one is waited for where it was, by the address that was named; at another place by that one', () => {
  const received = sentManifest(sampleManifest()).source.received!;
  const sent = { section: { ...received, reached_by: '203.0.113.9' }, path: 'listen://0.0.0.0:9000/dev/sda' };
  assert.equal(listenAgain(sent, null, {}).reachedBy, '203.0.113.9');
  assert.equal(listenAgain(sent, null, { reachedBy: '203.0.113.10' }).reachedBy, '203.0.113.10');
  assert.equal(listenAgain(sent, 'listen://192.0.2.5:9000', {}).reachedBy, null);
  const request = { address: { host: '0.0.0.0', port: 9000, path: null }, size: 512, allowed: [], plaintext: null };
  const asked = { ...request, reachedBy: '203.0.113.9' };
  assert.equal(receivedSection({ received: asked } as unknown as SourceFacts)?.reached_by, '203.0.113.9');
});
