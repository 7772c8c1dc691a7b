import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import { checkChain, type JournalRecord } from '../manifest/journal-chain.ts';
import { accountOf, provenEnd, type JournalAccount } from '../manifest/journal-records.ts';
import type { Manifest } from '../manifest/schema.ts';
import { manifestStartSchema, type ManifestStart } from '../manifest/start.ts';

/** What a stopped acquisition's journal tells. */
export interface StoppedJob {
  readonly start: ManifestStart;
  readonly account: JournalAccount;
  readonly lastRecordMs: number;
  readonly durationMs: number;
}

/**
 * Reads a stopped job's journal, whose chain has been checked. Throws `journal.no-start` when it never began, and
 * `journal.records` for one that contradicts itself: what it says of a check must not get lost unread.
 */
export function readStoppedJob(bytes: Uint8Array, path: string): StoppedJob {
  const { records } = checkChain(bytes);
  const start = manifestStartSchema.safeParse(records[0]?.data);
  if (!start.success) {
    throw new ExhibitError('damage', 'journal.no-start', `${visible(path)} does not say what was being acquired.`, {
      hint: 'The acquisition ended before it began, or another version of exhibit wrote this. There is nothing to seal.',
    });
  }
  const { account, faults } = accountOf(records);
  refuseFaults(path, [...faults, ...settingFaults(start.data, account)]);
  const last = lastOfTheRun(records);
  return {
    start: start.data,
    account,
    lastRecordMs: Date.parse(last?.at ?? start.data.head.acquisition.started),
    durationMs: Math.max(0, (last?.mono_ms ?? 0) - (records[0]?.mono_ms ?? 0)),
  };
}

function refuseFaults(path: string, faults: readonly string[]): void {
  if (faults.length === 0) return;
  throw new ExhibitError('damage', 'journal.records', `${visible(path)} contradicts itself: ${faults.join('; ')}.`, {
    hint: 'Another version of exhibit wrote it, or somebody changed it. Nothing was touched; keep the folder as it is.',
  });
}

/** What the run can't have done by its own settings. */
function settingFaults({ size, head }: ManifestStart, account: JournalAccount): string[] {
  const { settings } = head.acquisition;
  const { read, readBack, sourceCheck } = account;
  const laws: [boolean, string][] = [
    [provenEnd(account) <= size, 'it read more than the source has'],
    [read?.complete !== true || read.position === size, 'it calls a part of the source everything'],
    [
      readBack === null || (readBack.state === 'waived') === !settings.read_back,
      'its read-back is not what its settings ask for',
    ],
    [readBack?.state !== 'not-done', 'it has a read-back that was not done'],
    [
      sourceCheck === null || (sourceCheck.state === 'not-done') === !settings.verify_source,
      'its second read of the source is not what its settings ask for',
    ],
  ];
  return laws.filter(([holds]) => !holds).map(([, fault]) => fault);
}

/** The findings that reading and its end add to those before it. */
export function laterFindings({ account }: StoppedJob): Manifest['acquisition']['findings'] {
  const { read, readingFailed, sourceAfter, stopped } = account;
  const again = (read ?? readingFailed)?.read_again ?? [];
  const end = stopped ?? (readingFailed === null ? null : { code: 'reading-failed', message: readingFailed.message });
  return [
    // A refusal ended the run; here it is what was seen.
    ...(sourceAfter?.findings ?? []).map(({ code, message }) => ({ level: 'warning' as const, code, message })),
    ...again.map(({ start, end, why }) => ({
      level: 'warning' as const,
      code: 'read.again',
      message: `bytes [${start}, ${end}): ${why}`,
    })),
    ...(end === null ? [] : [{ level: 'warning' as const, code: end.code, message: end.message }]),
  ];
}

/** The last thing the run itself wrote; what sealing added came later. */
function lastOfTheRun(records: readonly JournalRecord[]): JournalRecord | undefined {
  return records.findLast(({ type }) => type !== 'tail-dropped' && type !== 'sealed-incomplete');
}
