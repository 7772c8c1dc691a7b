import { ExhibitError } from '../model/errors.ts';
import type { Device, DeviceKind } from '../model/device.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import { blockAt, sysBlockNames } from './block.ts';
import { describeBlock } from './describe.ts';
import { describeRow, kindOfRow } from './lsblk-only.ts';
import type { LsblkRow } from './lsblk.ts';
import { observeMachine, type Machine } from './machine.ts';

/**
 * All block devices that are whole: disks, loop, mapper and RAID devices, with their partitions. sysfs and lsblk
 * check each other: a device that only one of them knows is listed too. Unused loop, nbd, zram and ram devices are
 * left out. Passive: no device is opened.
 * @throws ExhibitError `discover.failed` when neither can be asked; never an empty list because looking failed
 */
export async function listDevices(ports: Ports): Promise<Device[]> {
  const machine = await observeMachine(ports);
  const names = await sysBlockNames(ports);
  if (!names.known && !machine.lsblk.known) throw bothFailed(names.why, machine.lsblk.why);
  const fromSysfs = await devicesOfSysfs(machine, names.known ? names.value : []);
  const seen = new Set((names.known ? names.value : []).map((name) => name.replaceAll('!', '/')));
  const why = names.known ? 'sysfs does not show this device' : names.why;
  return [...fromSysfs, ...(await devicesOfLsblk(machine, seen, why))].filter(isWorthListing).sort(byName);
}

async function devicesOfSysfs(machine: Machine, names: readonly string[]): Promise<Device[]> {
  const found = await Promise.all(
    names.map(async (name) => {
      const block = await blockAt(machine.ports, `/sys/block/${name}`);
      return block === null ? null : describeBlock(machine, block);
    }),
  );
  return found.filter((device) => device !== null);
}

async function devicesOfLsblk(machine: Machine, seen: ReadonlySet<string>, why: string): Promise<Device[]> {
  const rows: LsblkRow[] = machine.lsblk.known ? [...machine.lsblk.value.values()] : [];
  const isPart = (row: LsblkRow): boolean => kindOfRow(row) === 'partition';
  return Promise.all(
    rows
      .filter((row) => !seen.has(isPart(row) ? (row.parent ?? row.name) : row.name))
      .map((row) =>
        describeRow(
          machine,
          row,
          rows.filter((part) => isPart(part) && part.parent === row.name),
          why,
        ),
      ),
  );
}

const EMPTY_WHEN_UNUSED: readonly DeviceKind[] = ['loop', 'virtual'];

function isWorthListing(device: Device): boolean {
  return device.size > 0 || device.backingFile !== null || !EMPTY_WHEN_UNUSED.includes(device.kind);
}

function byName(a: Device, b: Device): number {
  return a.name.localeCompare(b.name, 'en', { numeric: true });
}

function bothFailed(sysfs: string, lsblk: string): ExhibitError {
  return new ExhibitError(
    'source',
    'discover.failed',
    `The disks of this station can't be listed: ${visible(sysfs)}; ${visible(lsblk)}.`,
    {
      hint: 'Mount sysfs at /sys, or install lsblk (util-linux).',
    },
  );
}
