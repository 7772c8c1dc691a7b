import type { Manifest } from '../manifest/schema.ts';
import { visible } from '../model/text.ts';
import type { Check, ReportSigner } from './report.ts';
import type { SignatureCheck, SignatureKind } from './signature.ts';

/** The bytes are those that the key inside the signature signed. */
const INTACT: readonly SignatureKind[] = ['trusted', 'valid-untrusted', 'not-trusted', 'valid-at-claimed-time-only'];

/** Whether one key made both signatures, and whether it is the one that the manifest names. */
export function checkSigner(
  found: readonly SignatureCheck[],
  manifest: Manifest | null,
): { checks: Check[]; signer: ReportSigner | null } {
  const intact = found.filter((check) => INTACT.includes(check.kind));
  const [first, second] = intact;
  if (first === undefined) return { checks: [], signer: null };
  const faults: string[] = [];
  if (second !== undefined && second.fingerprint !== first.fingerprint) {
    faults.push(`SHA256SUMS and the manifest are signed by different keys: ${told(first)} and ${told(second)}.`);
  }
  if (manifest?.signing.state === 'signed') {
    const named = manifest.signing.fingerprint;
    for (const other of new Set(intact.filter((check) => check.fingerprint !== named).map(told))) {
      faults.push(`The manifest says that the key ${visible(named)} signs; there is a signature by ${other}.`);
    }
  }
  const checks = faults.map((message): Check => ({ name: 'signer', status: 'invalid', message }));
  if (checks.length === 0 && second !== undefined && manifest !== null) {
    checks.push({ name: 'signer', status: 'ok', message: `One key made both signatures: ${told(first)}.` });
  }
  return { checks, signer: signerOf(intact, first) };
}

function signerOf(intact: readonly SignatureCheck[], first: SignatureCheck): ReportSigner {
  const trusted = intact.every((check) => check.kind === 'trusted') ? first.principal : null;
  return {
    fingerprint: told(first),
    keyType: visible(first.keyType ?? 'unknown'),
    trustedAs: trusted === null ? null : visible(trusted),
    claimed: first.claimedPrincipal === null ? null : visible(first.claimedPrincipal),
  };
}

function told(check: SignatureCheck): string {
  return check.fingerprint ?? 'unknown';
}
