import { intersect, total, type Range } from '../model/range.ts';
import { describeBytes } from '../model/size.ts';
import { visible } from '../model/text.ts';
import { field, type ReportFacts } from './report-lines.ts';

/** A disk can have more bad places than anyone reads; the mapfile and the manifest have them all. */
const SHOWN = 1000;

type ReadMap = ReportFacts['read_map'];

/** What was read and what was not, where it lies, and what failing reads cost. */
export function readSection(facts: ReportFacts): string[] {
  const { read_map: map, outcome } = facts;
  const unread = outcome === 'incomplete' ? 'Not read, or not proven to be' : 'Not read';
  return [
    'Sectors:',
    field('Read', describeBytes(map.good)),
    field('Unreadable', `${describeBytes(map.unreadable)}${map.unreadable === 0 ? '' : ', filled with 00'}`),
    ...(map.failed === 0 ? [] : [field('Failed, and not given up yet', describeBytes(map.failed))]),
    field(unread, describeBytes(map.not_tried)),
    ...costLines(map),
    ...some(map.ranges, map.file, (range) => unreadableLine(facts, range)),
    ...unstableLines(facts),
    ...adoptedLines(map),
  ];
}

/** `12 reads failed; the drive took 6.1 s over them`. */
function costLines({ failed_reads: { count, ms } }: ReadMap): string[] {
  if (count === 0) return [];
  const reads = count === 1 ? '1 read failed' : `${count} reads failed`;
  return [` ${reads}; the drive took ${seconds(ms)} over ${count === 1 ? 'it' : 'them'}`];
}

/** Whole milliseconds as seconds with one digit. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function unreadableLine(facts: ReportFacts, range: ReadMap['ranges'][number]): string {
  const attempts =
    range.attempts === 0 ? 'how often it was tried is not known' : `read in vain ${range.attempts} times`;
  return `  Unreadable: ${whereText(facts, range)}; ${visible(range.errno)}; ${attempts}${touched(facts, range)}`;
}

type Place = Pick<ReadMap['ranges'][number], 'start' | 'end' | 'first_sector' | 'end_sector'>;

function whereText({ source }: ReportFacts, range: Place): string {
  const count = range.end_sector - range.first_sector;
  const sectors =
    count === 1
      ? `sector ${range.first_sector}`
      : `sectors ${range.first_sector} to ${range.end_sector - 1} (${count} of ${source.logical_sector} bytes)`;
  return `${sectors}; bytes ${range.start} to ${range.end - 1}`;
}

/** The pieces and the partitions that a place lies in. */
function touched({ pieces, image, source, probes }: ReportFacts, range: Range): string {
  const first = Math.floor(range.start / pieces.size);
  const last = Math.floor((Math.min(range.end, image.size) - 1) / pieces.size);
  const known = [
    ...source.partitions.map(({ path, start, size }) => ({ name: path, start, end: start + size })),
    ...(source.partitions.length > 0 ? [] : (probes.partition_table?.entries ?? [])).map(
      ({ start, size, name, type }, index) => {
        const words = name ?? type;
        return { name: `${index + 1}${words === null ? '' : ` (${words})`}`, start, end: start + size };
      },
    ),
  ];
  const inside = known.filter((partition) => intersect(partition, range) !== undefined);
  const partition =
    known.length === 0
      ? ''
      : inside.length === 0
        ? '; in no partition'
        : `; in partition ${inside.map(({ name }) => visible(name)).join(', ')}`;
  const piece = first > last ? '' : first === last ? `; piece ${first}` : `; pieces ${first} to ${last}`;
  return `${piece}${partition}`;
}

function unstableLines(facts: ReportFacts): string[] {
  const { unstable, file } = facts.read_map;
  if (unstable.length === 0) return [];
  return [
    ' Sectors that answered differently when they were read again; the image has the first answer:',
    ...some(unstable, file, (each) => {
      const hashes = `first SHA-256 ${each.first}, again ${each.again} (${visible(each.when)})`;
      return `  Unstable: ${whereText(facts, each)}; ${hashes}${touched(facts, each)}`;
    }),
  ];
}

function adoptedLines({ adopted, file }: ReadMap): string[] {
  if (adopted.length === 0) return [];
  return [
    ` Read by another program, not by exhibit: ${describeBytes(total(adopted))}. Their hashes are of the image as it was found.`,
    ...some(adopted, file, ({ start, end }) => `  Read by another program: bytes ${start} to ${end - 1}`),
  ];
}

function some<T>(list: readonly T[], file: string, line: (each: T) => string): string[] {
  const hidden = list.length - SHOWN;
  return [
    ...list.slice(0, SHOWN).map(line),
    ...(hidden > 0 ? [`  and ${hidden} more ranges, see ${visible(file)} and the manifest`] : []),
  ];
}
