import { chooseEngines } from '../hash/choose.ts';
import { runPipeline } from '../hash/pipeline.ts';
import type { Algorithm, Digest, PieceDigest } from '../model/digest.ts';
import { normalise, type Range } from '../model/range.ts';
import { readImage, type ImagePart } from '../read/image-reader.ts';
import { worstOf, type CacheState } from '../read/page-cache.ts';
import type { Ports } from '../system/ports.ts';

const SLOT = 4 * 1024 * 1024;
const SLOTS = 8;
/** Bytes of the ring at most, where pieces are hashed beside each other: each has to lie in it. */
const WIDE_RING = 96 * 1024 * 1024;

export interface ImageDigestsSpec {
  readonly parts: readonly ImagePart[];
  /** The bytes of the logical media to read. Stream hashes run over exactly these. */
  readonly wanted: Range;
  /** Reads only these parts of `wanted`, in order, whole pieces each; stream hashes then mean nothing. */
  readonly only?: readonly Range[];
  readonly hashes: readonly Algorithm[];
  /** Bytes. */
  readonly pieceSize: number;
  /** Bytes; null where segments need no hash of their own. */
  readonly segmentSize: number | null;
  readonly onProgress?: (done: number) => void;
  readonly stop: AbortSignal;
}

export interface ImageDigests {
  readonly digests: readonly Digest[];
  readonly pieces: readonly PieceDigest[];
  readonly segments: readonly PieceDigest[];
  /** Ranges that the files do not hold or do not give back; zeros went into the hashes there. */
  readonly missing: readonly Range[];
  /** Those of `missing` that are in the files and do not come back (an I/O error), by errno. */
  readonly unreadable: ReadonlyMap<string, readonly Range[]>;
  readonly cache: CacheState;
  /** False when `stop` ended it early: the digests then mean nothing. */
  readonly complete: boolean;
}

/**
 * Reads a stored image once and computes everything from that one read: stream hashes, pieces and segments, in threads
 * beside each other; without stream hashes, whose slowest sets the pace, the pieces alone on every core. Native engines throughout: another implementation than the WASM one that may have hashed the
 * source, and the faster one.
 */
export async function imageDigests(ports: Ports, spec: ImageDigestsSpec): Promise<ImageDigests> {
  const missing: Range[] = [];
  const unreadable = new Map<string, Range[]>();
  let done = 0;
  const ranges = spec.only ?? [spec.wanted];
  const caches: CacheState[] = [];
  const { slots, spanShares } = widthOf(ports.host.cores, spec);
  const result = await runPipeline({
    slots,
    slotBytes: SLOT,
    hashes: spec.hashes,
    spanShares,
    spanBytes: [spec.pieceSize, ...(spec.segmentSize === null ? [] : [spec.segmentSize])],
    chooseEngines: () => Promise.resolve(chooseEngines('native', spec.hashes, {}, null)),
    nowMs: () => ports.clock.monotonicMs(),
    producer: async (out, failed) => {
      const log = {
        missing: (range: Range, why: string) => {
          missing.push(range);
          if (why === 'missing') return;
          const known = unreadable.get(why);
          if (known === undefined) unreadable.set(why, [range]);
          else known.push(range);
        },
        read: (range: Range) => {
          done += range.end - range.start;
          spec.onProgress?.(done);
        },
      };
      const stop = AbortSignal.any([spec.stop, failed]);
      for (const range of ranges) {
        if (stop.aborted) break;
        caches.push(await readImage(ports, spec.parts, range, out, log, stop));
      }
    },
    consumers: [],
  });
  return {
    digests: result.digests,
    pieces: result.spans[0] ?? [],
    segments: result.spans[1] ?? [],
    missing: normalise(missing),
    unreadable,
    cache: worstOf(caches),
    complete: done === ranges.reduce((bytes, range) => bytes + range.end - range.start, 0),
  };
}

/** Lanes that share the pieces, and a ring that holds a piece for each and one that is being read. */
export function widthOf(
  cores: number,
  { hashes, pieceSize }: Pick<ImageDigestsSpec, 'hashes' | 'pieceSize'>,
): { readonly slots: number; readonly spanShares: number } {
  if (hashes.length > 0) return { slots: SLOTS, spanShares: 1 };
  const spanShares = Math.max(1, Math.min(cores, Math.floor(WIDE_RING / pieceSize) - 1));
  if (spanShares === 1) return { slots: SLOTS, spanShares };
  return { slots: Math.max(SLOTS, Math.ceil(((spanShares + 1) * pieceSize) / SLOT)), spanShares };
}

/** The ranges whose piece hashes differ or are absent on one side, joined. */
export function differingPieces(expected: readonly PieceDigest[], found: readonly PieceDigest[]): Range[] {
  const byOffset = new Map(found.map((piece) => [piece.offset, piece]));
  const differing = expected.filter((piece) => {
    const other = byOffset.get(piece.offset);
    return other?.length !== piece.length || other.sha256 !== piece.sha256;
  });
  return normalise(differing.map((piece) => ({ start: piece.offset, end: piece.offset + piece.length })));
}
