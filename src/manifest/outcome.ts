import { hashOf } from './received-account.ts';
import type { Manifest, Outcome } from './schema.ts';

/** What an outcome follows from. */
export interface OutcomeFacts {
  /** Stopped before the end and closed later by a person. */
  readonly stopped: boolean;
  readonly readBack: Manifest['read_back']['state'];
  readonly sourceCheck: Manifest['source_check']['state'];
  /** Bytes that could not be read. */
  readonly unreadable: number;
}

/** The first that holds, as `docs/manifest-format.md` has it. Builder and parser share this law. */
export function outcomeOf(facts: OutcomeFacts): Outcome {
  if (facts.stopped) return 'incomplete';
  if (facts.readBack === 'mismatch' || facts.sourceCheck === 'mismatch') return 'mismatch';
  return facts.unreadable > 0 ? 'complete-with-unreadable' : 'complete';
}

/** Two readings that should be equal were not, or what arrived was not what was sent: so it may be with an incomplete acquisition too. */
export function hasMismatch({
  read_back,
  source_check,
  source: { received },
}: Pick<Manifest, 'read_back' | 'source_check' | 'source'>): boolean {
  const streams = received?.streams ?? [];
  return (
    read_back.state === 'mismatch' ||
    source_check.state === 'mismatch' ||
    streams.some((stream) => hashOf(stream) === 'differs')
  );
}
