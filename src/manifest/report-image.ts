import { describeBytes } from '../model/size.ts';
import { dataWords } from './report-elsewhere.ts';
import { readSection } from './report-reading.ts';
import { visible } from '../model/text.ts';
import { field, HASH_LABELS, reportTime, type ReportFacts } from './report-lines.ts';

/** Hashes, image files, what could not be read. */
export function imageSections(facts: ReportFacts): string[][] {
  return [hashSection(facts), imageSection(facts), readSection(facts)];
}

function hashSection({ digests, pieces, outcome, read_map, source }: ReportFacts): string[] {
  const found = read_map.adopted.length === 0 ? '' : ', and of what another program had read as it was found';
  const of =
    outcome === 'incomplete'
      ? 'the image file, when it was closed'
      : `${dataWords(source)}${source.received === null ? ', fill included' : ''}${found}`;
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
