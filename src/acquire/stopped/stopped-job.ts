import { MAX_SEGMENTS, segmentCount, segmentsOf } from '../../image/segments.ts';
import { canonicalLine } from '../../manifest/encode.ts';
import { ExhibitError } from '../../model/errors.ts';
import { FATAL_WORDS } from '../../model/listen.ts';
import { visible } from '../../model/text.ts';
import { checkChain } from '../../manifest/journal-chain.ts';
import { accountOf, type JournalAccount } from '../../manifest/journal-records.ts';
import { readingState, type ReadingState } from '../../manifest/reading-state.ts';
import type { Manifest } from '../../manifest/schema.ts';
import { lastAct, sessionDurations } from '../../manifest/sessions.ts';
import type { ManifestStart } from '../../manifest/start.ts';

/** What a stopped acquisition's journal tells. */
export interface StoppedJob {
  /** Of its first session. */
  readonly start: ManifestStart;
  readonly account: JournalAccount;
  readonly state: ReadingState;
  readonly lastRecordMs: number;
  /** Of all sessions together. */
  readonly durationMs: number;
}

/**
 * Reads a stopped job's journal, whose chain has been checked. Throws `journal.no-start` when it never began, and
 * `journal.records` for one that contradicts itself: what it says of a check must not get lost unread.
 * @param stem by the journal's own file name
 */
export function readStoppedJob(bytes: Uint8Array, path: string, stem: string): StoppedJob {
  const { records } = checkChain(bytes);
  const { account, faults } = accountOf(records);
  const { start } = account;
  if (start === null) {
    throw new ExhibitError('damage', 'journal.no-start', `${visible(path)} does not say what was being acquired.`, {
      hint: 'The acquisition ended before it began, or another version of exhibit wrote this. There is nothing to seal.',
    });
  }
  const reading = readingState(records, start.size);
  refuseFaults(path, [...faults, ...fileFaults(start, stem), ...reading.faults, ...settingFaults(start, account)]);
  return {
    start,
    account,
    state: reading.state,
    lastRecordMs: Date.parse(lastAct(records)?.at ?? start.head.acquisition.started),
    durationMs: sessionDurations(records).reduce((sum, each) => sum + each, 0),
  };
}

function refuseFaults(path: string, faults: readonly string[]): void {
  if (faults.length === 0) return;
  throw new ExhibitError(
    'damage',
    'journal.records',
    `${visible(path)} contradicts itself: ${visible(faults.join('; '))}.`,
    {
      hint: 'Another version of exhibit wrote it, or somebody changed it. Nothing was touched; keep the folder as it is.',
    },
  );
}

/** Anybody can write a journal: image files that it names are renamed, written to and hashed, so they are those it must have. */
function fileFaults({ stem: told, size, segments, head }: ManifestStart, stem: string): string[] {
  if (told !== stem) return [`it is called the journal of ${stem}, and tells of ${told}`];
  const { format, segment_size: segmentSize } = head.acquisition.settings;
  const few = segmentCount(size, format, segmentSize) <= MAX_SEGMENTS;
  const due = few ? segmentsOf(size, format, segmentSize, stem) : [];
  const same = canonicalLine([...segments]) === canonicalLine(due.map((each) => ({ ...each })));
  return same ? [] : ['its image files are not those of its size and settings'];
}

/** What the run can't have done by its own settings. */
function settingFaults({ head }: ManifestStart, { readBack, sourceCheck, sessions }: JournalAccount): string[] {
  const { settings } = head.acquisition;
  const laws: [boolean, string][] = [
    [
      readBack === null || (readBack.state === 'waived') === !(settings.read_back || sessions > 1),
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
export function laterFindings({ account, state }: StoppedJob): Manifest['acquisition']['findings'] {
  const { readingFailed, sourceAfter, stopped, fatal } = account;
  const end = stopped ?? (readingFailed === null ? null : { code: 'reading-failed', message: readingFailed.message });
  return [
    // A refusal ended the run; here it is what was seen.
    ...(sourceAfter?.findings ?? []).map(({ code, message }) => ({ level: 'warning' as const, code, message })),
    ...state.readAgain.map(({ start, end, why }) => ({
      level: 'warning' as const,
      code: 'read.again',
      message: `bytes [${start}, ${end}): ${why}`,
    })),
    ...(fatal === null || stopped?.code === `listen.${fatal}`
      ? []
      : [{ level: 'warning' as const, code: `listen.${fatal}`, message: FATAL_WORDS[fatal] }]),
    ...(end === null ? [] : [{ level: 'warning' as const, code: end.code, message: end.message }]),
  ];
}
