import type { StreamState } from '../model/checkpoint.ts';
import type { Algorithm } from '../model/digest.ts';
import { bug } from '../model/errors.ts';
import { requireVersion } from './engines.ts';

/**
 * Where the stream starts that the producer will publish, and the states that streams go on from. A stream with a
 * state ignores what is published before `position`; one without is hashed from the first byte published, which then
 * must be the stream's first. What is published must be without gaps, and no chunk may lie across `position`.
 */
export interface Resume {
  /** Bytes; the offset of the first chunk. */
  readonly from: number;
  /** Bytes; where every state stands. */
  readonly position: number;
  readonly states: readonly StreamState[];
}

export function stateOf(resume: Resume | undefined, algorithm: Algorithm): StreamState | undefined {
  return resume?.states.find((state) => state.algorithm === algorithm);
}

/** Refuses states of another version of hash-wasm; throws a bug for a start from which no right hash can come. */
export function requireResumable(resume: Resume, hashes: readonly Algorithm[]): void {
  const { from, position, states } = resume;
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(position) || from < 0 || from > position)
    throw bug(`a stream that goes on at byte ${position} was to be published from byte ${from} on`);
  const known = states.map((state) => state.algorithm);
  if (new Set(known).size !== known.length || known.some((algorithm) => !hashes.includes(algorithm)))
    throw bug(`states of ${known.join(', ')} for hashes of ${hashes.join(', ')}`);
  if (from > 0 && hashes.length > known.length)
    throw bug(`a hash without a state was to start at byte ${from} instead of 0`);
  states.forEach(requireVersion);
}
