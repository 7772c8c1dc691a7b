import { BLOCKER_TEST_NAMESPACE } from '../manifest/allowed-signers.ts';
import { ALLOWED_SIGNERS, SUMS, SUMS_SIGNATURE } from '../manifest/file-names.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import { checkSignature, type SignatureCheck, type SignatureKind } from '../verify/signature.ts';
import type { StoredFolder } from '../verify/stored-folder.ts';
import type { ReportCheck } from './check-contents.ts';
import { FILES } from './report-folder.ts';
import type { Report } from './report-schema.ts';

const STATUS: Readonly<Record<SignatureKind, ReportCheck['status']>> = {
  trusted: 'ok',
  'valid-untrusted': 'unestablished',
  'not-trusted': 'invalid',
  'valid-at-claimed-time-only': 'unestablished',
  bad: 'invalid',
  malformed: 'invalid',
  'not-checked': 'unestablished',
};

const PAIRS = [
  [SUMS, SUMS_SIGNATURE],
  [FILES.report, FILES.signature],
] as const;

/** Both signatures, and that the key that the report names made them. `signer`: whom the outside list names, with the key. */
export async function checkReportSignatures(
  ports: Ports,
  folder: StoredFolder,
  report: Report | null,
  signersFile: string | null,
): Promise<{ readonly signer: string | null; readonly checks: readonly ReportCheck[] }> {
  const there = PAIRS.filter(([, signature]) => folder.names.includes(signature));
  if (there.length === 0 && report?.signing.state === 'unsigned')
    return { signer: null, checks: [{ status: 'unestablished', message: 'The folder is not signed.' }] };
  const found: SignatureCheck[] = [];
  const checks: ReportCheck[] = [];
  for (const [file, signature] of PAIRS) {
    const one = await checkOne(ports, folder, file, signature, { signersFile, report });
    checks.push(one.check);
    if (one.found !== null) found.push(one.found);
  }
  const keys = new Set([
    ...found.map(({ fingerprint }) => fingerprint ?? 'unknown'),
    ...(report?.signing.state === 'signed' ? [report.signing.fingerprint] : []),
  ]);
  if (keys.size > 1 || report?.signing.state === 'unsigned')
    checks.push({ status: 'invalid', message: 'The signatures are not by the key that the report names.' });
  const [first] = found;
  const trusted = found.length === PAIRS.length && found.every(({ kind }) => kind === 'trusted');
  return { signer: trusted ? `${first?.principal ?? ''}, ${first?.fingerprint ?? ''}` : null, checks };
}

async function checkOne(
  ports: Ports,
  folder: StoredFolder,
  file: string,
  signature: string,
  { signersFile, report }: { readonly signersFile: string | null; readonly report: Report | null },
): Promise<{ check: ReportCheck; found: SignatureCheck | null }> {
  const [data, armour] = [await folder.bytes(file), await folder.bytes(signature)];
  if (!data.ok) return { check: { status: 'invalid', message: `${file} ${data.why}.` }, found: null };
  if (!armour.ok) return { check: { status: 'invalid', message: `${signature} ${armour.why}.` }, found: null };
  const found = await checkSignature(ports, {
    data: data.value,
    armourBytes: armour.value,
    namespace: BLOCKER_TEST_NAMESPACE,
    signersFile,
    folderSigners: folder.names.includes(ALLOWED_SIGNERS) ? folder.pathOf(ALLOWED_SIGNERS) : null,
    claimedTimeMs: report === null ? null : Date.parse(report.finished),
  });
  const why = found.reasons.length === 0 ? `signed by ${visible(found.principal ?? '')}.` : found.reasons.join(' ');
  return { check: { status: STATUS[found.kind], message: `${signature}: ${why}` }, found };
}
