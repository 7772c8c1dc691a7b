import { describeBytes } from '../model/size.ts';
import { visible } from '../model/text.ts';
import { field, HASH_LABELS, reportTime, type ReportFacts } from './report-lines.ts';

/** A disk can have more bad places than anyone reads; the mapfile and the manifest have them all. */
const RANGES_SHOWN = 1000;

/** Hashes, image files, what could not be read. */
export function imageSections(facts: ReportFacts): string[][] {
  return [hashSection(facts), imageSection(facts), readSection(facts)];
}

function hashSection({ digests, pieces, outcome }: ReportFacts): string[] {
  const of =
    outcome === 'incomplete' ? 'the image file, when it was closed' : 'the data as read from the source, fill included';
  return [
    'Computed Hashes:',
    field('Of', of),
    ...digests.map((digest) => field(`${HASH_LABELS[digest.algorithm]} checksum`, digest.hex)),
    field('Pieces', `${pieces.count} of ${pieces.size} bytes (SHA-256 each), in ${pieces.file}`),
  ];
}

function imageSection({ image, acquisition, read_map, journal }: ReportFacts): string[] {
  return [
    'Image Information:',
    field('Acquisition started', reportTime(acquisition.started)),
    field('Acquisition finished', reportTime(acquisition.finished)),
    field('Duration', `${acquisition.duration_ms} ms by the monotonic clock`),
    field('Image format', image.format),
    field('Image data size', describeBytes(image.size)),
    ' Segment list:',
    ...image.segments.map(
      (segment) =>
        `  ${visible(segment.name)}: ${segment.size} bytes from ${segment.offset}, SHA-256 ${segment.sha256}`,
    ),
    field('Read map', read_map.file),
    field('Journal', `${journal.file}, ${journal.records} records, head ${journal.head}`),
  ];
}

function readSection({ read_map: map, source, outcome }: ReportFacts): string[] {
  const hidden = map.ranges.length - RANGES_SHOWN;
  return [
    'Sectors:',
    field('Read', describeBytes(map.good)),
    field('Unreadable', `${describeBytes(map.unreadable)}${map.unreadable === 0 ? '' : ', filled with 00'}`),
    field(outcome === 'incomplete' ? 'Not read, or not proven to be' : 'Not read', describeBytes(map.not_tried)),
    ...map.ranges.slice(0, RANGES_SHOWN).map((range) => rangeLine(range, source.logical_sector)),
    ...(hidden > 0 ? [`  and ${hidden} more ranges, see ${visible(map.file)}`] : []),
  ];
}

function rangeLine(range: ReportFacts['read_map']['ranges'][number], sectorSize: number): string {
  const count = range.end_sector - range.first_sector;
  const sectors =
    count === 1
      ? `sector ${range.first_sector}`
      : `sectors ${range.first_sector} to ${range.end_sector - 1} (${count} of ${sectorSize} bytes)`;
  return `  Unreadable: ${sectors}; bytes ${range.start} to ${range.end - 1}; ${visible(range.errno)}; read in vain ${range.attempts} times`;
}
