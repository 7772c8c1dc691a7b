import { known, unknown, valueOf, type Device, type Fact } from '../model/device.ts';
import type { PartitionTable, TableEntry } from '../model/probe.ts';
import { firstWords, type Answer, type Asker } from './ask.ts';
import { countAt, listAt, parseRecord, recordAt, recordOf, textAt, type Json } from './json.ts';

const NO_TABLE = 'does not contain a recognized partition table';

/** The partition table with its types: from lsblk's facts where they are whole, else from sfdisk, which only reads. */
export async function askPartitionTable(asker: Asker, device: Device): Promise<Fact<PartitionTable>> {
  if (device.kind === 'partition') return unknown(`${device.path} is a partition: it has no table of its own`);
  const facts = fromFacts(device);
  if (facts !== null && facts.entries.every(({ type }) => type !== null)) return known(facts);
  const asked = parseSfdisk(await asker.ask(['sfdisk', '--json'], device.path), device.logicalSector);
  const told = valueOf(asked);
  // Partitions that the kernel shows are there, whatever sfdisk makes of the table.
  const useful = told !== null && (told.entries.length > 0 || facts === null);
  return useful || facts === null ? asked : known(facts);
}

function fromFacts({ partitions }: Device): PartitionTable | null {
  if (partitions.length === 0) return null;
  return {
    label: null,
    by: 'lsblk',
    entries: partitions.map(({ start, size, type }) => ({ start, size, type, name: null })),
  };
}

/**
 * Reads `sfdisk --json`. "No table that sfdisk knows" is an answer: a table without entries.
 * @param sector bytes, for sfdisk before 2.35, which does not tell its unit
 */
export function parseSfdisk(answer: Answer, sector: number): Fact<PartitionTable> {
  if (answer.why !== null) return unknown(answer.why);
  if (answer.exit === 1 && answer.stderr.includes(NO_TABLE)) return known({ label: null, by: 'sfdisk', entries: [] });
  const json = answer.exit === 0 ? parseRecord(answer.stdout) : null;
  const table = json === null ? null : recordAt(json, 'partitiontable');
  const label = table === null ? null : textAt(table, 'label');
  if (table === null || label === null || textAt(table, 'unit') !== 'sectors') {
    return unknown(`sfdisk does not tell: ${firstWords(answer.stderr, answer.stdout)}`);
  }
  const unit = countAt(table, 'sectorsize') ?? sector;
  const entries = listAt(table, 'partitions').map((entry) => entryOf(recordOf(entry) ?? {}, unit));
  const whole = entries.filter((entry) => entry !== null);
  if (whole.length !== entries.length) return unknown('sfdisk tells a partition without a place');
  return known({ label, by: 'sfdisk', entries: whole });
}

function entryOf(entry: Json, unit: number): TableEntry | null {
  const [start, size] = [countAt(entry, 'start'), countAt(entry, 'size')];
  if (start === null || size === null || !Number.isSafeInteger((start + size) * unit)) return null;
  return { start: start * unit, size: size * unit, type: textAt(entry, 'type'), name: textAt(entry, 'name') };
}
