import { cells, intersect, total, type Range } from '../model/range.ts';
import { checkFiles } from './consistency-files.ts';
import { checkReceived } from './consistency-received.ts';
import { checkRemote } from './consistency-remote.ts';
import { checkSessions } from './consistency-sessions.ts';
import { outcomeOf } from './outcome.ts';
import type { Manifest } from './schema.ts';

/** The laws across a manifest's fields (`docs/manifest-format.md`, "Laws across fields"); every broken one is a sentence. */
export function inconsistencies(manifest: Manifest): string[] {
  return [
    checkFiles,
    checkPieces,
    checkReadMap,
    checkSizes,
    checkOutcome,
    checkChecks,
    checkMethod,
    checkSessions,
    checkRemote,
    checkReceived,
  ].flatMap((rule) => rule(manifest));
}

/** A sentence for each condition that does not hold. */
function unless(...laws: readonly (readonly [holds: boolean, fault: string])[]): string[] {
  return laws.filter(([holds]) => !holds).map(([, fault]) => fault);
}

function checkPieces({ pieces, image, read_map, acquisition }: Manifest): string[] {
  const powerOfTwo = pieces.size > 0 && Number.isInteger(Math.log2(pieces.size));
  if (!powerOfTwo) return [`pieces.size: ${pieces.size} is not a power of two`];
  const filled = piecesTouched(read_map.ranges, image.size, pieces.size);
  const wanted = Math.ceil(image.size / pieces.size);
  return unless(
    [pieces.size === acquisition.settings.piece_size, 'pieces.size is not acquisition.settings.piece_size'],
    [pieces.count === wanted, `pieces.count is ${pieces.count}; an image of ${image.size} bytes has ${wanted}`],
    [sameList(pieces.with_unreadable, filled), 'pieces.with_unreadable does not follow from read_map.ranges'],
  );
}

/** Offsets of the pieces that hold unreadable bytes, in order: `pieces.with_unreadable`. */
export function piecesTouched(ranges: readonly Range[], imageSize: number, pieceSize: number): number[] {
  const touched = new Set<number>();
  for (const range of ranges) {
    const inside = intersect(range, { start: 0, end: imageSize });
    if (inside === undefined) continue;
    for (const part of cells(inside, pieceSize)) touched.add(Math.floor(part.start / pieceSize) * pieceSize);
  }
  return [...touched].sort((a, b) => a - b);
}

function checkReadMap({ read_map, source, outcome }: Manifest): string[] {
  const { good, unreadable, failed, not_tried, unstable, adopted } = read_map;
  const sum = read_map.ranges.reduce((bytes, range) => bytes + (range.end - range.start), 0);
  return [
    ...orderFaults('read_map.ranges', read_map.ranges, source.size),
    ...sectorFaults('read_map.ranges', read_map.ranges, source.logical_sector),
    // One sector may be unstable more than once.
    ...unstable.flatMap((range, index) => orderFaults(`read_map.unstable[${index}]`, [range], source.size)),
    ...sectorFaults('read_map.unstable', unstable, source.logical_sector),
    ...orderFaults('read_map.adopted', adopted, source.size),
    ...unless(
      [sum === unreadable, `read_map.ranges add up to ${sum} bytes; unreadable is ${unreadable}`],
      [
        good + unreadable + failed + not_tried === source.size,
        'read_map: good + unreadable + failed + not_tried is not source.size',
      ],
      [
        outcome === 'incomplete' || total(adopted) <= good,
        'read_map.adopted: more bytes are said to be read by another program than are read',
      ],
      [
        unstable.every((range) => range.first !== range.again),
        'read_map.unstable: a place that answered the same is said to be unstable',
      ],
    ),
  ];
}

function checkSizes(manifest: Manifest): string[] {
  const { outcome, image, source, read_map } = manifest;
  if (outcome === 'incomplete') return stoppedSizes(manifest);
  return unless(
    [image.size === source.size, `image.size is not source.size, though the outcome is ${outcome}`],
    [read_map.not_tried === 0, `read_map.not_tried is not 0, though the outcome is ${outcome}`],
    [read_map.failed === 0, `read_map.failed is not 0, though the outcome is ${outcome}`],
  );
}

/** What a stopped run read ends with its image, which is the whole source where it was read out of order; and only of a whole image a check can be had. */
function stoppedSizes({ image, source, read_map, read_back, source_check }: Manifest): string[] {
  const checked = 'differing' in read_back || 'differing' in source_check;
  return unless(
    [image.size <= source.size, 'image.size is larger than the source'],
    [
      read_map.good + read_map.unreadable <= image.size,
      'read_map: more bytes are said to be read than the image holds',
    ],
    [
      read_map.ranges.every((range) => range.end <= image.size),
      'read_map.ranges: bytes behind the end of the image are said to be unreadable',
    ],
    [!checked || image.size === source.size, 'a check was made, though the image does not hold the whole source'],
    [
      !checked || read_back.state === 'mismatch' || read_map.not_tried === 0,
      'read_map.not_tried is not 0, though a check was made and the image read back',
    ],
    [!checked || read_map.failed === 0, 'read_map.failed is not 0, though a check was made'],
  );
}

function checkOutcome(manifest: Manifest): string[] {
  const stopped = manifest.outcome === 'incomplete';
  const due = outcomeOf({
    stopped,
    readBack: manifest.read_back.state,
    sourceCheck: manifest.source_check.state,
    unreadable: manifest.read_map.unreadable,
  });
  return unless(
    [manifest.outcome === due, `outcome is ${manifest.outcome}; from the other fields it is ${due}`],
    [
      manifest.image.complete === !stopped,
      `image.complete is ${manifest.image.complete}, though the outcome is ${manifest.outcome}`,
    ],
    [
      (manifest.incomplete_reason !== null) === stopped,
      'incomplete_reason goes with the outcome incomplete, and with no other',
    ],
  );
}

function checkChecks({ read_back, source_check, acquisition, outcome, source, sessions }: Manifest): string[] {
  const { settings } = acquisition;
  // Of more than one session the image is read back, whatever was wanted.
  const waived = !settings.read_back && (sessions.length === 1 || !('differing' in read_back));
  const faults = unless(
    [
      (read_back.state === 'waived') === waived,
      'read_back is waived exactly when acquisition.settings.read_back is false',
    ],
    [
      read_back.state !== 'not-done' || outcome === 'incomplete',
      `read_back was not done, though the outcome is ${outcome}`,
    ],
    [
      source_check.state === 'not-done' || settings.verify_source,
      'source_check was done, though acquisition.settings.verify_source is false',
    ],
  );
  if ('differing' in read_back) faults.push(...differingFaults('read_back', read_back, source.size));
  if ('differing' in source_check) {
    faults.push(...differingFaults('source_check', source_check, source.size));
    faults.push(...orderFaults('source_check.unreadable', source_check.unreadable, source.size));
    faults.push(...sectorFaults('source_check.unreadable', source_check.unreadable, source.logical_sector));
  }
  return faults;
}

interface Compared {
  readonly state: 'match' | 'mismatch';
  readonly differing: readonly Range[];
}

function differingFaults(name: string, { state, differing }: Compared, size: number): string[] {
  const agrees = (state === 'mismatch') === differing.length > 0;
  return [
    ...orderFaults(`${name}.differing`, differing, size),
    ...unless([agrees, `${name} is ${state}, with ${differing.length} differing ranges`]),
  ];
}

/** In order, none empty, no overlap, all inside. Touching ones are fine: they may differ in errno or attempts. */
function orderFaults(name: string, ranges: readonly Range[], size: number): string[] {
  return ranges.flatMap((range, index) => {
    const before = ranges[index - 1]?.end ?? 0;
    const good = range.start >= before && range.end > range.start && range.end <= size;
    return good
      ? []
      : [`${name}[${index}]: [${range.start}, ${range.end}) is empty, out of order, or outside the source`];
  });
}

type Unreadable = Pick<Manifest['read_map']['ranges'][number], 'start' | 'end' | 'first_sector' | 'end_sector'>;

function sectorFaults(name: string, ranges: readonly Unreadable[], sector: number): string[] {
  if (sector <= 0) return ['source.logical_sector is 0'];
  return ranges.flatMap((range, index) => {
    const fits =
      range.first_sector === Math.floor(range.start / sector) && range.end_sector === Math.ceil(range.end / sector);
    return fits ? [] : [`${name}[${index}]: its sectors do not fit its bytes`];
  });
}

/** Commands that `acquisition.reader.runs` keeps. */
const RUNS_KEPT = 1000;

const HEX_LENGTH = { md5: 32, sha1: 40, sha256: 64, sha512: 128 } as const;

function checkMethod({ digests, outcome, acquisition }: Manifest): string[] {
  const names = digests.map((digest) => digest.algorithm);
  const { runs, run_count } = acquisition.reader;
  const missing = outcome === 'incomplete' ? [] : acquisition.settings.hashes.filter((name) => !names.includes(name));
  return [
    ...digests
      .filter(({ algorithm, hex }) => hex.length !== HEX_LENGTH[algorithm])
      .map(({ algorithm }) => `digests: the ${algorithm} has the wrong length`),
    ...missing.map((name) => `digests: ${name} was asked for and is not there`),
    ...unless(
      [new Set(names).size === names.length, 'digests: an algorithm stands there twice'],
      [names.includes('sha256'), 'digests: there is no sha256'],
      [runs.length === Math.min(run_count, RUNS_KEPT), 'acquisition.reader.run_count does not fit its runs'],
    ),
  ];
}

function sameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
