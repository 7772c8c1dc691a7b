import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { until } from '../support/children.ts';
import { elsewhere, type Elsewhere } from '../support/elsewhere.ts';
import { journalOf, manifestOf, newDesk, startExhibit, type Desk, type Running } from '../support/exhibit.ts';
import { diskBytes, lacks } from '../support/loop.ts';
import { lacksSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { transcript } from '../cli/transcript.ts';
import { loopDisk, MIB } from './ranges-support.ts';

const SIZE = 64 * MIB;

interface Scene {
  readonly net: Elsewhere;
  readonly sshd: Sshd;
  readonly desk: Desk;
  readonly bytes: Buffer;
  readonly argv: readonly string[];
}

/** A machine at the other end of a cable, whose disk gives 16 MiB a second. */
async function scene(t: TestContext, more: readonly string[] = []): Promise<Scene | null> {
  if (lacksSshd(t) || lacks(t, 'losetup', 'ip')) return null;
  const net = elsewhere(t);
  if (net === null) return null;
  const bytes = diskBytes(SIZE);
  // Taken away last: what a dead link left over there may still hold it.
  const node = loopDisk(t, bytes);
  const sshd = await startSshd(t, { inside: net.there, address: net.theirs });
  const desk = newDesk(t);
  const login = ['--identity', sshd.identity, '--host-key', sshd.fingerprint, '--authority', 'warrant'];
  return { net, sshd, desk, bytes, argv: desk.acquire(`ssh://${sshd.place}${node}`, ...login, ...more) };
}

const records = (desk: Desk, type: string) => journalOf(desk.evidence()).filter((record) => record.type === type);
const begun = ({ desk }: Scene): Promise<void> =>
  until(() => records(desk, 'checkpoint').length > 0, 'the first checkpoint', 60_000);

async function judge({ desk, bytes }: Scene, job: Running): Promise<void> {
  const ended = await job.endedWithin(120_000);
  assert.equal(ended.code, 0, ended.stderr);
  assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd')).equals(bytes), 'image and disk are the same');
  assert.equal(manifestOf(desk.evidence()).read_map.unreadable, 0);
  await transcript(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
}

describe('a machine at the other end of a cable', () => {
  test('the cable is pulled, and put back: noticed within seconds, gone on with where it stood', async (t) => {
    const here = await scene(t, ['--limit-rate', '8M']);
    if (here === null) return;
    const job = startExhibit(t, here.argv);
    await begun(here);
    here.net.pull();
    const since = performance.now();
    await until(() => records(here.desk, 'paused').length > 0, 'the pause is on record', 20_000);
    assert.ok(performance.now() - since < 8000);
    here.net.plug();
    await judge(here, job);
    assert.equal(records(here.desk, 'paused')[0]?.data['code'], 'remote.silent');
  });
});
