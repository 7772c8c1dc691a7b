import type { SourceFacts } from '../../model/plan.ts';
import type { ReceivedSection } from '../../manifest/received-schema.ts';

/** What is known of a disk that another machine sends before somebody connects; null: it is none. Pure. */
export function receivedSection({ received }: SourceFacts): ReceivedSection | null {
  if (received === undefined) return null;
  const { address, size, allowed, plaintext, reachedBy } = received;
  return {
    disk: address.path,
    expect_size: size,
    allowed: [...allowed],
    reached_by: reachedBy,
    encrypted: plaintext === null,
    certificate_check: plaintext === null ? 'not-known' : 'none',
    plaintext_reason: plaintext,
    listened: [],
    streams: [],
    refused: { count: 0, connections: [] },
  };
}
