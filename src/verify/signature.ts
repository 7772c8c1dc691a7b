import { errnoOf, ExhibitError, messageOf } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { SignatureNamespace } from '../manifest/allowed-signers.ts';
import { parseArmour } from '../manifest/armour.ts';
import type { SshSignature } from '../manifest/sign-blob.ts';
import { checkIntegrity } from '../manifest/sign-tool.ts';
import type { Ports } from '../system/ports.ts';
import { lookUpSigner, type SignedBytes } from './signature-signers.ts';

/**
 * What a signature is worth.
 * - `trusted`: made by a key that the examiner's own signers file lists for this namespace, now.
 * - `valid-untrusted`: unchanged since it was signed; by whom is not established, no signers file was given.
 * - `not-trusted`: unchanged, but the given signers file does not list the key, or not for this.
 * - `valid-at-claimed-time-only`: as `trusted`, but only if it was made when it says; the time is not proven.
 * - `bad`: the bytes were changed, or it was made for something else.
 * - `malformed`: the armour is not exactly what OpenSSH writes.
 * - `not-checked`: ssh-keygen is missing, did not finish, or was not understood.
 */
export type SignatureKind =
  'trusted' | 'valid-untrusted' | 'not-trusted' | 'valid-at-claimed-time-only' | 'bad' | 'malformed' | 'not-checked';

export interface SignatureCheck {
  readonly kind: SignatureKind;
  /** Of the key inside the signature; null when that can't be read. Not proved to be anybody's. */
  readonly fingerprint: string | null;
  readonly keyType: string | null;
  /** Whom the examiner's signers file names; several names of one key stand with " or ". Raw text. */
  readonly principal: string | null;
  /** Whom the folder's own allowed_signers names. It came with the folder and proves nothing. Raw text. */
  readonly claimedPrincipal: string | null;
  /** Sentences for the report, escaped. */
  readonly reasons: readonly string[];
}

export interface SignatureQuestion {
  /** The signed bytes, or the path of the file that holds them. */
  readonly data: string | Uint8Array;
  readonly armourBytes: Uint8Array;
  readonly namespace: SignatureNamespace;
  /** `--signers FILE`; null: not given. */
  readonly signersFile: string | null;
  /** The folder's own allowed_signers; null: there is none. */
  readonly folderSigners: string | null;
  /** When the manifest says it was made (UTC, milliseconds); null: it does not say. */
  readonly claimedTimeMs: number | null;
}

/** Signed files are manifests and sums; more than this is not one of them. */
const DATA_LIMIT = 256 * 1024 * 1024;
const SIGNERS_LIMIT = 4 * 1024 * 1024;
const LAST_TIME_MS = Date.UTC(9999, 11, 31);

/** Checks one detached signature. Throws only when the data or `--signers FILE` can't be read. */
export async function checkSignature(ports: Ports, question: SignatureQuestion): Promise<SignatureCheck> {
  const parsed = parseArmour(question.armourBytes);
  if (!parsed.ok) return result('malformed', null, [`The signature file is malformed: ${parsed.fault}.`]);
  const signature = parsed.value;
  if (signature.namespace !== question.namespace) {
    return result('bad', signature, [
      `The signature was made for "${visible(signature.namespace)}", not for "${question.namespace}".`,
    ]);
  }
  const { data } = question;
  const bytes = typeof data === 'string' ? await ports.files.readBytes(data, DATA_LIMIT) : data;
  const signers = question.signersFile === null ? null : await readSigners(ports, question.signersFile);
  if (ports.commands.which('ssh-keygen') === null)
    return result('not-checked', signature, ['ssh-keygen is not installed.']);
  const { namespace, armourBytes: armour } = question;
  return judge({ ports, question, namespace, signature, armour, bytes, signers });
}

interface Job extends SignedBytes {
  readonly question: SignatureQuestion;
  readonly signers: Uint8Array | null;
}

async function judge(job: Job): Promise<SignatureCheck> {
  const { ports, namespace, signature, armour, bytes } = job;
  const integrity = await checkIntegrity(ports, { namespace, signature: armour, data: bytes });
  if (integrity.kind === 'refused')
    return result('bad', signature, [`The signature does not fit the bytes: ${integrity.words}.`]);
  if (integrity.kind === 'unclear')
    return result('not-checked', signature, [`The signature could not be checked: ${integrity.words}.`]);
  if (integrity.fingerprint !== signature.fingerprint) {
    const both = `${integrity.fingerprint}, the file holds ${signature.fingerprint}`;
    return result('not-checked', signature, [`ssh-keygen speaks of another key than the signature file: ${both}.`]);
  }
  const claimed = await claimedBy(job);
  if (job.signers === null) {
    const reasons = [
      'The bytes are those that were signed. Who signed is not established: no --signers FILE was given.',
      ...claimed.reasons,
    ];
    return { ...result('valid-untrusted', signature, reasons), claimedPrincipal: claimed.name };
  }
  return { ...(await judgeSigner(job, job.signers)), claimedPrincipal: claimed.name };
}

async function judgeSigner(job: Job, signers: Uint8Array): Promise<SignatureCheck> {
  const { signature, question } = job;
  const now = await lookUpSigner(job, signers, undefined);
  if (now.names.length > 0) return { ...result('trusted', signature, []), principal: now.names.join(' or ') };
  const claimedMs = question.claimedTimeMs;
  const usable = claimedMs !== null && claimedMs >= 0 && claimedMs < Math.min(job.ports.clock.wallMs(), LAST_TIME_MS);
  const then = usable ? await lookUpSigner(job, signers, claimedMs) : null;
  if (then !== null && then.names.length > 0) {
    const reason = `The key is not valid now, it was at ${new Date(claimedMs ?? 0).toISOString()}, the time the evidence claims. That time is not proven.`;
    return {
      ...result('valid-at-claimed-time-only', signature, [reason, ...now.reasons]),
      principal: then.names.join(' or '),
    };
  }
  const unclear = now.unclear || then?.unclear === true;
  return result(unclear ? 'not-checked' : 'not-trusted', signature, now.reasons);
}

/** Whom the folder itself names as the signer; for the reader only. */
async function claimedBy(job: Job): Promise<{ name: string | null; reasons: string[] }> {
  const path = job.question.folderSigners;
  if (path === null) return { name: null, reasons: [] };
  try {
    const file = await job.ports.files.readBytes(path, SIGNERS_LIMIT);
    const { names } = await lookUpSigner(job, file, undefined);
    if (names.length > 0) return { name: names.join(' or '), reasons: [] };
    return { name: null, reasons: ["The folder's own allowed_signers does not list this key for this."] };
  } catch (error) {
    return { name: null, reasons: [`The folder's own allowed_signers can't be read: ${visible(messageOf(error))}.`] };
  }
}

/** The bytes of `--signers FILE`. Throws `verify.signers` (fault `usage`). */
export async function readSigners(ports: Ports, path: string): Promise<Uint8Array> {
  try {
    return await ports.files.readBytes(path, SIGNERS_LIMIT);
  } catch (error) {
    const why = errnoOf(error) === 'ENOENT' ? 'there is no such file' : visible(messageOf(error));
    throw new ExhibitError('usage', 'verify.signers', `--signers ${visible(path)} can't be read: ${why}.`, {
      hint: 'Give the allowed_signers file that you keep yourself, not the one that came with the evidence.',
      cause: error,
    });
  }
}

function result(kind: SignatureKind, signature: SshSignature | null, reasons: readonly string[]): SignatureCheck {
  const { fingerprint = null, keyType = null } = signature ?? {};
  return { kind, fingerprint, keyType, principal: null, claimedPrincipal: null, reasons };
}
