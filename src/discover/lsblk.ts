import { ExhibitError, messageOf } from '../model/errors.ts';
import { known, unknown, type Fact } from '../model/device.ts';
import type { Ports } from '../system/ports.ts';
import { at } from './root.ts';

/** What lsblk says of one device. Null: it did not say. */
export interface LsblkRow {
  readonly name: string;
  /** `major:minor`. */
  readonly number: string;
  readonly parent: string | null;
  readonly type: string;
  /** Bytes. */
  readonly size: number | null;
  readonly readOnly: boolean | null;
  readonly removable: boolean | null;
  readonly logicalSector: number | null;
  readonly physicalSector: number | null;
  readonly model: string | null;
  readonly serial: string | null;
  readonly revision: string | null;
  readonly wwn: string | null;
  readonly transport: string | null;
  readonly fileSystem: string | null;
  readonly label: string | null;
  readonly partitionType: string | null;
}

const FROM_SYSFS = 'KNAME,MAJ:MIN,PKNAME,TYPE,SIZE,RO,RM,TRAN,REV,LOG-SEC,PHY-SEC';
const FROM_UDEV = 'MODEL,SERIAL,WWN,FSTYPE,LABEL,PARTTYPE,PARTTYPENAME';

/**
 * The question put to lsblk. Columns that udev's database answers are asked for only where udev runs: an lsblk that
 * finds no database reads them from the disks themselves when it is root, and nobody has named those disks yet.
 */
export function lsblkArgv(udevRuns: boolean): string[] {
  return ['lsblk', '--json', '--bytes', '--all', '--output', udevRuns ? `${FROM_SYSFS},${FROM_UDEV}` : FROM_SYSFS];
}

/** Asks lsblk once for all devices; rows by kernel name. Unknown: it is missing, failed or spoke nonsense. */
export async function askLsblk(ports: Ports): Promise<Fact<ReadonlyMap<string, LsblkRow>>> {
  const udevRuns = await ports.files.statOrNull(at(ports, '/run/udev/data')).catch(() => null);
  const result = await ports.commands.run(lsblkArgv(udevRuns !== null), { timeoutMs: 15_000 });
  if (result.failure === 'missing') return unknown('lsblk is not installed');
  if (result.exit !== 0) {
    return unknown(`lsblk failed (${result.failure ?? `exit ${String(result.exit)}`}): ${result.stderr.trim()}`);
  }
  try {
    return known(new Map(parseLsblk(result.stdout).map((row) => [row.name, row])));
  } catch (error) {
    return unknown(messageOf(error));
  }
}

/** All rows of `lsblk --json`, flat; a device below two parents (RAID) comes once. Throws when it is not lsblk's JSON. */
export function parseLsblk(json: string): LsblkRow[] {
  let answer: unknown;
  try {
    answer = JSON.parse(json);
  } catch (cause) {
    throw new ExhibitError('source', 'discover.failed', 'lsblk did not answer in JSON', { cause });
  }
  const top = isRecord(answer) ? answer['blockdevices'] : undefined;
  if (!Array.isArray(top)) throw new ExhibitError('source', 'discover.failed', 'lsblk listed no blockdevices');
  const rows = flatten(top).flatMap((entry) => rowOf(entry) ?? []);
  return [...new Map(rows.map((row) => [row.name, row])).values()];
}

function flatten(entries: readonly unknown[]): Record<string, unknown>[] {
  return entries.filter(isRecord).flatMap((entry) => {
    const children = entry['children'];
    return [entry, ...(Array.isArray(children) ? flatten(children) : [])];
  });
}

function rowOf(entry: Record<string, unknown>): LsblkRow | null {
  const name = text(entry['kname']);
  const number = text(entry['maj:min']);
  if (name === null || number === null) return null;
  return {
    name,
    number,
    parent: text(entry['pkname']),
    type: text(entry['type']) ?? 'disk',
    size: count(entry['size']),
    readOnly: flag(entry['ro']),
    removable: flag(entry['rm']),
    logicalSector: count(entry['log-sec']),
    physicalSector: count(entry['phy-sec']),
    model: text(entry['model']),
    serial: text(entry['serial']),
    revision: text(entry['rev']),
    wwn: text(entry['wwn']),
    transport: text(entry['tran']),
    fileSystem: text(entry['fstype']),
    label: text(entry['label']),
    partitionType: text(entry['parttypename']) ?? text(entry['parttype']),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim().toWellFormed() : null;
}

/** Before util-linux 2.33 numbers came as strings, flags as "0" and "1". */
function count(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) ? (number as number) : null;
}

function flag(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  return value === '1' ? true : value === '0' ? false : null;
}
