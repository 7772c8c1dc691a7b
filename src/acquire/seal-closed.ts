import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { errnoOf, ExhibitError } from '../model/errors.ts';
import type { Emit } from '../model/event.ts';
import { visible } from '../model/text.ts';
import { formatAllowedSigners, MANIFEST_NAMESPACE, SUMS_NAMESPACE } from '../manifest/allowed-signers.ts';
import { ALLOWED_SIGNERS, folderNames, SUMS, SUMS_SIGNATURE, VERIFY_TEXT } from '../manifest/file-names.ts';
import { parseManifest } from '../manifest/parse.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { Signer } from '../manifest/sign.ts';
import { formatSums, sealOf } from '../manifest/sums.ts';
import { formatVerifyText } from '../manifest/verify-text.ts';
import type { Ports } from '../system/ports.ts';
import type { CheckName } from '../verify/report.ts';
import { checkSignature } from '../verify/signature.ts';
import { verifyFolder } from '../verify/verify-folder.ts';
import { folderSums, type ClosedFolder } from './close-folder.ts';
import { claim } from './open-folder.ts';

export interface SealClosedWork {
  readonly ports: Ports;
  readonly folder: string;
  readonly stem: string;
  readonly signer: Signer;
  readonly emit: Emit;
  readonly stop: AbortSignal;
}

/**
 * Signs a folder that has a manifest but not yet all signatures: made with `--unsigned`, or cut off while it was
 * closed. The whole folder is verified first; what is damaged is not signed. The manifest itself never changes; only
 * VERIFY.txt and SHA256SUMS, which no signature covers yet, are replaced.
 */
export async function sealClosed(work: SealClosedWork): Promise<ClosedFolder> {
  const { ports, folder, stem, signer } = work;
  const names = folderNames(stem);
  const journal = await ports.files.open(join(folder, names.journal), 'read');
  try {
    await claim(ports, journal.fd, folder);
    const bytes = await ports.files.readBytes(join(folder, names.manifest));
    const parsed = parseManifest(bytes);
    if (!parsed.ok) throw notValid(folder, parsed.faults.join('; '));
    const { manifest } = parsed;
    refuseOtherKey(folder, manifest, signer);
    await refuseSealed(ports, folder);
    // Begun before and cut off: what lies there does not verify until it is finished, and is looked at then.
    const begun = manifest.signing.state === 'signed' || (await isCutOff(ports, folder, names.manifestSignature));
    if (!begun) await requireSound(work, []);
    await signManifest(work, join(folder, names.manifestSignature), bytes);
    await createOrSame(ports, join(folder, ALLOWED_SIGNERS), formatAllowedSigners(signer.principal, signer.publicKey));
    const manifestSha256 = createHash('sha256').update(bytes).digest('hex');
    await ports.files.replaceFile(join(folder, VERIFY_TEXT), formatVerifyText(manifest, { manifestSha256, signer }));
    const sums = Buffer.from(formatSums(await folderSums(ports.files, folder, manifest, true)));
    await ports.files.replaceFile(join(folder, SUMS), sums);
    // Whole by now, but for the one signature that is to come.
    if (begun) await requireSound(work, ['sums-signature']);
    await ports.files.createFile(join(folder, SUMS_SIGNATURE), await signer.sign(sums, SUMS_NAMESPACE));
    const seal = { evidenceId: manifest.case.evidence_id, sha256: sealOf(sums), fingerprint: signer.fingerprint };
    return { manifest, manifestName: names.manifest, seal };
  } finally {
    await journal.close();
  }
}

/** An unsigned closing, or its later sealing, that did not come to its end. */
async function isCutOff(ports: Ports, folder: string, manifestSignature: string): Promise<boolean> {
  return (await exists(ports, join(folder, manifestSignature))) || !(await exists(ports, join(folder, SUMS)));
}

async function exists(ports: Ports, path: string): Promise<boolean> {
  return (await ports.files.statOrNull(path)) !== null;
}

async function refuseSealed(ports: Ports, folder: string): Promise<void> {
  if (!(await exists(ports, join(folder, SUMS_SIGNATURE)))) return;
  throw new ExhibitError('usage', 'seal.already', `${visible(folder)} is sealed already.`, {
    hint: 'Check it: exhibit verify DIR --signers FILE',
  });
}

function refuseOtherKey(folder: string, manifest: Manifest, signer: Signer): void {
  if (manifest.signing.state === 'unsigned' || manifest.signing.fingerprint === signer.fingerprint) return;
  throw new ExhibitError(
    'signature',
    'seal.other-key',
    `The manifest in ${visible(folder)} names another key: ${manifest.signing.fingerprint}.`,
    {
      hint: 'Its closing was cut off. Finish it with the same key: --key FILE',
    },
  );
}

/**
 * A closing that was cut off may have signed the manifest: a good signature by this key stays. It can't be compared
 * with a new one: most keys sign the same bytes differently every time.
 */
async function signManifest({ ports, folder, signer }: SealClosedWork, path: string, bytes: Buffer): Promise<void> {
  if (!(await exists(ports, path))) {
    await ports.files.createFile(path, await signer.sign(bytes, MANIFEST_NAMESPACE));
    return;
  }
  const there = await checkSignature(ports, {
    data: bytes,
    armourBytes: await ports.files.readBytes(path),
    namespace: MANIFEST_NAMESPACE,
    signersFile: null,
    folderSigners: null,
    claimedTimeMs: null,
  });
  if (there.kind === 'valid-untrusted' && there.fingerprint === signer.fingerprint) return;
  throw new ExhibitError(
    'signature',
    'seal.signature',
    `${visible(folder)} holds a signature over its manifest that is not good, or is by another key. ${there.reasons.join(' ')}`,
    { hint: 'Finish it with the key that began it: --key FILE. See: exhibit verify DIR' },
  );
}

/** Whoever seals vouches for the whole folder, so the whole folder is looked at; but for what is still to come. */
async function requireSound(
  { ports, folder, emit, stop }: SealClosedWork,
  toCome: readonly CheckName[],
): Promise<void> {
  const report = await verifyFolder(ports, {
    target: folder,
    signersFile: null,
    seal: null,
    range: null,
    sample: null,
    emit,
    stop,
  });
  // What could not be looked at is not vouched for either; that nobody trusted has signed yet is no fault.
  const bad = report.checks
    .filter(
      ({ status, name }) =>
        status !== 'ok' && status !== 'unestablished' && (status === 'damaged' || !toCome.includes(name)),
    )
    .map(({ message }) => message);
  if (bad.length === 0) return;
  throw new ExhibitError('damage', 'seal.damaged', `${visible(folder)} does not verify: ${bad.join('; ')}`, {
    hint: 'What does not verify is not vouched for. See: exhibit verify DIR',
  });
}

/** A seal that was cut off may have made the file; the same bytes are as good. */
async function createOrSame(ports: Ports, path: string, content: string): Promise<void> {
  try {
    await ports.files.createFile(path, content);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' && (await ports.files.readText(path)) === content) return;
    throw error;
  }
}

function notValid(folder: string, faults: string): ExhibitError {
  return new ExhibitError('signature', 'seal.manifest', `The manifest in ${visible(folder)} is not valid: ${faults}`);
}
