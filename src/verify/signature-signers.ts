import { isPattern, linesWithKey } from '../manifest/allowed-signers.ts';
import type { SshSignature } from '../manifest/sign-blob.ts';
import { findPrincipals, verifySigner } from '../manifest/sign-tool.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';

/** A signature whose bytes are known to be unchanged. */
export interface SignedBytes {
  readonly ports: Ports;
  readonly namespace: string;
  readonly signature: SshSignature;
  /** The signature as it stands in its file. */
  readonly armour: Uint8Array;
  readonly bytes: Uint8Array;
}

/** A key stands on one or two lines of a signers file; a hostile file must not make us start thousands of programs. */
const LINES_ASKED = 16;

export interface LookUp {
  /** Plain names that ssh-keygen accepts for this key, these bytes, this namespace, at that time. */
  readonly names: readonly string[];
  /** ssh-keygen did not run, did not finish or was not understood. */
  readonly unclear: boolean;
  readonly reasons: readonly string[];
}

/**
 * Asks ssh-keygen about every line that lists the key, one at a time: of a file with several such lines
 * `-Y find-principals` sees the first only, whatever its namespaces.
 */
export async function lookUpSigner(job: SignedBytes, signers: Uint8Array, atMs: number | undefined): Promise<LookUp> {
  const lines = linesWithKey(signers, job.signature.publicKey);
  if (lines.length === 0) return { names: [], unclear: false, reasons: ['The signers file does not list this key.'] };
  const found = [];
  for (const line of lines.slice(0, LINES_ASKED)) found.push(await lookUpLine(job, line, atMs));
  const reasons = found.flatMap((one) => one.reasons);
  if (lines.length > LINES_ASKED) {
    reasons.push(`The signers file lists this key ${lines.length} times; only ${LINES_ASKED} lines were looked at.`);
  }
  return { names: [...new Set(found.flatMap((one) => one.names))], unclear: found.some((one) => one.unclear), reasons };
}

async function lookUpLine(job: SignedBytes, line: string, atMs: number | undefined): Promise<LookUp> {
  const signers = Buffer.from(`${line}\n`, 'latin1');
  const { ran, principals, words } = await findPrincipals(job.ports, { signers, signature: job.armour, atMs });
  if (principals.length > 0) return verifyPrincipals(job, signers, principals, atMs);
  const reason = `The signers file's line for this key does not apply: ${words}.`;
  return { names: [], unclear: !ran, reasons: [reason] };
}

async function verifyPrincipals(
  job: SignedBytes,
  signers: Uint8Array,
  principals: readonly string[],
  atMs: number | undefined,
): Promise<LookUp> {
  const { ports, namespace, armour: signature, bytes: data } = job;
  const names: string[] = [];
  const reasons: string[] = [];
  let unclear = false;
  for (const principal of principals) {
    // ssh-keygen would match the pattern against itself and so accept it as a name.
    if (isPattern(principal)) {
      reasons.push(`The signers file lists this key for the pattern "${visible(principal)}", which names nobody.`);
      continue;
    }
    const verdict = await verifySigner(ports, { namespace, signers, principal, signature, data, atMs });
    if (verdict.kind === 'good' && verdict.fingerprint === job.signature.fingerprint) names.push(principal);
    else reasons.push(`"${visible(principal)}": ${verdict.kind === 'good' ? 'another key' : verdict.words}.`);
    unclear ||= verdict.kind === 'unclear';
  }
  return { names, unclear, reasons };
}
