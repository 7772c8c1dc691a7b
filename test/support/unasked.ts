import type { Manifest } from '../../src/manifest/schema.ts';

/** As of a disk of another machine: no question of this station's reached it, and nothing of this station stands before it. */
export function unasked({ guard, probes }: Manifest): Pick<Manifest, 'guard' | 'probes'> {
  return {
    guard: {
      ...guard,
      verdict: 'not-applicable',
      set_read_only: [],
      hardware: null,
      attested: null,
      declared: null,
      vendor_answer: null,
      counters_before: null,
      counters_after: null,
    },
    probes: {
      ...probes,
      own: null,
      healthy: null,
      hpa: null,
      dco: null,
      partition_table: null,
      encryption_signs: null,
      runs: [],
    },
  };
}
