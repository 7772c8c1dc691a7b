import { total } from '../model/range.ts';
import type { JournalRecord } from './journal-chain.ts';
import { bootChanges } from './consistency-remote.ts';
import { readingState } from './reading-state.ts';
import { adoptedRecord, readRecord, resumedRecord } from './reading-records.ts';
import { sessionAccounts, type RemoteAccountRecord, type SessionAccounts } from './remote-account.ts';
import { connectionSchema, hashesThere, type RemoteSection } from './remote-schema.ts';
import { sourceCheckRecord } from './run-records.ts';
import { sessionRecords } from './sessions.ts';
import type { ManifestStart } from './start.ts';

type Head = ManifestStart['head'];

/** A session as its own records tell it, and those before it. */
interface Sitting {
  readonly own: readonly JournalRecord[];
  readonly head: Head;
  readonly remote: RemoteSection;
  readonly accounts: SessionAccounts;
  readonly bootIds: readonly (string | null)[];
}

/**
 * What a journal can't tell of a source on another machine, session by session; every one is a sentence. Pure.
 * @param records of a chain that holds
 */
export function remoteFaults(records: readonly JournalRecord[], { head, size }: ManifestStart): string[] {
  const sessions = sessionRecords(records);
  const heads = headsOf(sessions, head);
  if (head.source.remote === null) return hereFaults(records, heads);
  const sittings = sittingsOf(sessions, heads);
  return [
    ...(sittings.length === sessions.length ? [] : ['a session of it reads a source that is not on another machine']),
    ...sittings.flatMap((sitting, index) => [
      ...sittingFaults(sitting, size),
      ...bootFaults(sitting, lastBootId(sittings.slice(0, index)), head.source.remote),
    ]),
    ...deliveredFaults(sessions, size),
  ];
}

/** The boot id of the source's machine that was told last, in whichever session; null: none was. Pure. */
export function bootIdTold(records: readonly JournalRecord[], { head }: ManifestStart): string | null {
  const sessions = sessionRecords(records);
  return lastBootId(sittingsOf(sessions, headsOf(sessions, head)));
}

function lastBootId(sittings: readonly Sitting[]): string | null {
  return sittings.flatMap(({ remote, bootIds }) => [remote.system.boot_id, ...bootIds]).findLast(isTold) ?? null;
}

function isTold(id: string | null): boolean {
  return id !== null;
}

function headsOf(sessions: readonly (readonly JournalRecord[])[], first: Head): (Head | null)[] {
  return sessions.map((own, index) => (index === 0 ? first : headOf(own[0])));
}

function sittingsOf(sessions: readonly (readonly JournalRecord[])[], heads: readonly (Head | null)[]): Sitting[] {
  return sessions.flatMap((own, index) => {
    const at = heads[index] ?? null;
    return at?.source.remote == null ? [] : [sittingOf(own, at, at.source.remote)];
  });
}

function headOf(opening: JournalRecord | undefined): Head | null {
  return resumedRecord.safeParse(opening?.data).data?.head ?? null;
}

function sittingOf(own: readonly JournalRecord[], head: Head, remote: RemoteSection): Sitting {
  const bootIds = own.flatMap(({ type, data }) => {
    const connection = type === 'remote-connected' ? connectionSchema.safeParse(data).data : undefined;
    return connection === undefined ? [] : [connection.boot_id];
  });
  return { own, head, remote, accounts: sessionAccounts(own), bootIds };
}

function hereFaults(records: readonly JournalRecord[], heads: readonly (Head | null)[]): string[] {
  return [
    ...(records.some(({ type }) => type.startsWith('remote-'))
      ? ['it tells of another machine, and its source is on this station']
      : []),
    ...(heads.some((head) => head !== null && head.source.remote !== null)
      ? ['a session of it reads a source on another machine']
      : []),
  ];
}

function sittingFaults({ own, remote, accounts, head }: Sitting, size: number): string[] {
  const connected = own.findIndex(({ type }) => type === 'remote-connected');
  const read = own.findIndex(({ type }) => type === 'checkpoint' || type === 'read' || type === 'remote-account');
  const all = [...accounts.first, ...(accounts.second ?? [])];
  const hashes = all.some(({ hashed_ranges, mismatches }) => hashed_ranges + mismatches.length > 0);
  const check = sourceCheckRecord.safeParse(own.findLast(({ type }) => type === 'source-check')?.data).data;
  const came = accounts.second?.at(-1)?.bytes ?? 0;
  const due = check !== undefined && 'unreadable' in check ? size - total(check.unreadable) : 0;
  const laws: (readonly [holds: boolean, fault: string])[] = [
    [read === -1 || (connected !== -1 && connected < read), 'it tells of reading before any connection'],
    [
      [accounts.first, accounts.second ?? []].every(neverFalls),
      'what it counts as come from the other machine grows less in a session',
    ],
    [hashesThere(remote.reading) || !hashes, 'it tells of hashes in a session in which nothing there hashed'],
    [
      accounts.second === null || (!remote.live && head.acquisition.settings.verify_source),
      'it tells of a second reading of a disk in use',
    ],
    [
      !readsCalmly(own, all) || mostDifferent(accounts.first) <= (own[0]?.type === 'resumed' ? 2 : 1),
      'it read all, and a range arrived differently a second time, which ends a reading',
    ],
    [came >= due, `a second reading came to its end with ${came} bytes from the other machine`],
  ];
  return laws.filter(([holds]) => !holds).map(([, fault]) => fault);
}

/** All came, and nothing happened for which a range is asked for anew: no failed read, no program given up, no other link. */
function readsCalmly(own: readonly JournalRecord[], accounts: readonly RemoteAccountRecord[]): boolean {
  const read = readRecord.safeParse(own.find(({ type }) => type === 'read')?.data).data;
  return (
    read?.complete === true &&
    read.failed_reads.count === 0 &&
    accounts.every(({ given_up }) => given_up.length === 0) &&
    own.every(({ type }) => type !== 'reconnected')
  );
}

/** How often the same range arrived differently. Who resumes may read one ahead, and again when its turn comes. */
function mostDifferent(accounts: readonly RemoteAccountRecord[]): number {
  const found = accounts.flatMap(({ mismatches }) => mismatches);
  const often = found.map(({ start, end }) => found.filter((one) => one.start === start && one.end === end).length);
  return Math.max(0, ...often);
}

function neverFalls(accounts: readonly RemoteAccountRecord[]): boolean {
  return accounts.every((now, index) => {
    const before = accounts[index - 1];
    if (before === undefined) return true;
    return (['ranges', 'bytes', 'hashed_ranges', 'hashed_bytes'] as const).every((each) => now[each] >= before[each]);
  });
}

/** Within a session the machine runs on; between two it may be started anew, for a reason that is given. */
function bootFaults({ head, remote, bootIds }: Sitting, before: string | null, begun: RemoteSection | null): string[] {
  const { boot_id } = remote.system;
  const given = head.acquisition.overrides.some(({ option, reason }) => option === 'rebooted' && reason !== null);
  const laws: (readonly [holds: boolean, fault: string])[] = [
    [bootChanges([boot_id, ...bootIds]) === 0, 'the machine was started anew in the middle of a session'],
    [
      given || bootChanges([before, boot_id, ...bootIds]) === 0,
      'a session goes on with a machine that was started anew, and gives no reason',
    ],
    [
      begun === null || (remote.live === begun.live && remote.frozen_reason === begun.frozen_reason),
      'a session calls the disk live, or not, where the first did otherwise',
    ],
  ];
  return laws.filter(([holds]) => !holds).map(([, fault]) => fault);
}

/** Of what a session added to what is proven to be read, all came in it. */
function deliveredFaults(sessions: readonly (readonly JournalRecord[])[], size: number): string[] {
  // Of a single one the manifest's own law says the same.
  if (sessions.length === 1) return [];
  let good = 0;
  return sessions.flatMap((own, index) => {
    const told = sessions.slice(0, index + 1).flat();
    const now = readingState(told, size).state.proven.map.bytes('good');
    const adopted = own.flatMap(({ type, data }) => {
      const record = type === 'adopted' ? adoptedRecord.safeParse(data).data : undefined;
      return record === undefined ? [] : [total(record.ranges)];
    });
    const came = sessionAccounts(own).first.at(-1)?.bytes ?? 0;
    const added = now - good;
    good = now;
    if (added <= came + adopted.reduce((sum, each) => sum + each, 0)) return [];
    return [`session ${index} reads ${added} bytes, and ${came} came from the other machine`];
  });
}
