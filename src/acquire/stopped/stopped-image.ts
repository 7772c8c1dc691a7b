import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ExhibitError } from '../../model/errors.ts';
import type { Emit } from '../../model/event.ts';
import { intersect, type Range } from '../../model/range.ts';
import { visible } from '../../model/text.ts';
import type { ManifestStart } from '../../manifest/start.ts';
import type { Ports } from '../../system/ports.ts';
import { imageDigests, type ImageDigests } from '../../verify/image-digests.ts';
import type { ImageFile } from '../finish.ts';

export interface StoppedImageWork {
  readonly ports: Ports;
  readonly folder: string;
  readonly emit: Emit;
  readonly stop: AbortSignal;
}

/** The image that a stopped acquisition left, as it is now: every hash is of its files. */
export interface StoppedImage {
  /** Bytes from the start of the logical media. */
  readonly size: number;
  readonly files: readonly ImageFile[];
  readonly found: ImageDigests;
  /** SHA-256 of those of its ranges that were asked for; the key is {@link rangeKey}. */
  readonly ranges: ReadonlyMap<string, string>;
}

/** An image file with all that it holds. */
interface Part {
  readonly name: string;
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** SHA-256 of no bytes: a segment that was made and not written to. */
const EMPTY_SHA256 = createHash('sha256').digest('hex');

/**
 * Hashes what is there. Throws `seal.damaged` when it can't be all that was written, `interrupted` when stopped.
 * @param written bytes that the journal says are on disk
 * @param ranges what to hash by itself: pieces under way, bytes that were read out of order
 */
export async function readStoppedImage(
  work: StoppedImageWork,
  start: ManifestStart,
  written: { readonly atLeast: number; readonly atMost: number },
  ranges: readonly Range[] = [],
): Promise<StoppedImage> {
  const parts = await imageParts(work, start);
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  if (size < written.atLeast || size > written.atMost)
    throw damaged(work.folder, `its image holds ${size} bytes; the journal says that ${written.atLeast} were written`);
  const found = await hashParts(work, start, parts, size);
  return { size, files: imageFilesOf(parts, start, found), found, ranges: await hashRanges(work, parts, ranges) };
}

/** The image files that are there, in order, up to the first that is missing or short. */
async function imageParts({ ports, folder }: StoppedImageWork, start: ManifestStart): Promise<Part[]> {
  const parts: Part[] = [];
  for (const segment of start.segments) {
    for (const name of [`${segment.name}.partial`, segment.name]) {
      const found = await ports.files.statOrNull(join(folder, name));
      if (found === null) continue;
      if (found.size > segment.length) throw damaged(folder, `${name} is longer than what could have been written`);
      parts.push({ name, path: join(folder, name), offset: segment.offset, length: found.size });
      break;
    }
    const last = parts.at(-1);
    if (last?.offset !== segment.offset || last.length < segment.length) break;
  }
  return parts;
}

async function hashParts(
  work: StoppedImageWork,
  start: ManifestStart,
  parts: readonly Part[],
  size: number,
): Promise<ImageDigests> {
  const { settings } = start.head.acquisition;
  const found = await imageDigests(work.ports, {
    parts,
    wanted: { start: 0, end: size },
    hashes: settings.hashes,
    pieceSize: settings.piece_size,
    segmentSize: settings.format === 'split' ? settings.segment_size : null,
    onProgress: (done) => {
      work.emit({ type: 'progress', stage: 'seal', done, total: size, unreadable: 0 });
    },
    stop: work.stop,
  });
  if (!found.complete) throw interrupted();
  if (found.missing.length === 0) return found;
  throw damaged(work.folder, 'some of its bytes can not be read back');
}

function interrupted(): ExhibitError {
  return new ExhibitError('interrupted', 'interrupted', 'Stopped while the image was hashed; the folder is as it was.');
}

/** How a range stands in {@link StoppedImage.ranges}. */
export function rangeKey({ start, end }: Range): string {
  return `${start}-${end}`;
}

const STEP = 4 * 1024 * 1024;

/** Throws `seal.damaged` where the image does not give them back. */
async function hashRanges(
  work: StoppedImageWork,
  parts: readonly Part[],
  ranges: readonly Range[],
): Promise<Map<string, string>> {
  const buffer = Buffer.allocUnsafe(ranges.length === 0 ? 0 : STEP);
  const hashes = new Map(ranges.map((range) => [rangeKey(range), createHash('sha256')]));
  for (const part of parts) {
    const inside = ranges.filter((range) => intersect(range, { start: part.offset, end: part.offset + part.length }));
    if (inside.length === 0) continue;
    const file = await work.ports.files.open(part.path, 'read');
    try {
      for (const range of inside) {
        const shared = intersect(range, { start: part.offset, end: part.offset + part.length });
        for (let at = shared?.start ?? 0; at < (shared?.end ?? 0);) {
          if (work.stop.aborted) throw interrupted();
          const got = await file.read(buffer, 0, Math.min(STEP, (shared?.end ?? 0) - at), at - part.offset);
          if (got === 0) throw damaged(work.folder, `${part.name} ends at byte ${at - part.offset}`);
          hashes.get(rangeKey(range))?.update(buffer.subarray(0, got));
          at += got;
        }
      }
    } finally {
      await file.close();
    }
  }
  return new Map([...hashes].map(([key, hash]) => [key, hash.digest('hex')]));
}

function imageFilesOf(parts: readonly Part[], start: ManifestStart, found: ImageDigests): ImageFile[] {
  const whole = found.digests.find((digest) => digest.algorithm === 'sha256')?.hex ?? '';
  const split = start.head.acquisition.settings.format === 'split';
  return parts.map((part, index) => ({
    name: part.name,
    offset: part.offset,
    size: part.length,
    sha256: split ? (found.segments[index]?.sha256 ?? EMPTY_SHA256) : whole,
  }));
}

/** An image that is not what the journal says. */
export function damaged(folder: string, what: string): ExhibitError {
  return new ExhibitError(
    'damage',
    'seal.damaged',
    `${visible(folder)} was changed after the acquisition stopped: ${what}.`,
    {
      hint: 'It is not signed. Keep it as it is, find out what changed it, and image the source again.',
    },
  );
}
