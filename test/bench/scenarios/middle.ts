import assert from 'node:assert/strict';
import { sh } from '../../support/loop.ts';
import { journalOf, manifestOf, type Desk } from '../../support/exhibit.ts';
import type { Bench, Ran } from '../guest/bench.ts';
import { MIB } from '../guest/medium.ts';
import { BLOCKER, BRIDGE, READ_ONLY_BRIDGE } from '../guest/usb-specs.ts';
import { scenario } from '../scenario.ts';

/** MiB: more than the 4 after which a reading is held up. */
const LARGE = 6;

function sure(serial: string): string[] {
  return ['--yes', '--label-serial', serial, '--unsigned'];
}

/** What protects is what the kernel says: nothing is asked, which takes its time in there. */
const BY_FLAG = ['--profile', 'usb', '--no-probe'];

/** Closes what was stopped, and gives what the journal and the manifest say of why. */
async function closed(bench: Bench, desk: Desk, item: string): Promise<Closed> {
  const folder = desk.evidence(item);
  const { type, data } = journalOf(folder, item).at(-1) ?? { type: 'no journal', data: {} };
  const sealed = await bench.exhibit(['seal', folder, '--incomplete', 'the bench stopped it', '--unsigned']);
  const manifest = sealed.code === 0 ? manifestOf(folder, item) : null;
  const findings = manifest?.acquisition.findings.map(({ code }) => code) ?? [];
  return { sealed, type, code: data['code'], message: data['message'], outcome: manifest?.outcome, findings };
}

interface Closed {
  readonly sealed: Ran;
  readonly type: string;
  readonly code: unknown;
  readonly message: unknown;
  readonly outcome: string | undefined;
  readonly findings: readonly string[];
}

function judgeStopped(ran: Ran, closed: Closed, code: string): void {
  assert.equal(ran.code, 11, ran.stderr);
  assert.deepEqual([closed.type, closed.code], ['stopped', code], String(closed.message));
  assert.equal(closed.outcome, 'incomplete', closed.sealed.stderr);
  assert.ok(closed.findings.includes(code), closed.findings.join(', '));
}

export const middleScenarios = [
  scenario({
    name: "the kernel's read-only flag falls, or somebody writes, while the disk is read: stopped at once, and on record",
    setup: async (bench) => ({ usb: await bench.usb({ ...BRIDGE, mebibytes: LARGE }), desk: bench.desk() }),
    command: async (bench, { usb, desk }) => {
      const argv = (item: string, ...more: string[]): string[] =>
        desk.acquire(usb.node, ...sure(BRIDGE.serial), '--no-probe', '--evidence', item, ...more);
      sh('blockdev', '--setro', usb.node);
      // Held up for good: it has to end by what it sees, and not by what it would see after the last byte.
      const flag = await bench.endedBy(desk, 'read', argv('FLAG', '--profile', 'usb'), () =>
        sh('blockdev', '--setrw', usb.node),
      );
      const write = [
        'dd',
        'if=/dev/zero',
        `of=${usb.node}`,
        'bs=4096',
        'count=1',
        'conv=fsync',
        'status=none',
      ] as const;
      const unblocked = argv('WRITE', '--allow-unblocked', 'the bench wants it so');
      const written = await bench.endedBy(desk, 'read', unblocked, () => sh(...write));
      return {
        ...{ flag, written },
        flagClosed: await closed(bench, desk, 'FLAG'),
        writtenStopped: journalOf(desk.evidence('WRITE'), 'WRITE').at(-1),
      };
    },
    expect: ({ flag, flagClosed, written, writtenStopped }) => {
      judgeStopped(flag, flagClosed, 'guard.flag-flipped');
      assert.equal(written.code, 11, written.stderr);
      assert.deepEqual([writtenStopped?.type, writtenStopped?.data['code']], ['stopped', 'guard.write-counted']);
      assert.match(String(writtenStopped?.data['message']), /[1-9] writes of 8 sectors, 0 discards/);
    },
  }),

  scenario({
    name: 'another disk under the same name between plan and read: exit 11, nothing is made',
    setup: async (bench) => ({ usb: await bench.usb(BLOCKER), desk: bench.desk() }),
    command: async (bench, { usb, desk }) => {
      const name = usb.node;
      let other = '';
      const ran = await bench.meanwhile(
        desk,
        'trial-signature',
        desk.acquire(name, '--yes', '--label-serial', BLOCKER.serial, ...BY_FLAG),
        async () => {
          await usb.remove();
          other = (await bench.usb(READ_ONLY_BRIDGE, usb.socket)).node;
        },
      );
      return { ran, names: [name, other], made: bench.run('ls', desk.to).stdout };
    },
    expect: ({ ran, names, made }) => {
      assert.equal(names[0], names[1], 'the other disk got another name: nothing was tested');
      assert.equal(ran.code, 11, ran.stderr);
      assert.match(ran.stderr, /is not the source that was planned: .*chain was .*13d7:0001.*, is now .*152d:0578/);
      assert.equal(made, '');
    },
  }),

  scenario({
    name: 'another medium in the same device while it is read: stopped; the kernel has its size and its protection',
    setup: async (bench) => ({
      usb: await bench.usb({ ...READ_ONLY_BRIDGE, removable: true, mebibytes: LARGE }),
      desk: bench.desk(),
    }),
    command: async (bench, { usb, desk }) => {
      const look = (): string => {
        // Opening it makes the kernel ask.
        bench.run('head', '--bytes=1', usb.node);
        return bench.must('blockdev', '--getro', '--getsize64', usb.node).trim();
      };
      const sizes = [look()];
      const argv = desk.acquire(usb.node, ...sure(READ_ONLY_BRIDGE.serial), ...BY_FLAG);
      const ran = await bench.endedBy(desk, 'read', argv, () => {
        usb.insert(2, true);
        sizes.push(look());
      });
      usb.insert(3, false);
      sizes.push(look());
      return { ran, sizes, stopped: journalOf(desk.evidence()).at(-1) };
    },
    expect: ({ ran, sizes, stopped }) => {
      assert.deepEqual(sizes, [`1\n${LARGE * MIB}`, `1\n${2 * MIB}`, `0\n${3 * MIB}`]);
      assert.equal(ran.code, 11, ran.stderr);
      assert.deepEqual([stopped?.type, stopped?.data['code']], ['stopped', 'guard.capacity-changed']);
    },
  }),
];
