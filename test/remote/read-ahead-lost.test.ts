import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { TRANSPORTS } from '../../src/model/remote.ts';
import { ModeChooser } from '../../src/remote/mode-chooser.ts';
import { remoteReader } from '../../src/remote/in-order-reader.ts';
import { RemoteRanges } from '../../src/remote/range-reader.ts';
import { badDisk } from '../support/bad-disk.ts';
import { diskBytes, lacks } from '../support/loop.ts';
import { lacksSshd } from '../support/sshd.ts';
import { tempFolder } from '../support/temp.ts';
import { assertExact, readAll, type HowToRead } from '../read/read-all.ts';
import { code, held, loopDisk, MIB, orderOn, pathWith, proofs, type Options } from './ranges-support.ts';

const RANGE = 16 * 1024;

async function read(
  t: TestContext,
  node: string,
  size: number,
  options: Options,
  how: HowToRead = {},
  connections = 2,
) {
  const proof = proofs();
  const channel = await orderOn(t, node, options);
  const reader = remoteReader({
    channel,
    proof,
    connections,
    rangeBytes: RANGE,
    modes: new ModeChooser(['none'], connections),
    ahead: 2,
  });
  return { ...(await readAll(reader, held(size), { blockBytes: RANGE / 4, ...how })), proof: proof.seen };
}

/** A dd that does something else first where it is told to read this byte. */
const ddThat = (byte: number, does: string): string =>
  [
    's=0; n=0; for w in "$@"; do case $w in skip=*) s=${w#*=};; count=*) n=${w#*=};; esac; done',
    `if [ $s -le ${byte} ] && [ $((s + n)) -gt ${byte} ]; then ${does}; fi`,
    'exec /usr/bin/dd "$@"',
  ].join('\n');

/** True for whoever comes first. */
const once = (t: TestContext): string => `mkdir ${join(tempFolder(t), 'once')} 2>/dev/null`;

const skipped = (t: TestContext): boolean => lacksSshd(t) || lacks(t, 'losetup');

describe('a program over there that is lost while the link lives', () => {
  test('a read that hangs is left behind in time: its sector is told, everything else is read', async (t) => {
    if (skipped(t)) return;
    const bytes = diskBytes(20 * RANGE);
    const sector = { start: 8 * RANGE + 512 * 100, end: 8 * RANGE + 512 * 101 };
    const env = pathWith(t, 'dd', ddThat(sector.start, 'exec sleep 4'));
    const got = await read(t, loopDisk(t, bytes), bytes.length, { sshd: { env } }, { readTimeoutMs: 1500 });
    assertExact(got, bytes, [sector]);
    assert.deepEqual(
      got.log.bad.map(({ errno }) => errno),
      ['ETIMEDOUT'],
    );
    assert.ok(got.proof.givenUp.length >= 2);
    assert.ok(got.proof.givenUp.every((each) => each.code === 'ETIMEDOUT'));
  });

  test('a read that hangs once costs nothing but time', async (t) => {
    if (skipped(t)) return;
    const bytes = diskBytes(20 * RANGE);
    const env = pathWith(t, 'dd', ddThat(8 * RANGE, `if ${once(t)}; then exec sleep 4; fi`));
    const got = await read(t, loopDisk(t, bytes), bytes.length, { sshd: { env } }, { readTimeoutMs: 1500 });
    assertExact(got, bytes, []);
    assert.equal(got.log.failures.length, 1);
    assert.deepEqual(
      got.proof.givenUp.map((each) => [each.code, each.at]),
      [['ETIMEDOUT', 8 * RANGE]],
    );
  });

  for (const [what, kill] of [
    ['a dd', 'kill -9 $$'],
    [
      'the loop itself',
      'p=$$; while grep -qa exhibit- /proc/$(ps -o ppid= -p $p | tr -d " ")/cmdline; do p=$(ps -o ppid= -p $p | tr -d " "); done; kill -9 $p; exit 1',
    ],
  ] as const)
    test(`${what} that is killed once is replaced, and told`, async (t) => {
      if (skipped(t)) return;
      const bytes = diskBytes(20 * RANGE);
      const env = pathWith(t, 'dd', ddThat(8 * RANGE, `if ${once(t)}; then ${kill}; fi`));
      const got = await read(t, loopDisk(t, bytes), bytes.length, { sshd: { env } });
      assertExact(got, bytes, []);
      assert.deepEqual(
        got.proof.givenUp.map((each) => [each.code, each.at]),
        [['remote.reader-died', 8 * RANGE]],
      );
    });

  test('ranges one at a time: a dd that is killed once is replaced, again and again it ends the reading', async (t) => {
    if (skipped(t)) return;
    const bytes = diskBytes(MIB);
    const env = pathWith(t, 'dd', ddThat(0, `if ${once(t)}; then kill -9 $$; fi`));
    const proof = proofs();
    const ranges = new RemoteRanges(await orderOn(t, loopDisk(t, bytes), { sshd: { env } }), proof);
    const { bytes: came, failure } = await ranges.read({ start: 0, end: MIB });
    assert.deepEqual([failure, Buffer.from(came).equals(bytes)], [null, true]);
    assert.equal(proof.seen.givenUp.length, 1);
    ranges.close();
    const always = pathWith(t, 'dd', ddThat(0, 'kill -9 $$'));
    const deadly = new RemoteRanges(await orderOn(t, loopDisk(t, bytes), { sshd: { env: always } }), proof);
    await assert.rejects(deadly.read({ start: 0, end: MIB }), code('remote.reader-died'));
    deadly.close();
  });

  for (const transport of TRANSPORTS)
    test(`a host that gives fewer channels than asked for: read over those, a bad place too, by ${transport}`, async (t) => {
      if (lacksSshd(t)) return;
      const content = diskBytes(20 * RANGE);
      const bad = { start: 8 * RANGE + 512, end: 8 * RANGE + 1024 };
      const disk = await badDisk(t, { content, bad: [bad] });
      if (disk === null) return;
      const options = { sshd: { config: ['MaxSessions 3'] }, transport };
      const got = await read(t, disk.node, content.length, options, {}, 6);
      assertExact(got, content, [bad]);
      const refused = got.proof.givenUp.filter((each) => each.code === 'remote.no-channel');
      assert.equal(refused.length, got.proof.givenUp.length);
      assert.ok(refused.length >= 4, JSON.stringify(refused));
    });
});
