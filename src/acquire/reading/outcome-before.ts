import { createHash } from 'node:crypto';
import { formatPieces } from '../../image/pieces.ts';
import type { Finished, ReadingState } from '../../manifest/reading-state.ts';
import type { PieceDigest } from '../../model/digest.ts';
import { ExhibitError } from '../../model/errors.ts';
import type { Plan, Segment } from '../../model/plan.ts';
import { visible } from '../../model/text.ts';
import { ReadRecorder } from './read-recorder.ts';
import { recordedBefore, type LeftBefore, type ReadOutcome } from './read-stage.ts';

/** The checkpoints' pieces; one that ends with the source, shorter than a piece, may still be under way in the last. */
function allPieces(
  { folder }: Plan,
  { pieces, tail }: ReadingState,
  { pieces_sha256 }: Finished,
): readonly PieceDigest[] {
  const all = tail === null ? pieces : [...pieces, tail];
  if (createHash('sha256').update(formatPieces(all)).digest('hex') === pieces_sha256) return all;
  const message = `The journal in ${visible(folder.path)} says that everything was read, and its checkpoints do not hold the hashes of all of it.`;
  throw new ExhibitError('damage', 'journal.records', message, {
    hint: 'Nothing was touched. Close it as it is: exhibit seal DIR --incomplete REASON',
  });
}

/** Reading came to its end in an earlier session: what it left, as if it had just been read. */
export function outcomeBefore(
  plan: Plan,
  { state, there }: LeftBefore,
  paths: (segment: Segment) => string,
): ReadOutcome | null {
  const { finished } = state;
  if (finished === null) return null;
  return {
    position: plan.size,
    complete: true,
    failure: null,
    written: there.map(({ segment, inode, size }) => ({
      segment,
      inode,
      size,
      finalPath: paths(segment),
      partialPath: `${paths(segment)}.partial`,
    })),
    digests: finished.digests,
    pieces: allPieces(plan, state, finished),
    segmentHashes: finished.segments_sha256,
    engines: finished.engines,
    recorder: new ReadRecorder(plan.size, recordedBefore(state)),
    caughtUp: false,
  };
}
