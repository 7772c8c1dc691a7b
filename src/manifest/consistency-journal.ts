import { visible } from '../model/text.ts';
import { LOST_WHILE_READ, weakest } from '../model/verdict.ts';
import { sentFaults } from './consistency-received-journal.ts';
import { remoteFaults } from './consistency-remote-journal.ts';
import { canonicalLine } from './encode.ts';
import type { JournalRecord } from './journal-chain.ts';
import { accountOf, type JournalAccount } from './journal-records.ts';
import { unstableRanges } from './read-map-section.ts';
import { receivedEnd, receivedTold, type ReceivedTold } from './received-account.ts';
import { remoteEnd, remoteTold, type RemoteTold } from './remote-account.ts';
import { readingState, type ReadingState } from './reading-state.ts';
import type { Manifest, Session } from './schema.ts';
import { sessionsOf } from './sessions.ts';

/** A manifest before the list of files is known is judged the same. */
export type JournalledPart = Omit<Manifest, 'files' | 'journal'>;

interface Told {
  readonly account: JournalAccount;
  readonly state: ReadingState;
  readonly sessions: readonly Session[];
  readonly remote: RemoteTold;
  readonly records: readonly JournalRecord[];
  readonly received: ReceivedTold;
}

/**
 * The laws between a manifest and its journal (`docs/manifest-format.md`, section 6); every broken one is a sentence.
 * @param records of a journal whose chain holds
 */
export function contradictions(manifest: JournalledPart, records: readonly JournalRecord[]): string[] {
  const { account, faults } = accountOf(records);
  const reading = readingState(records, manifest.source.size);
  const told = {
    account,
    state: reading.state,
    sessions: sessionsOf(records),
    remote: remoteTold(records),
    received: receivedTold(records),
    records,
  };
  const laws = [
    checkEnd,
    checkRemote,
    checkReceived,
    checkSessions,
    checkReading,
    checkProtection,
    checkMap,
    checkChecks,
  ];
  return [...faults, ...reading.faults, ...laws.flatMap((rule) => rule(manifest, told))];
}

type Law = readonly [holds: boolean, fault: string];

function unless(...laws: readonly Law[]): string[] {
  return laws.filter(([holds]) => !holds).map(([, fault]) => fault);
}

/** How the last session ended, and what was said of it. */
function checkEnd(manifest: JournalledPart, { account }: Told): string[] {
  const { sealed, stopped, closing, readingFailed } = account;
  const { outcome, acquisition } = manifest;
  if (outcome !== 'incomplete') {
    return unless([
      closing !== null && stopped === null && readingFailed === null && sealed === null,
      `it tells of a run that did not come to its end; the manifest says ${outcome}`,
    ]);
  }
  const told = acquisition.findings.some(({ code, message }) => code === stopped?.code && message === stopped.message);
  return unless(
    [
      sealed?.reason === manifest.incomplete_reason,
      'it does not tell of a closing as incomplete with the reason that the manifest gives',
    ],
    [
      stopped === null || told,
      `it tells why the run stopped (${visible(stopped?.code ?? '')}); the findings of the manifest do not`,
    ],
  );
}

/** What the journal tells of the machine that the source is on; of one of this station it tells nothing of the kind. */
function checkRemote({ source, source_check }: JournalledPart, { account, remote, records }: Told): string[] {
  if (account.start === null) return [];
  const due = remoteEnd(account.start.head.source.remote, remote, source_check.state);
  return [
    ...unless([same(source.remote, due), 'source.remote is not what it tells of the other machine']),
    ...remoteFaults(records, account.start),
  ];
}

/** What it tells of who sent the disk, and how that ended: nobody goes on after some ends, whatever came later. */
function checkReceived({ source, outcome }: JournalledPart, { account, received, records }: Told): string[] {
  if (account.start === null) return [];
  const due = receivedEnd(account.start.head.source.received, received);
  const faults = unless(
    [same(source.received, due), 'source.received is not what it tells of the streams that came'],
    [
      account.fatal === null || outcome === 'incomplete',
      `it tells of a stream that ended as ${account.fatal ?? ''}; the manifest says ${outcome}`,
    ],
  );
  return [...faults, ...sentFaults(records, account.start)];
}

/** Every sitting as the journal tells it, and of what it began with. */
function checkSessions(manifest: JournalledPart, { account, sessions }: Told): string[] {
  const disturbances = sessions.flatMap(({ station }) => station.clock.disturbances);
  return unless(
    [same(manifest.sessions, sessions), 'the sessions of the manifest are not those that it tells of'],
    [same(manifest.station.clock.disturbances, disturbances), 'it tells of other clock disturbances than the manifest'],
    [
      account.start === null || account.start.size === manifest.source.size,
      `it began with a source of ${account.start?.size ?? 0} bytes; the manifest says ${manifest.source.size}`,
    ],
  );
}

/** What reading came to. The hashes of a stopped run are the image's; they must still be those of the data read. */
function checkReading(manifest: JournalledPart, { account, state }: Told): string[] {
  const { outcome, image, digests, source, read_back } = manifest;
  const { read, sourceAfter } = account;
  const spoiled = outcome === 'incomplete' && read_back.state === 'mismatch';
  const known = (read?.digests ?? []).every(({ algorithm, hex }) =>
    digests.some((digest) => digest.algorithm === algorithm && digest.hex === hex),
  );
  const end = imageEnd(state);
  return unless(
    [outcome === 'incomplete' || read?.complete === true, `not everything was read; the manifest says ${outcome}`],
    [
      image.size === end || (image.size > end && mayBeLonger(account)),
      `${end} bytes were written; the image of the manifest has ${image.size}`,
    ],
    [spoiled || known || image.size !== read?.position, 'the hashes of the data read are not those of the manifest'],
    [
      same(source.identity_after, sourceAfter?.identity ?? null),
      'source.identity_after is not what was seen after the last reading',
    ],
  );
}

/** The image holds this much at least: what is proven to be in it ends here. */
export function imageEnd({ proven, extents }: ReadingState): number {
  return Math.max(proven.end, extents.at(-1)?.end ?? 0);
}

/** More than is proven may be there when nobody told the end, or out of order, or from an earlier session. */
export function mayBeLonger({ read, start, sessions }: JournalAccount): boolean {
  return read === null || sessions > 1 || start?.head.acquisition.settings.recovery === 'deferred';
}

/** The write protection at its weakest: a manifest that claims more than the journal saw misleads a court. */
function checkProtection({ guard, probes }: JournalledPart, { account, sessions }: Told): string[] {
  const { sourceAfter, stopped } = account;
  const lost = stopped !== null && LOST_WHILE_READ[stopped.code] !== undefined;
  const due = weakest(sessions.map(({ verdict }) => verdict));
  return unless(
    [
      guard.verdict === due,
      `${lost ? `its write protection was lost while it was read (${visible(stopped.code)}); ` : ''}the weakest verdict of its sessions is ${due}; the manifest says ${guard.verdict}`,
    ],
    [
      lost || same(guard.evidence_after, sourceAfter?.verdict?.evidence ?? []),
      'guard.evidence_after is not what was seen after the last reading',
    ],
    [
      same(guard.counters_after, sourceAfter?.counters ?? null),
      'guard.counters_after is not what was counted after the last reading',
    ],
    [
      same(probes.runs_after, sourceAfter?.asked ?? []),
      'probes.runs_after is not what was asked after the last reading',
    ],
  );
}

/** Nothing is called read, or unreadable, that the journal does not prove. */
function checkMap({ read_map, outcome, source }: JournalledPart, { state }: Told): string[] {
  const ranges = read_map.ranges.map(({ start, end, errno, attempts }) => ({ start, end, errno, attempts }));
  const { map, unreadable } = state.proven;
  const good = map.bytes('good');
  const failed = map.bytes('failed-large') + map.bytes('failed-small');
  return unless(
    [same(ranges, unreadable), 'the unreadable ranges of the manifest are others than it tells of'],
    [
      outcome === 'incomplete' ? read_map.good <= good : read_map.good === good,
      `it proves ${good} bytes to have been read; the manifest says ${read_map.good} were`,
    ],
    [read_map.failed === failed, `${failed} bytes failed and were not given up; the manifest says ${read_map.failed}`],
    [same(read_map.failed_reads, state.failedReads), 'the failed reads of the manifest are not those that it counts'],
    [
      same(read_map.unstable, unstableRanges(state.unstable, source.logical_sector)),
      'the unstable sectors of the manifest are not those that it tells of',
    ],
    [same(read_map.adopted, state.adopted), 'what the manifest says was read by another program is not what it tells'],
  );
}

/** A check that was made is in the manifest as it came out, whatever came after; one that was not is not. */
function checkChecks({ read_back, source_check }: JournalledPart, { account }: Told): string[] {
  const { readBack, sourceCheck } = account;
  const notMade = read_back.state === 'waived' || read_back.state === 'not-done';
  return unless(
    [
      readBack === null ? notMade : same(read_back, readBack),
      `the read-back was ${readBack?.state ?? 'not made'}; the manifest says ${read_back.state}, or tells it differently`,
    ],
    [
      sourceCheck === null ? source_check.state === 'not-done' : same(source_check, sourceCheck),
      `the second read of the source was ${sourceCheck?.state ?? 'not made'}; the manifest says ${source_check.state}, or tells it differently`,
    ],
  );
}

function same(a: unknown, b: unknown): boolean {
  return canonicalLine(a) === canonicalLine(b);
}
