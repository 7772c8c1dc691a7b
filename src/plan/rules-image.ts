import { MAX_SEGMENTS, segmentCount } from '../image/segments.ts';
import type { PlanFacts } from '../model/plan.ts';
import { describeBytes, groupDigits } from '../model/size.ts';
import { visible } from '../model/text.ts';
import { refusal, type Rule } from './finding.ts';
import { sizeText, sourceSize, workingSegmentSize } from './space.ts';

const fitsFileLimit: Rule = (facts) => {
  const { destination, request } = facts;
  const { fileLimit } = destination;
  const size = sourceSize(facts.source);
  const { format, segmentSize } = request.settings;
  const largest = format === 'raw' ? size : Math.min(size, segmentSize);
  if (fileLimit === null || largest <= fileLimit) return [];
  const what =
    format === 'raw' ? `The raw image has ${describeBytes(size)}` : `A segment has ${describeBytes(largest)}`;
  return [
    refusal(
      'destination',
      'destination.file-limit',
      `${what}; a file on ${visible(destination.path)} (${visible(destination.fileSystem)}) holds at most ${describeBytes(fileLimit)}.`,
      splitHint(facts),
    ),
  ];
};

const segmentsNamed: Rule = (facts) => {
  const { format, segmentSize } = facts.request.settings;
  const count = segmentCount(sourceSize(facts.source), format, segmentSize);
  if (count <= MAX_SEGMENTS) return [];
  return [
    refusal(
      'usage',
      'usage.too-many-segments',
      `Segments of ${describeBytes(segmentSize)} would be ${groupDigits(count)}; there are names for ${MAX_SEGMENTS}.`,
      splitHint(facts),
    ),
  ];
};

/** Direct reads are counted one by one, in 32 bits. */
const MAX_READS = 2 ** 31 - 1;

const readsCounted: Rule = ({ request, source }) => {
  const { reader, blockSize } = request.settings;
  const size = sourceSize(source);
  if (reader !== 'direct' || size / blockSize <= MAX_READS) return [];
  return [
    refusal(
      'usage',
      'usage.block-size',
      `Blocks of ${describeBytes(blockSize)} are too small for a source of ${describeBytes(size)}.`,
      'Read in larger blocks: --block-size 4M.',
    ),
  ];
};

export const IMAGE_RULES: readonly Rule[] = [fitsFileLimit, segmentsNamed, readsCounted];

/** The options that work, literally. */
function splitHint(facts: PlanFacts): string {
  const size = workingSegmentSize(sourceSize(facts.source), facts.destination.fileLimit);
  if (size === null)
    return 'No segment size works on this file system: choose a destination with another one, such as ext4 or XFS.';
  return `This works: --format split --segment-size ${sizeText(size)}.`;
}
