import { ALLOWED_SIGNERS, CUSTODY, SIGNATURE, SUMS, SUMS_SIGNATURE, VERIFY_TEXT } from '../manifest/file-names.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { Sum } from '../manifest/sums.ts';
import type { PieceDigest } from '../model/digest.ts';
import type { Ports } from '../system/ports.ts';
import { checkFiles, namesNotCovered } from './check-files.ts';
import { checkImage } from './check-image.ts';
import { checkOutcome } from './check-manifest.ts';
import { checkJournal, checkMap, checkPiecesFile } from './check-sidecars.ts';
import type { Selection } from './image-plan.ts';
import type { ImageFindings } from './image-verdict.ts';
import type { Check } from './report.ts';
import type { StoredFolder } from './stored-folder.ts';

export interface ContentQuestion {
  readonly folder: StoredFolder;
  /** Null: SHA256SUMS is not there or not in its form. */
  readonly sums: readonly Sum[] | null;
  /** Null: there is none that can be read. */
  readonly manifest: Manifest | null;
  readonly manifestName: string | null;
  readonly selection: Selection;
  readonly onProgress: (done: number, total: number) => void;
  readonly stop: AbortSignal;
}

export interface ContentFindings {
  readonly checks: readonly Check[];
  /** Null without a manifest. */
  readonly image: ImageFindings | null;
  /** Raw names of files that nobody listed. */
  readonly notCovered: readonly string[];
  readonly notes: readonly string[];
}

/** What the manifest tells of the acquisition, its sidecars, the image, and every listed file against its lists. */
export async function checkContent(ports: Ports, question: ContentQuestion): Promise<ContentFindings> {
  const { folder, sums, manifest, selection, onProgress, stop } = question;
  const custody = folder.names.includes(CUSTODY) && (await folder.look(CUSTODY)).kind === 'other';
  const notCovered = namesNotCovered(folder, sums, manifest, ownNames(question, custody));
  const sidecars = manifest === null ? null : await checkSidecars(folder, manifest);
  const image =
    manifest === null || sidecars === null
      ? null
      : await checkImage(ports, { folder, manifest, pieces: sidecars.pieces, selection, onProgress, stop });
  const files = await checkFiles({
    folder,
    sums,
    manifest,
    fileHashes: image?.fileHashes ?? new Map<string, string>(),
    partial: selection.range !== null || selection.sample !== null,
    notCovered,
  });
  const own = manifest === null ? [] : checkOutcome(manifest);
  return {
    checks: [...own, ...files, ...(sidecars?.checks ?? []), ...(image?.checks ?? [asFilesOnly])],
    image,
    notCovered,
    notes: custody ? ['custody/ was not looked at: it is reserved for later signed records.'] : [],
  };
}

const asFilesOnly: Check = {
  name: 'image-pieces',
  status: 'not-checked',
  message: 'Pieces, stream hashes, journal and read map were not checked: there is no manifest to check them by.',
};

interface SidecarFindings {
  readonly pieces: readonly PieceDigest[] | null;
  readonly checks: readonly Check[];
}

async function checkSidecars(folder: StoredFolder, manifest: Manifest): Promise<SidecarFindings> {
  const journal = await checkJournal(folder, manifest);
  const { pieces, checks } = await checkPiecesFile(folder, manifest, journal.state);
  return { pieces, checks: [...journal.checks, ...checks, ...(await checkMap(folder, manifest, journal.state))] };
}

function ownNames({ sums, manifestName }: ContentQuestion, custody: boolean): string[] {
  const own = [SUMS, SUMS_SIGNATURE, ...(custody ? [CUSTODY] : [])];
  // Without SHA256SUMS nothing lists these; they are not strangers for that.
  if (sums !== null || manifestName === null) return own;
  return [...own, manifestName, manifestName + SIGNATURE, ALLOWED_SIGNERS, VERIFY_TEXT];
}
