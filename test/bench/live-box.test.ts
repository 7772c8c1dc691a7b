/**
 * The live box: a machine that runs, reached by SSH over a forwarded port, and its disks pulled from here. One machine for
 * all of it, started once, and reset twice.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { transcript, refused } from '../cli/transcript.ts';
import { isAlive } from '../support/children.ts';
import { journalOf, manifestOf, newDesk, startExhibit, type Desk } from '../support/exhibit.ts';
import { diskBytes } from '../support/loop.ts';
import { atEnd, tempFolder } from '../support/temp.ts';
import { LiveBox } from './host/live-box.ts';

const NAME = 'a live box';
const only = process.env['BENCH'] ?? '';
/** Five minutes are what it takes on two cores with little else to do; this is when something is wrong. */
const ALL_OF_IT_MS = 1_200_000;
const MIB = 1_048_576;

/** What a command line about a disk of the box has besides: who we are, that it is the box, what its label says. */
const login = (box: LiveBox): string[] => ['--identity', box.identity, '--host-key', box.fingerprint];
const acquireOf = (box: LiveBox, desk: Desk, path: string, ...more: string[]): string[] =>
  desk.acquire(`ssh://${box.place}${path}`, ...login(box), '--authority', 'warrant 12', '--yes', ...more);
/** Temporary folders are on the station's own disk. */
const HERE = '--allow-system-destination';

async function verified(desk: Desk, item = 'HDD-01'): Promise<Buffer> {
  await transcript(['verify', desk.evidence(item), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
  return readFileSync(join(desk.evidence(item), `${item}.dd`));
}

const same = (image: Buffer, disk: Buffer): void => {
  assert.ok(image.equals(disk), 'image and disk are the same');
};

const skip = NAME.includes(only) ? false : `BENCH is "${only}"`;

/** Null, and the test skipped aloud, where there can be none. It is switched off when the test ends. */
async function boxFor(t: TestContext, limitMs: number): Promise<LiveBox | null> {
  const box = await LiveBox.start(tempFolder(t), limitMs);
  if (typeof box === 'string') {
    t.skip(box);
    return null;
  }
  atEnd(t, () => box.off());
  return box;
}

test(NAME, { skip }, async (t) => {
  const box = await boxFor(t, ALL_OF_IT_MS);
  if (box === null) return;
  await box.up();
  await t.test('its disks are in the table, with what they hang on and who uses them', () => table(box));
  await t.test('its disk, in use, is imaged to a manifest that says so', (t) => inUse(t, box));
  await t.test('an encrypted disk that is open: the content is offered, the ciphertext takes a reason', (t) =>
    encrypted(t, box),
  );
  await t.test('reset between two ranges: stopped, and gone on with for a reason alone', (t) => resetAtRest(t, box));
  await t.test('reset while it writes: what is not as on the disk any more is on record', (t) =>
    resetWhileItWrites(t, box),
  );
});

test('a live box that takes too long is switched off', { skip }, async (t) => {
  const box = await boxFor(t, 300);
  if (box === null) return;
  await assert.rejects(box.up(), /the live box ended/);
  assert.ok(!isAlive(box.pid));
});

async function table(box: LiveBox): Promise<void> {
  await transcript(['devices', `ssh://${box.place}`, ...login(box)], {
    exit: 0,
    prints: [
      /^\/dev\/sda +32\.0 MiB +EXHIBIT LIVE DIS +WD-BOX0001 +SATA: ahci 0000:00:1f\.2 +rw /m,
      /^ +\/dev\/sda1 +8\.0 MiB +rw +\/run\/data$/m,
      /^\/dev\/sdb .*WD-BOX0002/m,
    ],
  });
}

async function inUse(t: TestContext, box: LiveBox): Promise<void> {
  // It is written to like any disk of a machine that runs, but not while it is read: the image is to be the disk.
  const before = box.disk('sda');
  box.run('mount -o remount,rw,noatime /run/data && echo of this day >/run/data/note && sync && sync');
  assert.ok(!box.disk('sda').equals(before), 'the machine has written to its disk');
  const desk = newDesk(t);
  await transcript(acquireOf(box, desk, '/dev/sda', '--label-serial', 'WD-BOX0001', HERE), {
    exit: 0,
    prints: [/Every byte was read/, /live, not reproducible/, /all of 33,554,432 bytes arrived as they were sent/],
    says: [/remote\.live/, /^ +rights +root$/m, /^ +name +live-box$/m],
  });
  same(await verified(desk), box.disk('sda'));
  const { source, guard } = manifestOf(desk.evidence());
  assert.deepEqual([source.serial, source.transport, source.physical], ['WD-BOX0001', 'sata', true]);
  assert.deepEqual([source.held_by, guard.verdict], ['remote-descriptor', 'not-applicable']);
  const { remote } = source;
  assert.ok(remote !== null);
  assert.deepEqual([remote.live, remote.reproducible], [true, 'no']);
  assert.deepEqual(remote.uses, [{ kind: 'mount', device: '/dev/sda1', by: '/run/data' }]);
  const [kernel = '', boot = ''] = box.run('uname -r; cat /proc/sys/kernel/random/boot_id').split('\n');
  assert.deepEqual([remote.system.hostname, remote.system.boot_id], ['live-box', boot]);
  assert.notEqual(boot, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  assert.ok(remote.system.uname?.startsWith(`Linux ${kernel} `), remote.system.uname ?? 'unknown');
  assert.equal(remote.connections[0]?.host_key.fingerprint, box.fingerprint);
  assert.deepEqual([remote.proof.bytes, remote.proof.hashed_bytes], [source.size, source.size]);
  assert.deepEqual(remote.proof.mismatches, []);
}

const KEY = 'a key of the test';
/** Of real LUKS2, made small: an emulated processor derives keys slowly. */
const FORMAT = `cryptsetup luksFormat --batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
--luks2-metadata-size 16k --luks2-keyslots-size 256k /dev/sdb -`;

async function encrypted(t: TestContext, box: LiveBox): Promise<void> {
  const content = diskBytes(7 * MIB, 5);
  box.run(FORMAT, KEY);
  // Nobody answers device-mapper's question to udev in there.
  box.run('DM_DISABLE_UDEV=1 cryptsetup open --key-file - /dev/sdb vault', KEY);
  box.run('cat >/dev/mapper/vault && sync', content);
  const desk = newDesk(t);
  const label = ['--label-serial', 'WD-BOX0002', HERE];
  await refused(desk, acquireOf(box, desk, '/dev/sdb', ...label), {
    exit: 11,
    says: [
      /\/dev\/sdb is open as \/dev\/mapper\/vault.*the ciphertext may be worthless/,
      new RegExp(`Image ssh://${box.place}/dev/mapper/vault first.*--ciphertext REASON`),
    ],
  });
  // A mapper has no serial of its own, and nobody is asked here.
  const known = ['--label-mismatch', 'it is the content of the disk with this label'];
  await transcript(acquireOf(box, desk, '/dev/mapper/vault', ...label, ...known), {
    exit: 0,
    prints: [/Every byte was read/],
    says: [/label's serial was not compared/],
  });
  same(await verified(desk), content);
  const item = ['--evidence', 'SEALED', '--ciphertext', 'the key is known'];
  await transcript(acquireOf(box, desk, '/dev/sdb', ...label, ...item), {
    exit: 0,
    prints: [/Every byte was read/],
    says: [/read all the same: the key is known.*remote\.ciphertext/],
  });
  const image = await verified(desk, 'SEALED');
  same(image, box.disk('sdb'));
  assert.equal(image.toString('latin1', 0, 6), 'LUKS\xba\xbe');
  assert.equal(image.indexOf(content.subarray(MIB, MIB + 4096)), -1);
  const [layer] = manifestOf(desk.evidence('SEALED'), 'SEALED').source.remote?.unlocked ?? [];
  assert.deepEqual([layer?.device, layer?.mapper], ['/dev/sdb', '/dev/mapper/vault']);
  assert.match(layer?.uuid ?? '', /^CRYPT-LUKS2-[0-9a-f]{32}-vault$/);
}

interface Stopped {
  readonly desk: Desk;
  readonly resume: readonly string[];
}

/** The disk is read slowly, the machine reset in the middle; `starts`: how often it was started by then. */
async function resetInTheMiddle(t: TestContext, box: LiveBox, starts: number): Promise<Stopped> {
  const desk = newDesk(t);
  const records = (type: string) => journalOf(desk.evidence()).filter((record) => record.type === type);
  const label = ['--label-serial', 'WD-BOX0001', HERE];
  const job = startExhibit(t, acquireOf(box, desk, '/dev/sda', '--limit-rate', '2M', ...label));
  const some = (): boolean => records('checkpoint').some(({ data }) => Number(data['position']) > 0);
  await job.until(some, 'some of it is on record', 120_000);
  box.reset();
  const ended = await job.endedWithin(300_000);
  assert.equal(ended.code, 11, ended.stderr);
  assert.match(ended.stderr, /was started anew since: its boot id was/);
  // Nobody closes a connection for a machine that is reset: it is silent, or, up again, knows nothing of it.
  const code = String(records('paused')[0]?.data['code']);
  assert.match(code, /^remote\.(silent|link-lost)$/);
  t.diagnostic(`${code}, told after waiting ${String(records('gave-up-waiting')[0]?.data['waited_ms'])} ms`);
  assert.ok(!existsSync(join(desk.evidence(), 'HDD-01.manifest.json')));
  await box.up(starts + 1);
  const resume = ['resume', desk.evidence(), '--identity', box.identity, '--key', desk.key, '--yes', ...label];
  return { desk, resume };
}

async function resetAtRest(t: TestContext, box: LiveBox): Promise<void> {
  // What is in memory alone would be lost with it, and the disk be another one than was read.
  box.run('mount -o remount,ro /run/data && sync');
  const was = box.disk('sda');
  const { desk, resume } = await resetInTheMiddle(t, box, 1);
  await transcript(resume, { exit: 11, says: [/started anew/, /--rebooted REASON/] });
  await transcript([...resume, '--rebooted', 'somebody pressed reset'], {
    exit: 0,
    prints: [/Every byte was read/],
    says: [/going on at byte [1-9]/],
  });
  same(await verified(desk), was);
  same(box.disk('sda'), was);
  const { sessions, source } = manifestOf(desk.evidence());
  const [, second] = sessions;
  assert.deepEqual(
    second?.overrides.find(({ option }) => option === 'rebooted'),
    { option: 'rebooted', reason: 'somebody pressed reset' },
  );
  assert.deepEqual(second.attachments[0]?.reread?.differing, []);
  assert.equal(new Set(source.remote?.connections.map(({ boot_id }) => boot_id)).size, 2);
}

/** A disk that is written to when the machine goes down is another one when it is up again. */
async function resetWhileItWrites(t: TestContext, box: LiveBox): Promise<void> {
  const writer = 'while :; do head -c 3000 /dev/urandom >/run/data/f$((n = (n + 1) % 20)); sync; sleep 1; done';
  box.run('mount -o remount,rw /run/data');
  box.run(`(${writer}) >/dev/null 2>&1 </dev/null &`);
  const { desk, resume } = await resetInTheMiddle(t, box, 2);
  await transcript([...resume, '--rebooted', 'somebody pressed reset'], {
    exit: 0,
    prints: [/Every byte was read/, /UNSTABLE: \d+ places answered differently when read again/],
  });
  const differing = sectorsThatDiffer(await verified(desk), box.disk('sda'));
  assert.ok(differing.length > 0);
  const { unstable } = manifestOf(desk.evidence()).read_map;
  assert.deepEqual(
    unstable.map(({ start }) => start / 512),
    differing,
    'what is not as on the disk is on record, sector by sector',
  );
}

function sectorsThatDiffer(one: Buffer, other: Buffer): number[] {
  const sector = (bytes: Buffer, n: number): Buffer => bytes.subarray(n * 512, (n + 1) * 512);
  return Array.from({ length: one.length / 512 }, (_, n) => n).filter((n) => !sector(one, n).equals(sector(other, n)));
}
