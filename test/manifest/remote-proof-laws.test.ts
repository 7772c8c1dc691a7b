import { describe } from 'node:test';
import type { Manifest } from '../../src/manifest/schema.ts';

import {
  eachFaulted,
  L,
  F,
  remote,
  connection,
  HASH,
  OTHER_BOOT,
  mismatch,
  but,
  system,
  proof,
  second,
  sessions,
  anew,
  sessionsOf,
} from './remote-laws-support.ts';

const CACHE = { how: 'O_DIRECT reads of the block device', file_system: 'none' };

describe('a forged proof of a source on another machine', () => {
  const table: Record<string, [Manifest, RegExp]> = {
    'live, and a second reading agreed': [
      { ...L, source_check: F.source_check },
      /a disk in use was read a second time/,
    ],
    'live, and read twice': [
      { ...but(L, { second_pass: F.source.remote!.second_pass }), source_check: F.source_check },
      /a disk in use was read a second time/,
    ],
    'live, and agreed': [
      but(L, { reproducible: 'second-pass-agreed' }),
      /reproducible is second-pass-agreed; the second/,
    ],
    'agreed, and nobody read it again': [
      { ...F, source_check: { state: 'not-done' } },
      /reproducible is second-pass-agreed; the second/,
    ],
    'agreed, though it differed': [
      {
        ...F,
        outcome: 'mismatch',
        source_check: { ...F.source_check, state: 'mismatch', differing: [{ start: 0, end: 512 }] } as never,
      },
      /reproducible is second-pass-agreed; the second/,
    ],
    'it agreed, and nothing is said of it': [
      but(F, { reproducible: 'no' }),
      /reproducible is no; the second reading was match/,
    ],
    'agreed, and nobody can have read it from memory': [
      { ...F, source_check: { ...F.source_check, cache: { ...CACHE, avoided: 'yes' } } as never },
      /source_check\.cache: the caches of another machine can not be seen/,
    ],
    'agreed, and it is known to be from memory': [
      { ...F, source_check: { ...F.source_check, cache: { ...CACHE, avoided: 'no' } } as never },
      /source_check\.cache: the caches of another machine can not be seen/,
    ],
    'a second reading for which nothing came': [
      but(F, { second_pass: null }),
      /second reading was match, and 0 bytes came for it/,
    ],
    'a second reading of a part': [
      but(F, second({ bytes: 9999, hashed_bytes: 9999 })),
      /second reading was match, and 9999 bytes came for it/,
    ],
    'more hashed bytes than came': [but(L, proof({ hashed_bytes: 10_001 })), /proof: more is said to be hashed/],
    'more hashed ranges than came': [but(L, proof({ hashed_ranges: 3 })), /proof: more is said to be hashed/],
    'more hashed bytes than came, in fewer ranges': [
      but(L, proof({ hashed_bytes: 10_001, hashed_ranges: 1 })),
      /proof: more is said to be hashed/,
    ],
    'more hashed ranges than came, of fewer bytes': [
      but(L, proof({ hashed_bytes: 9999, hashed_ranges: 3 })),
      /proof: more is said to be hashed/,
    ],
    'all ranges hashed, and not all bytes': [but(L, proof({ hashed_bytes: 9999 })), /not as many bytes as ranges/],
    'all bytes hashed, and not all ranges': [but(L, proof({ hashed_ranges: 1 })), /not as many bytes as ranges/],
    'more hashed than came the second time': [
      but(F, second({ hashed_bytes: 20_000 })),
      /second_pass: more is said to be hashed/,
    ],
    'bytes in no range': [
      but(L, proof({ ranges: 0, hashed_ranges: 0 })),
      /proof: 10000 bytes did not come in 0 ranges/,
    ],
    'more ranges than bytes': [
      but(L, proof({ ranges: 20_000, hashed_ranges: 20_000 })),
      /10000 bytes did not come in 20000 ranges/,
    ],
    'more ranges than bytes, few of them hashed': [
      but(L, proof({ ranges: 20_000, hashed_ranges: 5000, hashed_bytes: 9999 })),
      /10000 bytes did not come in 20000 ranges/,
    ],
    'more hashed ranges than hashed bytes': [
      but(L, proof({ ranges: 9000, hashed_ranges: 100, hashed_bytes: 99 })),
      /did not come in 9000 ranges/,
    ],
    'ranges without a byte, the second time': [
      but(F, second({ ranges: 2, bytes: 0, hashed_ranges: 0, hashed_bytes: 0 })),
      /second_pass: 0 bytes did not come in 2 ranges/,
    ],
    'hashed there, where nothing hashes': [
      but(L, { reading: { ...remote.reading, hash: null } }),
      /though nothing there hashes/,
    ],
    'hashed there both times, where nothing hashes': [
      but(F, { reading: { ...remote.reading, hash: null } }),
      /though nothing there hashes/,
    ],
    'a mismatch, where nothing hashes': [
      but(L, {
        reading: { ...remote.reading, hash: null },
        ...proof({ hashed_bytes: 0, hashed_ranges: 0, mismatches: [mismatch] }),
      }),
      /though nothing there hashes/,
    ],
    'less came than was read': [
      but(L, proof({ bytes: 9999, hashed_bytes: 9999 })),
      /9999 bytes came, and 10000 were read/,
    ],
    'a mismatch that is none': [
      but(L, proof({ mismatches: [{ ...mismatch, ours: HASH }] })),
      /hashes agree is said not to/,
    ],
    'a mismatch that is none, the second time': [
      but(F, second({ mismatches: [{ ...mismatch, ours: HASH }] })),
      /hashes agree is said not to/,
    ],
    'ranges that crossed in no way': [but(L, proof({ modes: { none: 1, zstd: 0, gzip: 0 } })), /not all ranges/],
    'fewer bytes than came, nothing packed': [but(L, proof({ wire_bytes: 9999 })), /other bytes crossed than came/],
    'packed as it was not to be': [
      but(L, { ...proof({ modes: { none: 1, zstd: 1, gzip: 0 } }), reading: { ...remote.reading, modes: ['none'] } }),
      /a way that was not to be used/,
    ],
    'a mismatch of nothing': [but(L, proof({ mismatches: [{ ...mismatch, end: 0 }] })), /none of the source/],
    'a mismatch behind the end': [but(L, proof({ mismatches: [{ ...mismatch, end: 10_001 }] })), /none of the source/],
    'a program given up behind the end': [
      but(L, proof({ given_up: [{ code: 'ETIMEDOUT', at: 10_001, why: 'x' }] })),
      /given up at a place that is none of the source/,
    ],
    'a program given up behind the end, the second time': [
      but(F, second({ given_up: [{ code: 'ETIMEDOUT', at: 10_001, why: 'x' }] })),
      /given up at a place that is none of the source/,
    ],
    'more connections than attachments': [
      but(L, { connections: [connection!, connection!] }),
      /connections has 2; the source was taken 1 times/,
    ],
    'no connection': [but(L, { connections: [] }), /connections has 0; the source was taken 1 times/],
    'bytes from nowhere': [
      { ...but(L, { connections: [] }), sessions: L.sessions },
      /bytes came, and no connection is told/,
    ],
    'the boot id of another start': [but(L, system({ boot_id: OTHER_BOOT })), /boot_id is not that of the first/],
    'several host keys': [
      but(L, {
        connections: [connection!, { ...connection!, host_key: { ...connection!.host_key, fingerprint: 'x' } }],
      }),
      /showed several host keys/,
    ],
    'started anew, and nobody said why it was gone on with': [
      but(L, { connections: [connection!, { ...connection!, boot_id: OTHER_BOOT }] }),
      /was started anew, and no override/,
    ],
    'started anew between two sessions, and no word why': [
      sessionsOf(anew(), () => ({ overrides: [{ option: 'rebooted', reason: null }] })),
      /was started anew, and no override/,
    ],
    'started anew between two sessions, and the reason of something else': [
      sessionsOf(anew(), () => ({ overrides: [{ option: 'allow-unblocked', reason: 'x' }] })),
      /was started anew, and no override/,
    ],
    'started anew, and silent in between': [
      but(L, {
        connections: [connection!, { ...connection!, boot_id: null }, { ...connection!, boot_id: OTHER_BOOT }],
      }),
      /was started anew, and no override/,
    ],
    'started anew, for a reason given before that': [
      {
        ...sessions(but(L, { connections: [connection!, { ...connection!, boot_id: OTHER_BOOT }] }), {
          overrides: [{ option: 'rebooted', reason: 'x' }],
        }),
      },
      /was started anew, and no override/,
    ],
  };
  eachFaulted(table);
});
