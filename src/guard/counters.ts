import { type Device, type Fact, known, unknown } from '../model/device.ts';
import { messageOf } from '../model/errors.ts';
import type { WriteCounters } from '../model/guard-facts.ts';
import type { Ports } from '../system/ports.ts';
import { countedNodes } from './observe.ts';

/**
 * The counters of every node that the verdict speaks of. The same before and after is evidence that this host wrote
 * nothing through these nodes; SCSI pass-through (SG_IO) is not counted.
 */
export async function writeCounters(
  ports: Pick<Ports, 'files' | 'root'>,
  device: Device,
): Promise<Fact<readonly WriteCounters[]>> {
  const found: WriteCounters[] = [];
  for (const node of countedNodes(device)) {
    const counters = await countersOf(ports, node);
    if (!counters.known) return counters;
    found.push(counters.value);
  }
  return known(found);
}

/** The counters that can be read now: a partition that is gone must not hide what its disk counts. */
export async function countersThere(
  ports: Pick<Ports, 'files' | 'root'>,
  device: Device,
): Promise<readonly WriteCounters[]> {
  const all = await Promise.all(countedNodes(device).map((node) => countersOf(ports, node)));
  return all.flatMap((counters) => (counters.known ? [counters.value] : []));
}

async function countersOf(
  ports: Pick<Ports, 'files' | 'root'>,
  { path, name }: { readonly path: string; readonly name: string },
): Promise<Fact<WriteCounters>> {
  const file = `/sys/class/block/${name.replaceAll('/', '!')}/stat`;
  try {
    const counters = parseStat(path, await ports.files.readText(ports.root + file));
    return counters === null ? unknown(`${file} is not understood`) : known(counters);
  } catch (error) {
    return unknown(`${file}: ${messageOf(error)}`);
  }
}

/** Kernel's Documentation/block/stat.rst: writes are fields 5 and 7, discards 12 and 14 (since Linux 4.18). Null: no such line. */
export function parseStat(device: string, text: string): WriteCounters | null {
  const fields = text.trim().split(/\s+/).map(Number);
  if (fields.length < 11 || fields.some((field) => !Number.isSafeInteger(field))) return null;
  return {
    device,
    writes: fields[4] ?? 0,
    writtenSectors: fields[6] ?? 0,
    discards: fields[11] ?? 0,
    discardedSectors: fields[13] ?? 0,
  };
}

/** What was written between two looks, in words; null: nothing was counted. Nodes that are in one list only don't count. */
export function countedWrites(before: readonly WriteCounters[], after: readonly WriteCounters[]): string | null {
  const told = after.flatMap((now) => {
    const was = before.find(({ device }) => device === now.device);
    if (was === undefined) return [];
    const writes = now.writes - was.writes;
    const discards = now.discards - was.discards;
    if (writes === 0 && discards === 0 && now.writtenSectors === was.writtenSectors) return [];
    return [
      `${now.device}: ${writes} writes of ${now.writtenSectors - was.writtenSectors} sectors, ${discards} discards`,
    ];
  });
  return told.length === 0 ? null : told.join('; ');
}
