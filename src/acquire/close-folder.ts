import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { bug } from '../model/errors.ts';
import type { Emit } from '../model/event.ts';
import { formatAllowedSigners, MANIFEST_NAMESPACE, SUMS_NAMESPACE } from '../manifest/allowed-signers.ts';
import { encodeManifest } from '../manifest/encode.ts';
import { ALLOWED_SIGNERS, folderNames, SUMS, SUMS_SIGNATURE, VERIFY_TEXT } from '../manifest/file-names.ts';
import { parseManifest } from '../manifest/parse.ts';
import { formatReport } from '../manifest/report.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { Signer } from '../manifest/sign.ts';
import { formatSums, sealOf, type Sum } from '../manifest/sums.ts';
import { formatVerifyText } from '../manifest/verify-text.ts';
import { destinationError } from '../sink/destination-error.ts';
import type { Files } from '../system/files.ts';
import type { ManifestBody } from './finish.ts';
import { closingNames, removeLeftovers } from './stopped/leftovers.ts';

/** What is copied by hand onto the label and the custody form. */
export interface Seal {
  readonly evidenceId: string;
  /** SHA-256 of SHA256SUMS. */
  readonly sha256: string;
  /** Null: unsigned. */
  readonly fingerprint: string | null;
}

export interface ClosedFolder {
  readonly manifest: Manifest;
  readonly manifestName: string;
  readonly seal: Seal;
}

/**
 * Writes what closes an evidence folder, in the format's order: report, manifest, its signature, allowed_signers,
 * VERIFY.txt, SHA256SUMS, its signature. Every file is new, and there whole or not at all; nothing is overwritten.
 * @param body the manifest without its list of files; the journal must have had its last record
 */
export async function closeFolder(
  files: Files,
  folder: string,
  stem: string,
  body: ManifestBody,
  signer: Signer | null,
  emit: Emit = () => undefined,
): Promise<ClosedFolder> {
  const names = folderNames(stem);
  try {
    // Of a closing that was cut off before its manifest was whole.
    await removeLeftovers(files, folder, [names.report, ...closingNames(stem)], emit);
    const report = formatReport(body);
    await files.createFile(join(folder, names.report), report);
    const manifest: Manifest = { ...body, files: await listFiles(files, folder, stem, body) };
    const bytes = encodeManifest(manifest);
    const parsed = parseManifest(bytes);
    if (!parsed.ok) throw bug(`the manifest breaks its own laws: ${parsed.faults.join('; ')}`);
    await files.createFile(join(folder, names.manifest), bytes);
    if (signer !== null) {
      await files.createFile(join(folder, names.manifestSignature), await signer.sign(bytes, MANIFEST_NAMESPACE));
      await files.createFile(join(folder, ALLOWED_SIGNERS), formatAllowedSigners(signer.principal, signer.publicKey));
    }
    await files.createFile(
      join(folder, VERIFY_TEXT),
      formatVerifyText(manifest, { manifestSha256: createHash('sha256').update(bytes).digest('hex'), signer }),
    );
    const sums = await folderSums(files, folder, manifest, signer !== null);
    const sumsBytes = Buffer.from(formatSums(sums));
    await files.createFile(join(folder, SUMS), sumsBytes);
    if (signer !== null)
      await files.createFile(join(folder, SUMS_SIGNATURE), await signer.sign(sumsBytes, SUMS_NAMESPACE));
    const seal: Seal = {
      evidenceId: manifest.case.evidence_id,
      sha256: sealOf(sumsBytes),
      fingerprint: signer?.fingerprint ?? null,
    };
    return { manifest, manifestName: names.manifest, seal };
  } catch (error) {
    throw destinationError(folder, error);
  }
}

/** The manifest's own list: everything made before it. The image's hashes are known; it is not read for them. */
async function listFiles(files: Files, folder: string, stem: string, body: ManifestBody): Promise<Manifest['files']> {
  const names = folderNames(stem);
  const images = body.image.segments.map(({ name, size, sha256 }) => ({ name, size, sha256, role: 'image' as const }));
  const others = [
    [names.pieces, 'pieces'],
    [names.map, 'map'],
    [names.journal, 'journal'],
    [names.report, 'report'],
  ] as const;
  const listed = await Promise.all(
    others.map(async ([name, role]) => ({ ...(await measure(files, folder, name)), role })),
  );
  return [...images, ...listed];
}

/** Lines of SHA256SUMS: the manifest's files, the manifest itself, and what came after it. */
export async function folderSums(files: Files, folder: string, manifest: Manifest, signed: boolean): Promise<Sum[]> {
  const stem = manifest.pieces.file.slice(0, -'.pieces.sha256'.length);
  const names = folderNames(stem);
  const later = [names.manifest, VERIFY_TEXT, ...(signed ? [names.manifestSignature, ALLOWED_SIGNERS] : [])];
  const sums = await Promise.all(later.map(async (name) => measure(files, folder, name)));
  return [...manifest.files, ...sums].map(({ name, sha256 }) => ({ name, sha256 }));
}

async function measure(
  files: Files,
  folder: string,
  name: string,
): Promise<{ name: string; size: number; sha256: string }> {
  const bytes = await files.readBytes(join(folder, name), SIDECAR_LIMIT);
  return { name, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Piece lists grow by 6 MB a terabyte; nothing but the image is larger than this. */
const SIDECAR_LIMIT = 1024 * 1024 * 1024;
