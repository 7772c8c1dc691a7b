import { MANIFEST_NAMESPACE, SUMS_NAMESPACE, type SignatureNamespace } from '../manifest/allowed-signers.ts';
import { ALLOWED_SIGNERS, SIGNATURE, SUMS, SUMS_SIGNATURE } from '../manifest/file-names.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { Sum } from '../manifest/sums.ts';
import { shellQuote, visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import type { Check, CheckName, CheckStatus, ReportSigner } from './report.ts';
import { checkSignature, type SignatureCheck, type SignatureKind } from './signature.ts';
import { checkSigner } from './check-signer.ts';
import type { StoredFolder } from './stored-folder.ts';

export interface SignatureFacts {
  readonly folder: StoredFolder;
  /** `--signers FILE`, which is no file of the folder; null: not given. */
  readonly signersFile: string | null;
  readonly sumsBytes: Buffer | null;
  readonly sums: readonly Sum[] | null;
  readonly manifestName: string | null;
  readonly manifestBytes: Buffer | null;
  /** Null when it can't be parsed. */
  readonly manifest: Manifest | null;
}

export interface SignatureFindings {
  readonly checks: readonly Check[];
  readonly notes: readonly string[];
  readonly signer: ReportSigner | null;
  /** The folder bears signatures, or its manifest says that it should. */
  readonly signed: boolean;
}

const STATUS: Record<SignatureKind, CheckStatus> = {
  trusted: 'ok',
  'valid-untrusted': 'unestablished',
  'not-trusted': 'invalid',
  'valid-at-claimed-time-only': 'unestablished',
  bad: 'invalid',
  malformed: 'invalid',
  'not-checked': 'not-checked',
};

/** One of the two signatures that a folder has, with what it covers. */
interface Signed {
  readonly check: 'sums-signature' | 'manifest-signature';
  readonly file: string;
  readonly signature: string;
  readonly data: Buffer | null;
  readonly namespace: SignatureNamespace;
}

/** Checks both signatures and that one key made both. Throws only when `--signers FILE` can't be read. */
export async function checkSignatures(ports: Ports, facts: SignatureFacts): Promise<SignatureFindings> {
  const pair = pairOf(facts);
  const there = pair.filter(({ signature }) => facts.folder.names.includes(signature));
  const state = facts.manifest?.signing.state ?? null;
  if (there.length === 0) return unsigned(facts, state === 'signed');
  if (state === 'unsigned' && sealingBegun(facts)) {
    const found = unsigned(facts, false);
    const note =
      'There is a signature over the manifest, in no list, and none over SHA256SUMS: a sealing was begun and not finished.';
    return { ...found, notes: [note] };
  }
  const notes: string[] = [];
  const found: SignatureCheck[] = [];
  const checks: Check[] = [];
  for (const one of pair) {
    const verdict = await checkOne(ports, facts, one);
    checks.push(verdict.check);
    if (verdict.found !== null) found.push(verdict.found);
  }
  const signer = checkSigner(found, facts.manifest);
  if (state === 'unsigned') {
    notes.push(
      'Signed afterwards: the manifest was unsigned when it was made. The signature says nothing about the time before it.',
    );
  }
  return { checks: [...checks, ...signer.checks], notes, signer: signer.signer, signed: true };
}

function pairOf({ sumsBytes, manifestBytes, manifestName }: SignatureFacts): Signed[] {
  const sums: Signed = {
    check: 'sums-signature',
    file: SUMS,
    signature: SUMS_SIGNATURE,
    data: sumsBytes,
    namespace: SUMS_NAMESPACE,
  };
  if (manifestName === null) return [sums];
  return [
    sums,
    {
      check: 'manifest-signature',
      file: manifestName,
      signature: manifestName + SIGNATURE,
      data: manifestBytes,
      namespace: MANIFEST_NAMESPACE,
    },
  ];
}

/** Only the first file of a later sealing is there: the folder is as unsigned as before. */
function sealingBegun({ folder, sums, manifestName }: SignatureFacts): boolean {
  const listed = (sums ?? []).some((sum) => sum.name === (manifestName ?? '') + SIGNATURE);
  return sums !== null && !listed && !folder.names.includes(SUMS_SIGNATURE);
}

function unsigned({ manifest, folder }: SignatureFacts, due: boolean): SignatureFindings {
  if (due && manifest?.signing.state === 'signed') {
    const by = `"${visible(manifest.signing.principal)}", key ${visible(manifest.signing.fingerprint)}`;
    const message = `The manifest says that it was signed by ${by}, and there is no signature: it was taken away.`;
    return { checks: [{ name: 'signer', status: 'invalid', message }], notes: [], signer: null, signed: true };
  }
  const check: Check = {
    name: 'signer',
    status: 'unestablished',
    message: 'The folder is not signed: whoever can change a file in it can make all its hashes anew.',
    hint: `Compare the seal with the label: --seal HEX. Sign it from now on: exhibit seal ${shellQuote(folder.path)}`,
  };
  return { checks: [check], notes: [], signer: null, signed: false };
}

async function checkOne(
  ports: Ports,
  facts: SignatureFacts,
  one: Signed,
): Promise<{ check: Check; found: SignatureCheck | null }> {
  const no = (status: CheckStatus, message: string): { check: Check; found: null } => ({
    check: { name: one.check, status, message },
    found: null,
  });
  const armour = await facts.folder.bytes(one.signature);
  if (!armour.ok) {
    const status = armour.status === 'damaged' ? 'invalid' : armour.status;
    return no(status, `The signature file ${visible(one.signature)} ${armour.why}.`);
  }
  if (one.data === null)
    return no('not-checked', `${visible(one.signature)} was not checked: ${visible(one.file)} can't be had.`);
  const folderSigners = (await facts.folder.look(ALLOWED_SIGNERS)).kind === 'file';
  const found = await checkSignature(ports, {
    data: one.data,
    armourBytes: armour.value,
    namespace: one.namespace,
    signersFile: facts.signersFile,
    folderSigners: folderSigners ? facts.folder.pathOf(ALLOWED_SIGNERS) : null,
    claimedTimeMs: facts.manifest === null ? null : Date.parse(facts.manifest.created),
  });
  return { check: toCheck(one.check, one.file, found), found };
}

function toCheck(name: CheckName, file: string, found: SignatureCheck): Check {
  const status = STATUS[found.kind];
  const what = visible(file);
  if (found.kind === 'trusted') {
    const who = `"${visible(found.principal ?? '')}", key ${found.fingerprint ?? ''}`;
    return { name, status, message: `${what} is signed by ${who}, whom your signers file lists.` };
  }
  const message = `${what}: ${found.reasons.join(' ')}`;
  if (found.kind !== 'valid-untrusted') return { name, status, message };
  const hint = 'Name the signers that you trust: --signers FILE (not the one that came with the evidence).';
  return { name, status, message, hint };
}
