import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { BLOCKER_TEST_NAMESPACE, formatAllowedSigners } from '../manifest/allowed-signers.ts';
import { canonicalText } from '../manifest/encode.ts';
import { ALLOWED_SIGNERS, SUMS, SUMS_SIGNATURE, VERIFY_TEXT } from '../manifest/file-names.ts';
import type { Signer } from '../manifest/sign.ts';
import { formatSums, sealOf } from '../manifest/sums.ts';
import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import { destinationError } from '../sink/destination-error.ts';
import type { Files } from '../system/files.ts';
import type { Ports } from '../system/ports.ts';
import { reportSchema, type Report } from './report-schema.ts';
import { reportText, verifyTextOf } from './report-text.ts';

/** Files of a validation's folder. */
export const FILES = {
  report: 'validation.json',
  signature: 'validation.json.sig',
  text: 'validation.txt',
  journal: 'validation.journal.jsonl',
} as const;

/** What must be listed in SHA256SUMS. */
export function listedFiles(signed: boolean): string[] {
  const always = [FILES.report, FILES.text, FILES.journal, VERIFY_TEXT];
  return signed ? [...always, FILES.signature, ALLOWED_SIGNERS] : always;
}

/** `TO` must be a folder that is there: a missing one is most likely a disk that is not mounted. */
export async function requireFolder(files: Files, to: string): Promise<void> {
  const stats = await files.statOrNull(to).catch((error: unknown) => {
    throw destinationError(to, error);
  });
  if (stats?.isDirectory() === true) return;
  throw new ExhibitError('destination', 'destination.missing', `There is no folder ${visible(to)}.`, {
    hint: 'Is its disk mounted? Make the folder, or choose another one: --to DIR.',
  });
}

/** A new folder in `to`, named after the time (UTC). Throws `destination.exists` when there is one already. */
export async function makeReportFolder(ports: Ports, to: string, startedUtc: string): Promise<string> {
  await requireFolder(ports.files, to);
  const folder = join(to, `blocker-test-${startedUtc.slice(0, 19).replace(/[-:]/g, '')}Z`);
  try {
    if ((await ports.files.statOrNull(folder)) !== null)
      throw Object.assign(new Error('it is there already'), { code: 'EEXIST' });
    await ports.files.makeFolder(folder);
  } catch (error) {
    throw destinationError(folder, error);
  }
  return folder;
}

/**
 * Writes what closes the folder: the report as JSON and as text, its signature, VERIFY.txt, SHA256SUMS, its signature.
 * The journal must be there and closed. Gives the seal, the SHA-256 of SHA256SUMS.
 */
export async function writeReport(
  files: Files,
  folder: string,
  report: Report,
  signer: Signer | null,
): Promise<string> {
  const bytes = Buffer.from(canonicalText(reportSchema.parse(report), '  '));
  try {
    await files.createFile(join(folder, FILES.report), bytes);
    await files.createFile(join(folder, FILES.text), reportText(report));
    await files.createFile(join(folder, VERIFY_TEXT), verifyTextOf(report, FILES));
    if (signer !== null) {
      const { principal, publicKey } = signer;
      await files.createFile(join(folder, FILES.signature), await signer.sign(bytes, BLOCKER_TEST_NAMESPACE));
      await files.createFile(
        join(folder, ALLOWED_SIGNERS),
        formatAllowedSigners(principal, publicKey, [BLOCKER_TEST_NAMESPACE]),
      );
    }
    const sums = await Promise.all(listedFiles(signer !== null).map((name) => sumOf(files, folder, name)));
    const sumsBytes = Buffer.from(formatSums(sums));
    await files.createFile(join(folder, SUMS), sumsBytes);
    if (signer !== null)
      await files.createFile(join(folder, SUMS_SIGNATURE), await signer.sign(sumsBytes, BLOCKER_TEST_NAMESPACE));
    return sealOf(sumsBytes);
  } catch (error) {
    throw destinationError(folder, error);
  }
}

async function sumOf(files: Files, folder: string, name: string): Promise<{ name: string; sha256: string }> {
  return {
    name,
    sha256: createHash('sha256')
      .update(await files.readBytes(join(folder, name)))
      .digest('hex'),
  };
}
