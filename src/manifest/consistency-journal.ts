import { visible } from '../model/text.ts';
import { LOST_WHILE_READ } from '../model/verdict.ts';
import { canonicalLine } from './encode.ts';
import type { JournalRecord } from './journal-chain.ts';
import { accountOf, provenEnd, provenUnreadable, type JournalAccount } from './journal-records.ts';
import type { Manifest } from './schema.ts';

/** A manifest before the list of files is known is judged the same. */
export type JournalledPart = Omit<Manifest, 'files' | 'journal'>;

/**
 * The laws between a manifest and its journal (`docs/manifest-format.md`, section 6); every broken one is a sentence.
 * @param records of a journal whose chain holds
 */
export function contradictions(manifest: JournalledPart, records: readonly JournalRecord[]): string[] {
  const { account, faults } = accountOf(records);
  return [
    ...faults,
    ...[checkEnd, checkReading, checkProtection, checkMap, checkChecks].flatMap((rule) => rule(manifest, account)),
  ];
}

type Law = readonly [holds: boolean, fault: string];

function unless(...laws: readonly Law[]): string[] {
  return laws.filter(([holds]) => !holds).map(([, fault]) => fault);
}

/** How the run ended, and what was said of it. */
function checkEnd(manifest: JournalledPart, { sealed, stopped, closing, readingFailed }: JournalAccount): string[] {
  const { outcome, acquisition, station } = manifest;
  const due = stopped?.disturbances ?? closing?.disturbances ?? [];
  const clock: Law = [same(station.clock.disturbances, due), 'it tells of other clock disturbances than the manifest'];
  if (outcome !== 'incomplete') {
    return unless(clock, [
      closing !== null && stopped === null && readingFailed === null && sealed === null,
      `it tells of a run that did not come to its end; the manifest says ${outcome}`,
    ]);
  }
  const told = acquisition.findings.some(({ code, message }) => code === stopped?.code && message === stopped.message);
  return unless(
    clock,
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

/** What reading came to. The hashes of a stopped run are the image's; they must still be those of the data read. */
function checkReading(manifest: JournalledPart, account: JournalAccount): string[] {
  const { outcome, image, digests, source, read_back } = manifest;
  const { read, sourceAfter } = account;
  const spoiled = outcome === 'incomplete' && read_back.state === 'mismatch';
  const known = (read?.digests ?? []).every(({ algorithm, hex }) =>
    digests.some((digest) => digest.algorithm === algorithm && digest.hex === hex),
  );
  return unless(
    [outcome === 'incomplete' || read?.complete === true, `not everything was read; the manifest says ${outcome}`],
    [
      read === null ? image.size >= provenEnd(account) : image.size === read.position,
      `${provenEnd(account)} bytes were written; the image of the manifest has ${image.size}`,
    ],
    [spoiled || known, 'the hashes of the data read are not those of the manifest'],
    [
      same(source.identity_after, sourceAfter?.identity ?? null),
      'source.identity_after is not what was seen after the last reading',
    ],
  );
}

/** The write protection as it was last seen: a manifest that claims more than the journal saw misleads a court. */
function checkProtection({ guard, probes }: JournalledPart, { sourceAfter, stopped }: JournalAccount): string[] {
  const lost = stopped !== null && LOST_WHILE_READ[stopped.code] !== undefined;
  const seen = sourceAfter?.verdict ?? null;
  return unless(
    [
      !lost || guard.verdict === 'contradicted',
      `its write protection was lost while it was read (${visible(stopped?.code ?? '')}); the manifest says ${guard.verdict}`,
    ],
    [
      lost || seen === null || (guard.verdict === seen.name && same(guard.evidence_after, seen.evidence)),
      `the verdict after the last reading was ${seen?.name ?? 'none'}; the manifest says ${guard.verdict}, or tells other evidence`,
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
function checkMap({ read_map }: JournalledPart, account: JournalAccount): string[] {
  const ranges = read_map.ranges.map(({ start, end, errno, attempts }) => ({ start, end, errno, attempts }));
  const tried = read_map.good + read_map.unreadable;
  return unless(
    [same(ranges, provenUnreadable(account)), 'the unreadable ranges of the manifest are others than it tells of'],
    [
      tried <= provenEnd(account),
      `it proves ${provenEnd(account)} bytes to have been read; the manifest says ${tried} were`,
    ],
  );
}

/** A check that was made is in the manifest as it came out, whatever came after; one that was not is not. */
function checkChecks({ read_back, source_check }: JournalledPart, account: JournalAccount): string[] {
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
