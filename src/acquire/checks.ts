import type { PieceDigest, Digest } from '../model/digest.ts';
import type { Emit } from '../model/event.ts';
import { normalise } from '../model/range.ts';
import type { Plan } from '../model/plan.ts';
import { manifestRanges } from '../manifest/read-map-section.ts';
import type { Manifest } from '../manifest/schema.ts';
import { avoidSourceCache, type CacheState } from '../read/page-cache.ts';
import type { WrittenSegment } from '../sink/image-writer.ts';
import type { Ports } from '../system/ports.ts';
import { differingPieces, imageDigests } from '../verify/image-digests.ts';
import { readAgain, type ReadOutcome, type ReadWork } from './reading/read-stage.ts';

export interface ReadBackWork {
  readonly ports: Ports;
  readonly plan: Plan;
  readonly written: readonly WrittenSegment[];
  readonly read: Pick<ReadOutcome, 'digests' | 'pieces' | 'position'>;
  readonly stop: AbortSignal;
  readonly emit: Emit;
}

/** Reads the image again past the page cache and compares it with what was read from the source. Null: stopped. */
export async function readBack(work: ReadBackWork): Promise<Manifest['read_back'] | null> {
  const { settings } = work.plan.request;
  if (!settings.readBack) return { state: 'waived' };
  const size = work.read.position;
  const found = await imageDigests(work.ports, {
    parts: work.written.map(({ partialPath, segment, size: length }) => ({
      path: partialPath,
      offset: segment.offset,
      length,
    })),
    wanted: { start: 0, end: size },
    hashes: settings.hashes,
    pieceSize: settings.pieceSize,
    segmentSize: null,
    onProgress: (done) => {
      work.emit({ type: 'progress', stage: 'read-back', done, total: size, unreadable: 0 });
    },
    stop: work.stop,
  });
  if (!found.complete) return null;
  // Zeros stood in for what could not be read back: where the image holds zeros, no hash would tell.
  const differing = normalise([...differences(work.read, found, size), ...found.missing]).map(({ start, end }) => ({
    start,
    end,
  }));
  return { state: differing.length === 0 ? 'match' : 'mismatch', cache: inWords(found.cache), differing };
}

/** Reads the source a second time and compares it with the first. Null: stopped. */
export async function checkSource(
  work: ReadWork,
  first: Pick<ReadOutcome, 'digests' | 'pieces' | 'position'>,
): Promise<Manifest['source_check'] | null> {
  if (!work.plan.request.settings.verifySource) return { state: 'not-done' };
  const cache = await avoidSourceCache(work.ports, work.attached.held);
  const { result, recorder } = await readAgain(work);
  if (work.stop.aborted) return null;
  const differing = differences(first, { digests: result.digests, pieces: result.spans[0] ?? [] }, first.position);
  const unreadable = manifestRanges(recorder.unreadableRanges, work.plan.logicalSector);
  return { state: differing.length === 0 ? 'match' : 'mismatch', cache: inWords(cache), differing, unreadable };
}

/** As it stands in the manifest. */
function inWords({ avoided, how, fileSystem }: CacheState): {
  avoided: CacheState['avoided'];
  how: string;
  file_system: string;
} {
  return { avoided, how, file_system: fileSystem };
}

interface Hashes {
  readonly digests: readonly Digest[];
  readonly pieces: readonly PieceDigest[];
}

/** Ranges whose pieces differ; the whole when only a stream hash does, which says that one of the two lies. */
function differences(first: Hashes, second: Hashes, size: number): { start: number; end: number }[] {
  const pieces = differingPieces(first.pieces, second.pieces).map(({ start, end }) => ({ start, end }));
  const streams = first.digests.every(({ algorithm, hex }) =>
    second.digests.some((other) => other.algorithm === algorithm && other.hex === hex),
  );
  return pieces.length > 0 || streams ? pieces : [{ start: 0, end: size }];
}
