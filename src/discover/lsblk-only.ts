import { known, unknown, type Device, type DeviceKind, type Fact } from '../model/device.ts';
import { factOf, namesFor } from './describe.ts';
import type { LsblkRow } from './lsblk.ts';
import type { Machine } from './machine.ts';
import { usesOf, type Used } from './uses.ts';

/**
 * A device that lsblk lists and /sys/block does not show: what lsblk says, everything else unknown with this reason.
 * Where its partitions start is not known then, so they are listed beside it as devices of their own.
 */
export async function describeRow(
  machine: Machine,
  row: LsblkRow,
  parts: readonly LsblkRow[],
  why: string,
): Promise<Device> {
  const holders = unknown(`holders can't be seen: ${why}`);
  const used = (one: LsblkRow): Used => ({
    name: one.name,
    mapperName: null,
    number: one.number,
    folder: '',
    holders,
  });
  const flag = (value: boolean | null): Fact<boolean> => (value === null ? unknown(why) : known(value));
  const kind = kindOfRow(row);
  const disk = kind === 'partition' ? (row.parent ?? row.name) : row.name;
  return {
    path: `/dev/${row.name}`,
    name: row.name,
    number: row.number,
    kind,
    // Nothing shows what stands behind it: the careful assumption is that somebody could hold it in a hand.
    physical: kind === 'disk' || kind === 'optical' || kind === 'partition',
    wholeDisk: disk,
    disks: [disk],
    size: row.size ?? 0,
    logicalSector: row.logicalSector ?? 512,
    physicalSector: row.physicalSector ?? 512,
    readOnly: flag(row.readOnly),
    model: factOf(row.model, why),
    serial: factOf(row.serial, why),
    serialAsTold: unknown(why),
    revision: factOf(row.revision, why),
    wwn: factOf(row.wwn, why),
    transport: factOf(row.transport, why),
    removable: row.removable,
    diskseq: unknown(why),
    byId: namesFor(machine.byId, row.name),
    byPath: namesFor(machine.byPath, row.name),
    chain: unknown(why),
    backingFile: null,
    behind: kind === 'loop' ? unknown(why) : known(null),
    around: kind === 'partition' ? { path: `/dev/${disk}`, name: disk, readOnly: unknown(why) } : null,
    partitions: [],
    uses: await usesOf(machine, [row, ...parts].map(used)),
  };
}

/** lsblk's TYPE: disk, part, loop, rom, raid0…, lvm, crypt, mpath, dm. */
export function kindOfRow(row: LsblkRow): DeviceKind {
  if (row.type === 'part') return 'partition';
  if (row.type === 'loop') return 'loop';
  if (row.type === 'rom') return 'optical';
  if (/^(raid|md|linear)/.test(row.type)) return 'raid';
  if (row.type === 'disk') return /^(nbd|zram|ram)\d+$/.test(row.name) ? 'virtual' : 'disk';
  return 'mapper';
}
