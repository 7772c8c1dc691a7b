import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { until } from '../support/children.ts';
import { journalOf, manifestOf, newDesk, startExhibit, type Desk } from '../support/exhibit.ts';
import { startLink, type Link } from '../support/link.ts';
import { diskBytes, lacks } from '../support/loop.ts';
import { lacksSshd, startSshd, type Sshd, type SshdOptions } from '../support/sshd.ts';
import { tempFolder } from '../support/temp.ts';
import { transcript } from '../cli/transcript.ts';
import { loopDisk, MIB, pathWith } from './ranges-support.ts';

const SIZE = 32 * MIB;
/** So that a middle can be met. */
const SLOW = ['--limit-rate', '12M'];

interface Scene {
  readonly sshd: Sshd;
  readonly link: Link;
  readonly desk: Desk;
  readonly bytes: Buffer;
  readonly node: string;
  readonly argv: string[];
  readonly resume: string[];
}

async function scene(
  t: TestContext,
  more: readonly string[],
  options: SshdOptions = {},
  desk = newDesk(t),
  size = SIZE,
): Promise<Scene> {
  const bytes = diskBytes(size);
  // Taken away last: what a dead link left over there may still hold it.
  const node = loopDisk(t, bytes);
  const sshd = await startSshd(t, options);
  const link = await startLink(t, sshd.port);
  const login = ['--identity', sshd.identity, '--host-key', sshd.fingerprint];
  const source = `ssh://root@127.0.0.1:${link.port}${node}`;
  const argv = desk.acquire(source, ...login, '--authority', 'warrant', ...SLOW, ...more);
  const resume = ['resume', desk.evidence(), '--identity', sshd.identity, '--key', desk.key];
  return { sshd, link, desk, bytes, node, argv, resume };
}

const skipped = (t: TestContext): boolean => lacksSshd(t) || lacks(t, 'losetup');
const records = (desk: Desk, type: string) => journalOf(desk.evidence()).filter((record) => record.type === type);
/** Something is on record, and more is on its way. */
const middle = ({ desk }: Scene): Promise<void> =>
  until(
    () => records(desk, 'checkpoint').some(({ data }) => Number(data['position']) > 0),
    'some of it is on record',
    60_000,
  );

async function judge({ desk, bytes }: Scene): Promise<void> {
  assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd')).equals(bytes), 'image and disk are the same');
  await transcript(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
}

describe('the way to the machine is lost', () => {
  test('cut in the middle: noticed, connected anew, gone on with; nothing is marked bad', async (t) => {
    if (skipped(t)) return;
    const here = await scene(t, []);
    const job = startExhibit(t, here.argv);
    await middle(here);
    here.link.cut();
    const ended = await job.endedWithin(120_000);
    assert.equal(ended.code, 0, ended.stderr);
    const { sessions, source, read_map } = manifestOf(here.desk.evidence());
    const [pause] = sessions[0]?.pauses ?? [];
    assert.deepEqual([pause?.code, pause?.outcome], ['remote.link-lost', 'reconnected']);
    assert.equal(source.remote?.connections.length, 2);
    assert.ok(source.remote.proof.bytes >= SIZE);
    assert.equal(read_map.unreadable, 0);
    await judge(here);
  });

  test('silent without closing: noticed within five seconds and a little, and gone on with', async (t) => {
    if (skipped(t)) return;
    const here = await scene(t, []);
    const job = startExhibit(t, here.argv);
    await middle(here);
    here.link.stall(true);
    const since = performance.now();
    await until(() => records(here.desk, 'paused').length > 0, 'the pause is on record', 20_000);
    const noticed = performance.now() - since;
    here.link.stall(false);
    const ended = await job.endedWithin(120_000);
    assert.equal(ended.code, 0, ended.stderr);
    assert.equal(records(here.desk, 'paused')[0]?.data['code'], 'remote.silent');
    assert.ok(noticed < 8000, `noticed after ${noticed} ms`);
    await judge(here);
  });

  test('gone for good: 11, with what was read kept; resume finishes it when it is back', async (t) => {
    if (skipped(t)) return;
    const here = await scene(t, ['--wait-for-device', '3s']);
    const job = startExhibit(t, here.argv);
    await middle(here);
    here.link.stall(true);
    const ended = await job.endedWithin(120_000);
    assert.equal(ended.code, 11, ended.stderr);
    assert.match(ended.stderr, /exhibit resume/);
    here.link.stall(false);
    await transcript(here.resume, { exit: 0, prints: [/Every byte was read/], says: [/going on at byte/] });
    assert.equal(manifestOf(here.desk.evidence()).sessions.length, 2);
    await judge(here);
  });

  test('cut after the last byte, while the disk is looked at once more: connected anew, and closed as if nothing had been', async (t) => {
    if (skipped(t)) return;
    const flag = join(tempFolder(t), 'now');
    const desk = newDesk(t);
    // Asked for lsblk when all is read, it says so, and waits for its end.
    const read = `grep -qs '"type":"read"' ${join(desk.evidence(), 'HDD-01.journal.jsonl')}`;
    const wrapper = `if ${read} && [ ! -e ${flag} ]; then : >${flag}; sleep 9; fi; exec /usr/bin/lsblk "$@"`;
    const here = await scene(t, [], { env: pathWith(t, 'lsblk', wrapper) }, desk, 4 * MIB);
    const job = startExhibit(t, here.argv);
    await until(() => existsSync(flag), 'the disk is looked at again', 60_000);
    here.link.cut();
    const ended = await job.endedWithin(120_000);
    assert.equal(ended.code, 0, ended.stderr);
    const { sessions, source } = manifestOf(desk.evidence());
    const [pause] = sessions[0]?.pauses ?? [];
    assert.deepEqual([pause?.code, pause?.outcome], ['remote.link-lost', 'reconnected']);
    assert.equal(source.remote?.connections.length, 2);
    await judge(here);
  });

  test('we are killed: resume goes on, with the key of the first session and no other', async (t) => {
    if (skipped(t)) return;
    const here = await scene(t, []);
    const job = startExhibit(t, here.argv);
    await until(() => records(here.desk, 'checkpoint').length > 0, 'a checkpoint', 60_000);
    job.kill('SIGKILL');
    await job.ended;
    const other = await startSshd(t);
    await transcript([...here.resume, '--host-key', other.fingerprint], { exit: 15, says: [/not the key by which/] });
    const elsewhere = `ssh://root@127.0.0.1:${other.port}${here.node}`;
    const [command = '', folder = '', ...rest] = here.resume;
    await transcript([...here.resume, '--allow', '127.0.0.1', '--reached-by', '192.0.2.1'], {
      exit: 2,
      says: [
        /--allow is for a disk that another machine sends/,
        /--reached-by is for a disk that another machine sends/,
      ],
    });
    for (const source of [here.node, 'listen://127.0.0.1:0'])
      await transcript([command, folder, source, ...rest], {
        exit: 2,
        says: [/the disk of this acquisition was read over SSH/, /Name the source as it was named first/],
      });
    await transcript([command, folder, elsewhere, ...rest], { exit: 15, says: [/which is changed/] });
    assert.doesNotMatch(other.log(), /Accepted|Failed/);
    await transcript(here.resume, { exit: 0, prints: [/Every byte was read/], says: [/going on at byte/] });
    await judge(here);
  });

  test('the machine was started anew: 11, nothing more is read; resume asks for the reason', async (t) => {
    if (skipped(t)) return;
    const flag = join(tempFolder(t), 'rebooted');
    const wrapper = `case $1 in *boot_id) if [ -e ${flag} ]; then echo 11111111-2222-3333-4444-555555555555; exit; fi;; esac; exec /bin/cat "$@"`;
    // python3 asks the kernel itself.
    const here = await scene(t, ['--remote-reader', 'dd'], { env: pathWith(t, 'cat', wrapper) });
    const job = startExhibit(t, here.argv);
    await middle(here);
    writeFileSync(flag, '');
    here.link.cut();
    const ended = await job.endedWithin(120_000);
    assert.equal(ended.code, 11, ended.stderr);
    assert.match(ended.stderr, /was started anew since.*boot id/);
    await transcript(here.resume, { exit: 11, says: [/started anew/, /--rebooted REASON/] });
    assert.ok(!existsSync(join(here.desk.evidence(), 'HDD-01.manifest.json')));
    await transcript([...here.resume, '--rebooted', 'power was lost'], {
      exit: 0,
      prints: [/Every byte was read/],
      says: [/started anew.*power was lost \[resume\.rebooted\]/],
    });
    const { sessions } = manifestOf(here.desk.evidence());
    const second = sessions[1];
    assert.ok(second !== undefined);
    assert.deepEqual(
      second.overrides.find(({ option }) => option === 'rebooted'),
      { option: 'rebooted', reason: 'power was lost' },
    );
    assert.notEqual(second.attachments[0]?.reread, null);
    await judge(here);
  });
});
