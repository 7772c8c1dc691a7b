import { total } from '../model/range.ts';
import type { RemoteSection as Remote } from './remote-schema.ts';
import type { Manifest } from './schema.ts';

type Law = readonly [holds: boolean, fault: string];
type Pass = Omit<Remote['proof'], 'told_by'>;

/** The laws of what crossed: no more is proven than came, and no less came than was read. */
export function proofLaws({ source, source_check, read_map, sessions }: Manifest, remote: Remote): Law[] {
  const { proof, second_pass: second, reading } = remote;
  const hashed = proof.hashed_ranges + (second?.hashed_ranges ?? 0);
  const mismatches = [...proof.mismatches, ...(second?.mismatches ?? [])];
  const unread = 'unreadable' in source_check ? total(source_check.unreadable) : 0;
  return [
    ...passLaws('proof', proof),
    ...(second === null ? [] : passLaws('second_pass', second)),
    [
      // Whoever goes on may find another tool there.
      sessions.length > 1 || reading.hash !== null || (hashed === 0 && mismatches.length === 0),
      'source.remote.proof: ranges were hashed there, though nothing there hashes',
    ],
    [
      proof.bytes + total(read_map.adopted) >= read_map.good,
      `source.remote.proof: ${proof.bytes} bytes came, and ${read_map.good} were read`,
    ],
    [
      mismatches.every(({ start, end }) => start < end && end <= source.size),
      'source.remote.proof: a range that arrived differently is none of the source',
    ],
    [
      mismatches.every(({ told, ours }) => told !== ours),
      'source.remote.proof: a range whose hashes agree is said not to',
    ],
    [
      source_check.state === 'not-done' || (second?.bytes ?? 0) + unread >= source.size,
      `source.remote.second_pass: the second reading was ${source_check.state}, and ${second?.bytes ?? 0} bytes came for it`,
    ],
  ];
}

/** Every range holds a byte at least, and is hashed as a whole or not at all. */
function passLaws(name: string, { ranges, bytes, hashed_ranges, hashed_bytes }: Pass): Law[] {
  return [
    [
      hashed_bytes <= bytes && hashed_ranges <= ranges && (hashed_ranges === ranges) === (hashed_bytes === bytes),
      `source.remote.${name}: more is said to be hashed than came, or not as many bytes as ranges`,
    ],
    [
      ranges <= bytes && (ranges === 0) === (bytes === 0) && hashed_ranges <= hashed_bytes,
      `source.remote.${name}: ${bytes} bytes did not come in ${ranges} ranges`,
    ],
  ];
}
