import { useText } from '../model/device.ts';
import { groupDigits } from '../model/size.ts';
import type { RemoteSection } from './remote-schema.ts';
import { fact, field } from './report-lines.ts';

/** Where a disk of another machine was, what it is worth, and whose word the hashes of what was sent are. */
export function remoteLines(remote: RemoteSection | null): string[] {
  if (remote === null) return [];
  const { address, system, sizes, unlocked, footprint, connections, unknown } = remote;
  const place = `${address.user === null ? '' : `${address.user}@`}${address.host}${address.port === null ? '' : ` port ${address.port}`}`;
  const keys = [
    ...new Set(connections.map(({ host_key: key }) => `${key.type} ${key.fingerprint}, by ${key.judged_by}`)),
  ];
  const ways = Object.entries(sizes).map(([way, size]) => `${way} ${size === null ? 'not told' : groupDigits(size)}`);
  const givenUp = givenUpWords(remote);
  return [
    field('On another machine', `${place}, over SSH (${remote.transport}), read as ${system.via}`),
    field('Its host key', keys.length === 0 ? 'not put on record' : keys.join('; ')),
    field('System there', fact(system.uname, unknown['uname'])),
    field('Boot id there', fact(system.boot_id, unknown['boot_id'])),
    field('Clock there', clockWords(remote)),
    field('State', stateWords(remote)),
    field('Size by each way of asking', ways.join(', ')),
    ...(remote.uses ?? []).map((use) => field('In use there', useText(use))),
    ...(unlocked ?? []).map(({ device, mapper }) => field('Open there', `${device} as ${mapper}`)),
    field('Hashes of what was sent', proofWords(remote)),
    field('Crossed the link', crossedWords(remote)),
    ...(givenUp === '' ? [] : [field('Given up there', givenUp)]),
    field('Connections', String(connections.length)),
    field('Commands run there', `${footprint.run_count} (see the manifest)`),
  ];
}

/** What a reading of such a disk can be held to, in a sentence; raw text. */
export function stateWords({ live, frozen_reason, reproducible }: RemoteSection): string {
  if (live) return 'live, not reproducible: the disk was in use, or may have been, while it was read';
  const said = `said not to change: ${frozen_reason ?? ''}`;
  return reproducible === 'no' ? `${said}; no second reading agreed` : `${said}; a second reading agreed`;
}

/** What of the bytes that came the target told a hash of, as a phrase. */
export function proofWords({ proof }: RemoteSection): string {
  const { bytes, hashed_bytes: hashed, mismatches } = proof;
  const one = mismatches.length === 1;
  const read =
    mismatches.length === 0
      ? ''
      : `; ${mismatches.length} ${one ? 'range' : 'ranges'} arrived differently and ${one ? 'was' : 'were'} read again`;
  if (hashed === 0) return `none: nobody there told one (${groupDigits(bytes)} bytes came)${read}`;
  const share = hashed === bytes ? 'all' : groupDigits(hashed);
  return `as told by the target: ${share} of ${groupDigits(bytes)} bytes arrived as they were sent${read}`;
}

function crossedWords({ proof: { wire_bytes: wire, modes }, reading: { limit_rate: rate } }: RemoteSection): string {
  const packed = (['zstd', 'gzip'] as const).flatMap((mode) =>
    modes[mode] === 0 ? [] : [`${modes[mode]} ranges packed by ${mode}`],
  );
  const how = packed.length === 0 ? 'nothing packed' : packed.join(', ');
  const limit = rate === null ? '' : `; at most ${groupDigits(rate)} bytes a second were read`;
  return `${groupDigits(wire)} bytes, ${how}${limit}`;
}

/** Empty: nothing was. */
function givenUpWords({ proof: { given_up } }: RemoteSection): string {
  const counted = (code: string, words: string): string[] => {
    const times = given_up.filter((each) => each.code === code).length;
    return times === 0 ? [] : [`${times} ${words}`];
  };
  return [
    ...counted('ETIMEDOUT', 'reads that gave no answer'),
    ...counted('remote.reader-died', 'programs that died'),
    ...counted('remote.no-channel', 'channels that the host did not give'),
  ].join(', ');
}

function clockWords({ system: { clock }, unknown }: RemoteSection): string {
  if (clock === null) return fact(null, unknown['clock']);
  const { offset, round_trip: trip } = clock;
  return `${groupDigits(Math.abs(offset))} ms ${offset < 0 ? 'behind' : 'ahead of'} ours (round trip ${groupDigits(trip)} ms)`;
}
