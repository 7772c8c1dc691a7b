import { total } from '../model/range.ts';
import { hashesThere, type RemotePass, type RemoteSection as Remote } from './remote-schema.ts';
import type { Manifest } from './schema.ts';

type Law = readonly [holds: boolean, fault: string];

const PACKED = ['zstd', 'gzip'] as const;

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
      sessions.length > 1 || hashesThere(reading) || (hashed === 0 && mismatches.length === 0),
      'source.remote.proof: ranges were hashed there, though nothing there hashes',
    ],
    [
      sessions.length > 1 ||
        [proof, second].every((pass) => PACKED.every((mode) => reading.modes.includes(mode) || !pass?.modes[mode])),
      'source.remote.proof: ranges crossed in a way that was not to be used',
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
      [...proof.given_up, ...(second?.given_up ?? [])].every(({ at }) => at <= source.size),
      'source.remote.proof: a program was given up at a place that is none of the source',
    ],
    [
      mismatches.every(({ told, ours }) => told !== ours),
      'source.remote.proof: a range whose hashes agree is said not to',
    ],
    [
      !('cache' in source_check) || source_check.cache.avoided === 'unknown',
      'source_check.cache: the caches of another machine can not be seen from here',
    ],
    [
      source_check.state === 'not-done' || (second?.bytes ?? 0) + unread >= source.size,
      `source.remote.second_pass: the second reading was ${source_check.state}, and ${second?.bytes ?? 0} bytes came for it`,
    ],
  ];
}

/** Every range holds a byte at least, is hashed as a whole or not at all, and crossed in one way. */
function passLaws(name: string, pass: RemotePass): Law[] {
  const { ranges, bytes, hashed_ranges, hashed_bytes, wire_bytes, modes } = pass;
  return [
    [
      hashed_bytes <= bytes && hashed_ranges <= ranges && (hashed_ranges === ranges) === (hashed_bytes === bytes),
      `source.remote.${name}: more is said to be hashed than came, or not as many bytes as ranges`,
    ],
    [
      ranges <= bytes && (ranges === 0) === (bytes === 0) && hashed_ranges <= hashed_bytes,
      `source.remote.${name}: ${bytes} bytes did not come in ${ranges} ranges`,
    ],
    [
      modes.none + modes.zstd + modes.gzip === ranges,
      `source.remote.${name}: the ranges by the way they crossed are not all ranges`,
    ],
    [
      modes.none !== ranges || wire_bytes === bytes,
      `source.remote.${name}: nothing was packed, and other bytes crossed than came`,
    ],
  ];
}
