import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { errnoOf } from '../../model/errors.ts';
import type { Emit } from '../../model/event.ts';
import { subtract } from '../../model/range.ts';
import { formatAllowedSigners, MANIFEST_NAMESPACE, SUMS_NAMESPACE } from '../../manifest/allowed-signers.ts';
import {
  ALLOWED_SIGNERS,
  folderNames,
  SIGNATURE,
  SUMS,
  SUMS_SIGNATURE,
  VERIFY_TEXT,
} from '../../manifest/file-names.ts';
import { parseManifest } from '../../manifest/parse.ts';
import type { Manifest } from '../../manifest/schema.ts';
import type { Signer } from '../../manifest/sign.ts';
import { formatSums, sealOf } from '../../manifest/sums.ts';
import { formatVerifyText } from '../../manifest/verify-text.ts';
import { destinationError } from '../../sink/destination-error.ts';
import type { Ports } from '../../system/ports.ts';
import type { Check, CheckName, VerifyReport } from '../../verify/report.ts';
import { checkSignature } from '../../verify/signature.ts';
import { verifyFolder } from '../../verify/verify-folder.ts';
import { folderSums, type ClosedFolder } from '../close-folder.ts';
import { closingNames, isThere, removeLeftovers } from './leftovers.ts';
import { claim } from '../open-folder.ts';
import {
  closedAlready,
  notSound,
  notValid,
  otherSigners,
  refuseOtherKey,
  sealedAlready,
  signingBegun,
  strangeSignature,
} from './seal-refusals.ts';

export interface SealClosedWork {
  readonly ports: Ports;
  readonly folder: string;
  readonly stem: string;
  /** Null: an unsigned closing that was cut off is finished as what it was to be. */
  readonly signer: Signer | null;
  readonly emit: Emit;
  readonly stop: AbortSignal;
}

/** The folder with its manifest, whose exact bytes are what gets signed. */
interface Closing extends Omit<SealClosedWork, 'stem' | 'signer'> {
  readonly manifest: Manifest;
  readonly manifestName: string;
  readonly bytes: Buffer;
}

/**
 * Finishes a folder that has a manifest but not yet all that comes after it: made with `--unsigned`, or cut off while
 * it was closed. The whole folder is verified first; what is damaged is not signed. The manifest itself never changes;
 * only VERIFY.txt and SHA256SUMS, which no signature covers yet, are replaced.
 */
export async function sealClosed(work: SealClosedWork): Promise<ClosedFolder> {
  const { ports, folder, stem, signer } = work;
  const names = folderNames(stem);
  const journal = await ports.files.open(join(folder, names.journal), 'read');
  try {
    await claim(ports, journal.fd, folder);
    const bytes = await ports.files.readBytes(join(folder, names.manifest));
    const parsed = parseManifest(bytes);
    if (!parsed.ok) throw notValid(folder, parsed.faults);
    const closing = { ...work, manifest: parsed.manifest, manifestName: names.manifest, bytes };
    refuseOtherKey(folder, closing.manifest, signer);
    if (await isThere(ports.files, folder, SUMS_SIGNATURE)) throw sealedAlready(folder);
    const finishing = signer === null ? finishUnsigned(closing, stem) : finishSigned(closing, stem, signer);
    const sums = await finishing.catch((error: unknown) => {
      throw destinationError(folder, error);
    });
    const seal = {
      evidenceId: closing.manifest.case.evidence_id,
      sha256: sealOf(sums),
      fingerprint: signer?.fingerprint ?? null,
    };
    return { manifest: closing.manifest, manifestName: names.manifest, seal };
  } finally {
    await journal.close();
  }
}

/** Gives the bytes of SHA256SUMS, which are signed last. */
async function finishSigned(closing: Closing, stem: string, signer: Signer): Promise<Buffer> {
  const { folder, manifest } = closing;
  const { files } = closing.ports;
  // Begun before and cut off: what lies there does not verify until it is finished, and is looked at then.
  const begun = manifest.signing.state === 'signed' || (await isCutOff(closing));
  if (!begun) await requireSound(closing, []);
  await removeLeftovers(files, folder, closingNames(stem), closing.emit);
  await signManifest(closing, folderNames(stem).manifestSignature, signer);
  await createOrSame(closing, ALLOWED_SIGNERS, formatAllowedSigners(signer.principal, signer.publicKey));
  await writeVerifyText(closing, signer);
  const sums = Buffer.from(formatSums(await folderSums(files, folder, manifest, true)));
  await files.replaceFile(join(folder, SUMS), sums);
  // Whole by now, but for the one signature that is to come.
  if (begun) await requireSound(closing, ['sums-signature']);
  await files.createFile(join(folder, SUMS_SIGNATURE), await signer.sign(sums, SUMS_NAMESPACE));
  return sums;
}

/** Gives the bytes of SHA256SUMS, the last file of an unsigned folder. */
async function finishUnsigned(closing: Closing, stem: string): Promise<Buffer> {
  const { folder, manifest } = closing;
  const { files } = closing.ports;
  if (await isThere(files, folder, folderNames(stem).manifestSignature)) throw signingBegun(folder);
  if (!(await isCutOff(closing))) throw closedAlready(folder);
  await removeLeftovers(files, folder, closingNames(stem), closing.emit);
  await writeVerifyText(closing, null);
  // Only what SHA256SUMS itself would tell is still to come.
  await requireSound(closing, ['sums', 'listing', 'files']);
  const sums = Buffer.from(formatSums(await folderSums(files, folder, manifest, false)));
  await files.replaceFile(join(folder, SUMS), sums);
  return sums;
}

/** An unsigned closing, or its later sealing, that did not come to its end. */
async function isCutOff({ ports: { files }, folder, manifestName }: Closing): Promise<boolean> {
  return (await isThere(files, folder, `${manifestName}${SIGNATURE}`)) || !(await isThere(files, folder, SUMS));
}

async function writeVerifyText({ ports, folder, manifest, bytes }: Closing, signer: Signer | null): Promise<void> {
  const manifestSha256 = createHash('sha256').update(bytes).digest('hex');
  await ports.files.replaceFile(join(folder, VERIFY_TEXT), formatVerifyText(manifest, { manifestSha256, signer }));
}

/**
 * A closing that was cut off may have signed the manifest: a good signature by this key stays. It can't be compared
 * with a new one: most keys sign the same bytes differently every time.
 */
async function signManifest({ ports, folder, bytes }: Closing, name: string, signer: Signer): Promise<void> {
  if (!(await isThere(ports.files, folder, name))) {
    await ports.files.createFile(join(folder, name), await signer.sign(bytes, MANIFEST_NAMESPACE));
    return;
  }
  const there = await checkSignature(ports, {
    data: bytes,
    armourBytes: await ports.files.readBytes(join(folder, name)),
    namespace: MANIFEST_NAMESPACE,
    signersFile: null,
    folderSigners: null,
    claimedTimeMs: null,
  });
  if (there.kind !== 'valid-untrusted' || there.fingerprint !== signer.fingerprint)
    throw strangeSignature(folder, there.reasons);
}

/** Whoever seals vouches for the whole folder, so the whole folder is looked at; but for what is still to come. */
async function requireSound(
  { ports, folder, manifest, emit, stop }: Closing,
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
    .filter((check) => !isRecorded(check, report, manifest))
    .filter(
      ({ status, name }) =>
        status !== 'ok' && status !== 'unestablished' && (status === 'damaged' || !toCome.includes(name)),
    )
    .map(({ message }) => message);
  if (bad.length > 0) throw notSound(folder, bad);
}

/**
 * A mismatch that the run itself found is what gets signed, as such: the folder holds what its manifest says. Damage to
 * the image belongs to it only where it lies in the pieces that the manifest names as differing.
 */
function isRecorded({ name }: Check, { damage }: VerifyReport, { read_back: back }: Manifest): boolean {
  if (name === 'outcome' || name === 'read-back') return true;
  if (name !== 'stream-hash' && name !== 'image-pieces' && name !== 'image-files') return false;
  const known = back.state === 'mismatch' ? back.differing : [];
  return damage.length > 0 && damage.every((range) => subtract(range, known).length === 0);
}

/** A seal that was cut off may have made the file; the same bytes are as good. */
async function createOrSame({ ports: { files }, folder }: Closing, name: string, content: string): Promise<void> {
  const path = join(folder, name);
  try {
    await files.createFile(path, content);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    if ((await files.readText(path)) !== content) throw otherSigners(folder);
  }
}
