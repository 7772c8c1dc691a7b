import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../../src/manifest/schema.ts';
import type { Place } from '../../support/gate.ts';
import { journalOf, manifestOf, type Desk } from '../../support/exhibit.ts';
import type { Bench, Ran } from '../guest/bench.ts';
import { mediumOf } from '../guest/medium.ts';
import { BLOCKER, BRIDGE } from '../guest/usb-specs.ts';
import { onRequest, scenario } from '../scenario.ts';

/** MiB: more than the 4 after which a reading is held up. */
const LARGE = 6;
const DISK = { ...BLOCKER, mebibytes: LARGE } as const;
/** The same disk behind a bridge that passes its name on, and that is no blocker. */
const BEHIND_ANOTHER = { ...BRIDGE, inquiry: DISK.inquiry, serial: DISK.serial, readOnly: true, mebibytes: LARGE };

const SURE = ['--yes', '--unsigned', '--label-serial', DISK.serial];
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What is left of a job: the journal, and image and manifest when it is complete. */
interface Left {
  readonly ran: Ran;
  readonly records: readonly { type: string; data: Record<string, unknown> }[];
  readonly hashes: readonly [image: string, medium: string];
  readonly manifest: Manifest | null;
}

function leftOf(desk: Desk, ran: Ran): Left {
  const folder = desk.evidence();
  const image = join(folder, 'HDD-01.dd');
  return {
    ran,
    records: journalOf(folder).map(({ type, data }) => ({ type, data })),
    hashes: [existsSync(image) ? sha256(readFileSync(image)) : '', sha256(mediumOf(LARGE))],
    manifest: ran.code === 0 ? manifestOf(folder) : null,
  };
}

/** The job is complete, nothing is marked bad, and whoever opened the manifest sees when the disk was away. */
function judgeWhole({ ran, hashes, manifest }: Left): Manifest {
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(hashes[0], hashes[1]);
  assert.equal(manifest?.outcome, 'complete');
  assert.deepEqual(manifest.read_map.ranges, []);
  return manifest;
}

/** One session, one pause, two attachments that are protected alike. */
function judgeReconnected(left: Left): void {
  const { stderr } = left.ran;
  assert.match(stderr, new RegExp(`Plug back in: .*serial ${DISK.serial}`));
  const { sessions, guard } = judgeWhole(left);
  const [session, more] = sessions;
  assert.equal(more, undefined);
  assert.deepEqual(
    session?.pauses.map(({ code, outcome }) => [code, outcome]),
    [['source.vanished', 'reconnected']],
  );
  const { attachments } = session;
  assert.deepEqual(
    attachments.map(({ verdict, held_by }) => [verdict, held_by]),
    [
      ['known-blocker-declares-wp', 'exclusive-open'],
      ['known-blocker-declares-wp', 'exclusive-open'],
    ],
  );
  const [before, after] = attachments;
  assert.notEqual(before?.identity.diskseq, after?.identity.diskseq);
  const untouched = { writes: 0, written_sectors: 0, discards: 0, discarded_sectors: 0 };
  const counted = [{ device: after?.real_path, ...untouched }];
  assert.deepEqual([after?.counters_before, after?.counters_after], [counted, counted]);
  assert.ok(after?.reread !== null && after?.reread.differing.length === 0);
  assert.equal(guard.verdict, 'known-blocker-declares-wp');
}

/** Stopped for a reason of the disk's own, nothing marked bad, and to be gone on with. */
function judgeRefused({ ran, records }: Left, exits: readonly number[], code: string): void {
  assert.ok(exits.includes(ran.code ?? -1), `${ran.code ?? ''} ${ran.stderr}`);
  const { type, data } = records.at(-1) ?? { type: 'no journal', data: {} };
  assert.deepEqual([type, data['code']], ['stopped', code], ran.stderr);
  assert.deepEqual(records.findLast((record) => record.type === 'read')?.data['unreadable'], []);
}

function judgeResumed(left: Left, codes: readonly (string | null)[]): void {
  const { sessions } = judgeWhole(left);
  assert.deepEqual(
    sessions.map(({ code }) => code),
    codes,
  );
}

function acquire(desk: Desk, node: string, ...more: string[]): string[] {
  return desk.acquire(node, ...SURE, '--profile', 'usb', ...more);
}

async function resume(bench: Bench, desk: Desk, node: string): Promise<Left> {
  const argv = ['resume', desk.evidence(), node, '--yes', '--unsigned'];
  return leftOf(desk, await bench.exhibit(argv));
}

function pulledAndPutBack(place: Place, what: string, more: string[], judge: (left: Left) => void) {
  return scenario({
    name: `the cable is pulled while ${what}, and put back: the job waits, and goes on with the same disk`,
    setup: async (bench) => ({ usb: await bench.usb(DISK), desk: bench.desk() }),
    command: async (bench, { usb, desk }) => {
      const argv = acquire(desk, usb.node, ...more);
      const ran = await bench.whileItWaits(
        desk,
        place,
        argv,
        () => usb.pull(),
        () => usb.plug(),
      );
      return leftOf(desk, ran);
    },
    expect: judge,
  });
}

export const goesAwayScenarios = [
  pulledAndPutBack('read', 'the disk is read', [], judgeReconnected),

  onRequest(
    pulledAndPutBack('second-read', 'the disk is read a second time', ['--verify-source', '--no-probe'], (left) => {
      const { source_check, sessions } = judgeWhole(left);
      assert.equal(source_check.state, 'match');
      const [session] = sessions;
      assert.deepEqual(
        session?.pauses.map(({ outcome }) => outcome),
        ['reconnected'],
      );
      assert.equal(session.attachments.length, 2);
    }),
  ),

  onRequest(
    scenario({
      name: 'the cable is pulled, and another disk put into the socket: exit 11, nothing marked bad; the right disk is gone on with',
      setup: async (bench) => ({ usb: await bench.usb(DISK), desk: bench.desk() }),
      command: async (bench, { usb, desk }) => {
        const { socket } = usb;
        const other = { ...DISK, serial: '000ECC0100000009' };
        const ran = await bench.whileItWaits(
          desk,
          'read',
          acquire(desk, usb.node, '--no-probe'),
          () => usb.remove(),
          () => bench.usb(other, socket),
        );
        const refused = leftOf(desk, ran);
        const right = await bench.usb(DISK);
        return { refused, resumed: await resume(bench, desk, right.node) };
      },
      expect: ({ refused, resumed }) => {
        judgeRefused(refused, [11], 'source.changed');
        assert.match(refused.ran.stderr, /Another disk was put in the place of .*000ECC0100000009/);
        judgeResumed(resumed, ['source.changed', null]);
      },
    }),
  ),

  onRequest(
    scenario({
      name: 'the cable is pulled, and the blocker comes back writable: refused; as it was, it is gone on with',
      setup: async (bench) => ({ usb: await bench.usb(DISK), desk: bench.desk() }),
      command: async (bench, { usb, desk }) => {
        const ran = await bench.whileItWaits(
          desk,
          'read',
          acquire(desk, usb.node, '--no-probe'),
          () => usb.pull(),
          () => usb.moveBehind({ ...DISK, readOnly: false }),
        );
        const refused = leftOf(desk, ran);
        const right = await usb.moveBehind(DISK);
        return { refused, resumed: await resume(bench, desk, right.node) };
      },
      expect: ({ refused, resumed }) => {
        judgeRefused(refused, [10, 11], 'guard.protection-lost');
        judgeResumed(resumed, ['guard.protection-lost', null]);
      },
    }),
  ),

  onRequest(
    scenario({
      name: 'the cable is pulled, and the disk comes back behind a bridge that is no blocker: refused',
      setup: async (bench) => ({ usb: await bench.usb(DISK), desk: bench.desk() }),
      command: async (bench, { usb, desk }) => {
        const argv = acquire(desk, usb.node);
        const ran = await bench.whileItWaits(
          desk,
          'read',
          argv,
          () => usb.pull(),
          () => usb.moveBehind(BEHIND_ANOTHER),
        );
        return leftOf(desk, ran);
      },
      expect: (refused) => {
        judgeRefused(refused, [10, 11], 'guard.protection-lost');
      },
    }),
  ),

  onRequest(
    scenario({
      name: 'the cable is pulled where nobody is to wait: exit 11 at once; once it is back the disk is gone on with',
      setup: async (bench) => ({ usb: await bench.usb(DISK), desk: bench.desk() }),
      command: async (bench, { usb, desk }) => {
        const argv = acquire(desk, usb.node, '--no-probe', '--wait-for-device', '0');
        const ran = await bench.meanwhile(desk, 'read', argv, () => usb.pull());
        const stopped = leftOf(desk, ran);
        const back = await usb.plug();
        return { stopped, resumed: await resume(bench, desk, back.node) };
      },
      expect: ({ stopped, resumed }) => {
        judgeRefused(stopped, [11], 'source.vanished');
        assert.ok(stopped.records.every(({ type }) => type !== 'paused'));
        judgeResumed(resumed, ['source.vanished', null]);
      },
    }),
  ),
];
