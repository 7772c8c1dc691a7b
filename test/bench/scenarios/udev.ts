import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { systemEnv } from '../../../src/cli/env.ts';
import { judgeAgents } from '../../../src/doctor/automount.ts';
import { observeProcesses } from '../../../src/doctor/processes.ts';
import { judgeRules, observeRules } from '../../../src/doctor/udev-rules.ts';
import { until } from '../../support/children.ts';
import { atEnd } from '../../support/temp.ts';
import { packageRoot } from '../../support/root.ts';
import type { Bench } from '../guest/bench.ts';
import { disksBelow, type BenchDisk } from '../guest/disks.ts';
import type { UsbDisk } from '../guest/usb-disk.ts';
import { BRIDGE } from '../guest/usb-specs.ts';
import { scenario } from '../scenario.ts';

const RULES = '00-exhibit-read-only.rules';
const ARMED = '/run/exhibit-read-only';
const UDEVD = '/lib/systemd/systemd-udevd';

/** The real udevd with Debian's rules and ours, as after a boot: what is there already has been replayed. */
async function startUdev(bench: Bench): Promise<void> {
  mkdirSync('/run/udev/rules.d', { recursive: true });
  copyFileSync(`${packageRoot}/hardware/udev/${RULES}`, `/run/udev/rules.d/${RULES}`);
  writeFileSync(ARMED, '');
  // As 60-block.rules sets it where nobody else has: how often drives are asked for another medium.
  writeFileSync('/sys/module/block/parameters/events_dfl_poll_msecs', '1000');
  bench.must(UDEVD, '--daemon');
  atEnd(bench.t, async () => {
    bench.run('udevadm', 'control', '--exit');
    await until(() => !runs('systemd-udevd'), 'udevd to end', 20_000);
    rmSync('/run/udev', { recursive: true, force: true });
    rmSync(ARMED, { force: true });
    writeFileSync('/sys/module/block/parameters/events_dfl_poll_msecs', '0');
  });
  replay(bench);
}

function runs(program: string): boolean {
  return readdirSync('/proc').some((id) => {
    try {
      return readFileSync(`/proc/${id}/comm`, 'utf8').trim() === program;
    } catch {
      return false;
    }
  });
}

/** As systemd-udev-trigger does it at boot. */
function replay(bench: Bench): void {
  bench.must('udevadm', 'trigger', '--action=add', '--subsystem-match=block');
  settle(bench);
}

function settle(bench: Bench): void {
  bench.must('udevadm', 'settle', '--timeout=15');
}

/** A USB disk with one partition, pulled out. */
async function partitioned(bench: Bench, serial: string, removable = false): Promise<UsbDisk> {
  const usb = await bench.usb({ ...BRIDGE, serial, removable });
  await usb.pull();
  bench.must('sh', '-c', `echo , | sfdisk --quiet ${usb.medium}`);
  return usb;
}

/** The flags of a disk and of its partition; null: there is none. */
function flags({ name }: BenchDisk): (string | null)[] {
  return [name, `${name}/${name}1`].map((path) => {
    const file = `/sys/block/${path}/ro`;
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
  });
}

/** The kernel's flags once they are so; what they are when they don't become so within the time. */
async function becoming(disk: BenchDisk, wanted: string): Promise<(string | null)[]> {
  for (let left = 50; left > 0 && flags(disk).join() !== wanted; left -= 1) await pause(200);
  return flags(disk);
}

function properties(bench: Bench, node: string): string[] {
  const all = bench.must('udevadm', 'info', '--query=property', node).split('\n');
  return all.filter((line) => /^(EXHIBIT|UDISKS|SYSTEMD_READY|DM_UDEV)/.test(line)).sort();
}

/** Plugs in a reader without a medium, then gives it one. */
async function insertLater(bench: Bench, usb: UsbDisk): Promise<BenchDisk> {
  const file = `/sys/kernel/config/usb_gadget/disk-${usb.socket}/functions/mass_storage.0/lun.0/file`;
  writeFileSync(file, '\n');
  const find = (): BenchDisk[] => disksBelow(`/sys/devices/platform/dummy_hcd.${usb.socket}`);
  // It waits for a disk that has a size.
  const filled = usb.plug();
  await until(() => find().length === 1, 'the empty reader', 20_000);
  settle(bench);
  writeFileSync(file, usb.medium);
  return filled;
}

export const udevScenarios = [
  scenario({
    name: 'udev: the rules of hardware/udev set new disks read-only, and leave alone what was there',
    setup: async (bench) => {
      const own = await partitioned(bench, 'OWN');
      await own.plug();
      const [fresh, card, late] = [
        await partitioned(bench, 'FRESH'),
        await partitioned(bench, 'CARD', true),
        await partitioned(bench, 'LATE'),
      ];
      await startUdev(bench);
      return { own, fresh, card, late };
    },
    command: async (bench, { own, fresh, card, late }) => {
      const seen: Record<string, unknown> = { 'own, replayed': flags(own.disk) };
      // Debugging of rules must not act by them.
      const looked = bench.must('udevadm', 'test', '--action=add', own.disk.sysfs);
      seen['own, looked at'] = [/blockdev --setro/.test(looked), ...flags(own.disk)];
      await fresh.plug();
      seen['new'] = await becoming(fresh.disk, '1,1');
      settle(bench);
      seen['new, hidden'] = properties(bench, `${fresh.node}1`);
      replay(bench);
      seen['new, replayed'] = properties(bench, fresh.node);
      const { ports } = systemEnv([]);
      const processes = await observeProcesses(ports);
      const doctor = [...judgeRules(await observeRules(ports), processes), ...judgeAgents(processes)];
      bench.must('blockdev', '--setrw', fresh.node, `${fresh.node}1`);
      bench.run('sh', '-c', `echo , | sfdisk --quiet ${fresh.node}`);
      settle(bench);
      seen['made writable, partitioned again'] = [flags(fresh.disk), properties(bench, fresh.node)];
      bench.run('sh', '-c', `echo , | sfdisk --quiet ${own.node}`);
      settle(bench);
      seen['own, partitioned again'] = flags(own.disk);
      seen['another medium'] = await becoming(await insertLater(bench, card), '1,1');
      rmSync(ARMED);
      await late.plug();
      settle(bench);
      seen['not armed'] = flags(late.disk);
      return { seen, doctor };
    },
    expect: ({ seen, doctor }) => {
      const hidden = ['DM_UDEV_DISABLE_OTHER_RULES_FLAG=1', 'EXHIBIT_NEW_DISK=1', 'SYSTEMD_READY=0'];
      const hints = ['UDISKS_AUTO=0', 'UDISKS_IGNORE=1'];
      assert.deepEqual(seen, {
        'own, replayed': ['0', '0'],
        'own, looked at': [true, '0', '0'],
        new: ['1', '1'],
        'new, hidden': [...hidden, ...hints],
        'new, replayed': [...hidden, ...hints],
        'made writable, partitioned again': [['0', '0'], ['EXHIBIT_NEW_DISK=1']],
        'own, partitioned again': ['0', '0'],
        'another medium': ['1', '1'],
        'not armed': ['0', '0'],
      });
      assert.deepEqual(
        doctor.map(({ what, state }) => `${what} ${state}`),
        ['read-only rules ok', 'rules armed ok', 'rules run ok', 'udev ok', 'agents ok'],
        JSON.stringify(doctor),
      );
    },
  }),
];
