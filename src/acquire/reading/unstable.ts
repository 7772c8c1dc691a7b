import type { Unstable } from '../../model/checkpoint.ts';
import { cells, type Range } from '../../model/range.ts';
import { readTimeoutMs } from '../../model/request.ts';
import { partialParts } from './image-parts.ts';
import type { ReadWork } from './read-stage.ts';
import { comparing } from './reread.ts';

/** Bytes that are read once more at most, and sectors that are told: a disk that answers differently everywhere is another story. */
const MOST_BYTES = 256 * 1024 * 1024;
const MOST_SECTORS = 10_000;
const STEP = 1024 * 1024;

/**
 * Which sectors answer differently than they did, in pieces that gave another hash the second time: those stretches are
 * read once more and held against the image. What answers now as it did the first time is not found again.
 */
export async function unstableSectors(work: ReadWork, differing: readonly Range[]): Promise<Unstable[]> {
  const { ports, plan, attached, stop } = work;
  const parts = partialParts(plan.folder.path, plan.segments);
  const rereading = {
    ports,
    source: attached.held,
    parts,
    readTimeoutMs: readTimeoutMs(plan.request.settings),
    stop,
    when: 'verify-source' as const,
  };
  return comparing(rereading, async (compare) => {
    const found: Unstable[] = [];
    let left = MOST_BYTES;
    for (const range of differing) {
      for (const part of cells(range, STEP)) {
        if (stop.aborted || found.length >= MOST_SECTORS || left <= 0) return found;
        left -= part.end - part.start;
        found.push(...(await compare(part)).differing);
      }
    }
    return found;
  });
}
