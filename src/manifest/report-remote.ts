import { useText } from '../model/device.ts';
import { groupDigits } from '../model/size.ts';
import type { RemotePass, RemoteSection } from './remote-schema.ts';
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
  const { proof, second_pass: second } = remote;
  const rate = remote.reading.limit_rate;
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
    field('Hashes of what was sent', passWords(proof)),
    field('Crossed the link', crossedWords(proof, rate)),
    ...givenUpLines('Given up there', proof),
    ...(second === null ? [] : secondLines(second, rate)),
    field('Connections', String(connections.length)),
    field('Commands run there', footprintWords(footprint)),
  ];
}

/** What a reading of such a disk can be held to, in a sentence; raw text. */
export function stateWords({ live, frozen_reason, reproducible }: RemoteSection): string {
  if (live) return 'live, not reproducible: the disk was in use, or may have been, while it was read';
  const said = `said not to change: ${frozen_reason ?? ''}`;
  if (reproducible === 'no') return `${said}; no second reading agreed`;
  // Fill is not compared with fill, and whose memory answered there is not known here.
  return `${said}; a second reading agreed where it could be read, perhaps from memory there`;
}

/** What of the bytes that came the target told a hash of, as a phrase; of a second reading only what went wrong. */
export function proofWords({ proof, second_pass: second }: RemoteSection): string {
  const later = second === null ? '' : differentWords(second);
  return `${passWords(proof)}${later === '' ? '' : `; in the second reading ${later}`}`;
}

function passWords(pass: RemotePass): string {
  const { bytes, hashed_bytes: hashed } = pass;
  const different = differentWords(pass);
  const more = different === '' ? '' : `; ${different}`;
  if (hashed === 0) return `none: nobody there told one (${groupDigits(bytes)} bytes came)${more}`;
  const share = hashed === bytes ? 'all' : groupDigits(hashed);
  return `as told by the target: ${share} of ${groupDigits(bytes)} bytes arrived as they were sent${more}`;
}

/** Each range once, however often it arrived differently; a second time ends the reading. Empty: none did. */
function differentWords({ mismatches, bytes, hashed_bytes: hashed }: RemotePass): string {
  const times = new Map<string, number>();
  for (const { start, end } of mismatches) times.set(`${start}-${end}`, (times.get(`${start}-${end}`) ?? 0) + 1);
  if (times.size === 0) return '';
  const again = [...times.values()].filter((each) => each > 1).length;
  const twice = again === 0 ? '' : `, ${times.size === 1 ? 'more than once' : `${again} of them more than once`}`;
  // What was taken without a hash may be of the same place.
  const taken = hashed === bytes && bytes > 0 ? ', and nothing of it was taken but as it was sent' : '';
  return `${times.size} ${times.size === 1 ? 'range' : 'ranges'} arrived differently${twice}${taken}`;
}

function secondLines(second: RemotePass, rate: number | null): string[] {
  return [
    field('Hashes of what was sent for the second reading', passWords(second)),
    field('Crossed the link for it', crossedWords(second, rate)),
    ...givenUpLines('Given up there at it', second),
  ];
}

/** The manifest has the first of each session, and none of a session that ended without a word. */
function footprintWords({ run_count: count, runs }: RemoteSection['footprint']): string {
  return `${count} that were counted; the manifest has ${runs.length === count ? 'them' : `${runs.length} of them`}`;
}

function crossedWords({ wire_bytes: wire, modes }: RemotePass, rate: number | null): string {
  const packed = (['zstd', 'gzip'] as const).flatMap((mode) =>
    modes[mode] === 0 ? [] : [`${modes[mode]} ranges packed by ${mode}`],
  );
  const how = packed.length === 0 ? 'nothing packed' : packed.join(', ');
  const limit = rate === null ? '' : `; at most ${groupDigits(rate)} bytes a second were read`;
  return `${groupDigits(wire)} bytes, ${how}${limit}`;
}

/** None: nothing was. */
function givenUpLines(label: string, { given_up }: RemotePass): string[] {
  const counted = (code: string, words: string): string[] => {
    const times = given_up.filter((each) => each.code === code).length;
    return times === 0 ? [] : [`${times} ${words}`];
  };
  const words = [
    ...counted('ETIMEDOUT', 'reads that gave no answer'),
    ...counted('remote.reader-died', 'programs that died'),
    ...counted('remote.no-channel', 'channels that the host did not give'),
  ];
  return words.length === 0 ? [] : [field(label, words.join(', '))];
}

function clockWords({ system: { clock }, unknown }: RemoteSection): string {
  if (clock === null) return fact(null, unknown['clock']);
  const { offset, round_trip: trip } = clock;
  return `${groupDigits(Math.abs(offset))} ms ${offset < 0 ? 'behind' : 'ahead of'} ours (round trip ${groupDigits(trip)} ms)`;
}
