import { checkChain } from '../manifest/journal.ts';
import { canonicalText } from '../manifest/encode.ts';
import { SUMS, SUMS_SIGNATURE } from '../manifest/file-names.ts';
import { parseSums } from '../manifest/sums.ts';
import { messageOf } from '../model/errors.ts';
import { cell, visible } from '../model/text.ts';
import type { StoredFolder } from '../verify/stored-folder.ts';
import { judge } from './judge.ts';
import { FILES, listedFiles } from './report-folder.ts';
import { reportSchema, type Report } from './report-schema.ts';

/** One thing that was looked at. `damaged`: a file is not what SHA256SUMS says. Message escaped. */
export interface ReportCheck {
  readonly status: 'ok' | 'damaged' | 'invalid' | 'unestablished';
  readonly message: string;
}

/** Everything but the signatures: sums, what they list, the report's form, and that its result follows from its facts. */
export async function checkContents(
  folder: StoredFolder,
): Promise<{ readonly report: Report | null; readonly checks: readonly ReportCheck[] }> {
  const sums = await checkSums(folder);
  const parsed = await readReport(folder);
  if ('fault' in parsed) return { report: null, checks: [...sums.checks, bad(parsed.fault)] };
  const { report } = parsed;
  const due = listedFiles(report.signing.state === 'signed');
  const unlisted = sums.names === null ? [] : due.filter((name) => !sums.names?.includes(name));
  const uncovered = folder.names.filter(
    (name) => name !== SUMS && name !== SUMS_SIGNATURE && sums.names?.includes(name) === false,
  );
  return {
    report,
    checks: [
      ...sums.checks,
      ...unlisted.map((name) => bad(`${SUMS} does not list ${name}.`)),
      ...uncovered.map((name) => ok(`not covered by ${SUMS}, and not looked at: ${cell(name, 100)}`)),
      ...(await journalChecks(folder, report)),
      consistent(report),
    ],
  };
}

async function checkSums(
  folder: StoredFolder,
): Promise<{ readonly names: readonly string[] | null; readonly checks: readonly ReportCheck[] }> {
  const content = await folder.bytes(SUMS);
  if (!content.ok) return { names: null, checks: [bad(`${SUMS} ${content.why}.`)] };
  const parsed = parseSums(content.value.toString('latin1'));
  if (!parsed.ok) return { names: null, checks: parsed.faults.map((fault) => bad(`${SUMS}: ${fault}.`)) };
  const checks: ReportCheck[] = [];
  for (const { name, sha256 } of parsed.sums) {
    const file = await folder.sha256(name);
    if (!file.ok) checks.push({ status: 'damaged', message: `${name} ${file.why}.` });
    else if (file.value.sha256 !== sha256) checks.push({ status: 'damaged', message: `${name} was changed.` });
  }
  if (checks.length === 0) checks.push(ok(`${parsed.sums.length} files have the hashes that ${SUMS} lists.`));
  return { names: parsed.sums.map(({ name }) => name), checks };
}

/** Only the one canonical spelling is read: no key twice, no unknown one, no number that is not exact. */
async function readReport(folder: StoredFolder): Promise<{ report: Report } | { fault: string }> {
  const content = await folder.bytes(FILES.report);
  if (!content.ok) return { fault: `${FILES.report} ${content.why}.` };
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content.value));
    const parsed = reportSchema.safeParse(json);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const at = visible(issue?.path.map(String).join('.') ?? '');
      return {
        fault: `${FILES.report} is not a report of a version that is known here: ${at}: ${cell(issue?.message ?? '', 160)}.`,
      };
    }
    if (!Buffer.from(canonicalText(json, '  ')).equals(content.value))
      return { fault: `${FILES.report} is not in its canonical form.` };
    return { report: parsed.data };
  } catch (error) {
    return { fault: `${FILES.report} can't be read: ${cell(messageOf(error), 160)}.` };
  }
}

async function journalChecks(folder: StoredFolder, report: Report): Promise<ReportCheck[]> {
  const content = await folder.bytes(FILES.journal);
  if (!content.ok) return [bad(`${FILES.journal} ${content.why}.`)];
  const chain = checkChain(content.value);
  if (!chain.ok) return chain.faults.map((fault) => bad(`${FILES.journal}: ${visible(fault)}.`));
  const { records, head } = report.journal;
  if (chain.torn === null && chain.records.length === records && chain.head === head)
    return [ok(`The journal is whole: ${records} records.`)];
  return [bad('The journal is not the one that the report names.')];
}

/** The result must follow from the attempts. The sentences beside it may have been worded by another version. */
function consistent(report: Report): ReportCheck {
  const { result } = judge(report);
  if (result === report.result) return ok('The result follows from the attempts and the two readings.');
  return bad(`The report says ${report.result}; from its attempts follows: ${result}.`);
}

function ok(message: string): ReportCheck {
  return { status: 'ok', message };
}

function bad(message: string): ReportCheck {
  return { status: 'invalid', message };
}
