import type { PieceDigest } from '../model/digest.ts';
import { cells } from '../model/range.ts';
import type { HasherFactory } from './engines.ts';
import type { LaneState, LaneTask } from './lane-protocol.ts';

/** What a lane does with the chunks it takes, in order of offset. */
export interface LaneWork {
  /** Gives how many of the bytes were hashed: not those that a saved state holds already, nor those that other lanes take. */
  update(offset: number, bytes: Uint8Array): number;
  /** Where it stands; nothing ends by it. */
  state(): LaneState;
  /** Lower-case hex of a stream. */
  finish(): string | null;
}

export function streamWork(task: LaneTask & { kind: 'stream' }, fresh: HasherFactory): LaneWork {
  const { resume } = task;
  const hasher = fresh(resume?.state);
  let end = resume?.position ?? null;
  return {
    update(offset, bytes) {
      if (resume !== undefined && offset < resume.position) return 0;
      hasher.update(bytes);
      end = offset + bytes.length;
      return bytes.length;
    },
    state: () => ({ end, state: hasher.save(), tail: null }),
    finish: () => hasher.digest(),
  };
}

export function spanWork(
  { spanBytes, share }: LaneTask & { kind: 'spans' },
  fresh: HasherFactory,
  finished: (span: PieceDigest) => void,
): LaneWork {
  let open: { start: number; end: number; hasher: ReturnType<HasherFactory> } | null = null;
  let end: number | null = null;
  const isOurs = (at: number): boolean => share === undefined || Math.floor(at / spanBytes) % share.of === share.index;
  const close = (): void => {
    if (open === null) return;
    finished({ offset: open.start, length: open.end - open.start, sha256: open.hasher.digest() });
    open = null;
  };
  const tail = (): PieceDigest | null =>
    open && { offset: open.start, length: open.end - open.start, sha256: open.hasher.peek() };
  return {
    update(offset, bytes) {
      // A gap in what is read ends the span: it is told with the length that was read.
      if (open !== null && open.end !== offset) close();
      end = offset + bytes.length;
      let hashed = 0;
      for (const cell of cells({ start: offset, end }, spanBytes)) {
        if (!isOurs(cell.start)) continue;
        open ??= { start: cell.start, end: cell.start, hasher: fresh() };
        open.hasher.update(bytes.subarray(cell.start - offset, cell.end - offset));
        open.end = cell.end;
        hashed += cell.end - cell.start;
        if (cell.end % spanBytes === 0) close();
      }
      return hashed;
    },
    state: () => ({ end, state: null, tail: tail() }),
    finish() {
      close();
      return null;
    },
  };
}
