import { stemOfManifestName } from '../manifest/file-names.ts';
import { elsewhereLimits } from '../manifest/report-elsewhere.ts';
import { SENT_STATE, wayWords } from '../manifest/report-received.ts';
import { proofWords, stateWords } from '../manifest/report-remote.ts';
import type { Manifest } from '../manifest/schema.ts';
import { sealOf } from '../manifest/sums.ts';
import { ExhibitError } from '../model/errors.ts';
import type { Emit } from '../model/event.ts';
import type { Range } from '../model/range.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import { checkContent } from './check-content.ts';
import { readManifest } from './check-manifest.ts';
import { checkSignatures } from './check-signatures.ts';
import { checkListing, checkSeal, readSums } from './check-sums.ts';
import { choosePieces, type Selection } from './image-plan.ts';
import { interrupted } from './interrupted.ts';
import { findManifest, openTarget } from './locate.ts';
import { requireOutside } from './outside-signers.ts';
import { exitOf, type VerifyReport } from './report.ts';
import { readSigners } from './signature.ts';

export interface VerifyOrder {
  /** The evidence folder, or a manifest file in it. */
  readonly target: string;
  /** `--signers FILE`. */
  readonly signersFile: string | null;
  /** `--seal HEX`: upper case and white space are taken. */
  readonly seal: string | null;
  /** `--range A:B`: bytes of the logical media. */
  readonly range: Range | null;
  readonly sample: { readonly count: number; readonly seed: string } | null;
  /** Bytes of the image read so far, and to read. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly emit?: Emit;
  readonly stop: AbortSignal;
}

/**
 * Checks a stored folder, wherever it lies, without writing to it (`docs/manifest-format.md`, section 9). All that is
 * wrong is found in one run. Throws for a wrong order (`verify.target`, `verify.seal`, `verify.signers`,
 * `verify.range`, `verify.sample`; fault `usage`) and when it was stopped (`verify.interrupted`).
 */
export async function verifyFolder(ports: Ports, order: VerifyOrder): Promise<VerifyReport> {
  order.emit?.({ type: 'stage', stage: 'verify', status: 'start' });
  const seal = order.seal === null ? null : sealAsGiven(order.seal);
  if (order.signersFile !== null) await readSigners(ports, order.signersFile);
  const target = await openTarget(ports, order.target, order.stop);
  const { folder } = target;
  if (order.signersFile !== null) await requireOutside(ports.files, folder.path, order.signersFile);
  const { bytes: sumsBytes, sums, checks: sumsChecks } = await readSums(folder);
  const located = findManifest(target, sums);
  const { bytes: manifestBytes, manifest, checks: manifestChecks } = await readManifest(folder, located.name);
  const selection: Selection = { range: order.range, sample: order.sample };
  if (manifest !== null) choosePieces(manifest, selection);
  const signatures = await checkSignatures(ports, {
    folder,
    signersFile: order.signersFile,
    sumsBytes,
    sums,
    manifestName: located.name,
    manifestBytes,
    manifest,
  });
  const content = await checkContent(ports, {
    folder,
    sums,
    manifest,
    manifestName: located.name,
    selection,
    onProgress: (done, total) => {
      order.onProgress?.(done, total);
      order.emit?.({ type: 'progress', stage: 'verify', done, total, unreadable: 0 });
    },
    stop: order.stop,
  });
  const listing =
    manifest === null || located.name === null ? [] : checkListing(sums, manifest, located.name, signatures.signed);
  if (order.stop.aborted) throw interrupted();
  const checks = [
    ...located.checks,
    ...sumsChecks,
    ...checkSeal(sumsBytes, seal),
    ...signatures.checks,
    ...manifestChecks,
    ...listing,
    ...content.checks,
  ];
  const exit = exitOf(checks);
  order.emit?.({ type: 'stage', stage: 'verify', status: exit === 0 || exit === 4 ? 'done' : 'failed' });
  return {
    folder: visible(folder.path),
    stem: located.name === null ? null : visible(stemOfManifestName(located.name) ?? ''),
    caseNumber: manifest === null ? null : visible(manifest.case.number),
    evidenceId: manifest === null ? null : visible(manifest.case.evidence_id),
    outcome: manifest?.outcome ?? null,
    exit,
    checks,
    damage: content.image?.damage ?? [],
    notCovered: content.notCovered.map(visible),
    notes: [...signatures.notes, ...content.notes, ...(manifest === null ? [] : remoteNotes(manifest))],
    signer: signatures.signer,
    sealHex: sumsBytes === null ? null : sealOf(sumsBytes),
    image: content.image?.reading ?? null,
  };
}

/** That the files are right says nothing of what a disk that was in use held: said with the verdict, whatever it is. */
function remoteNotes({ source }: Manifest): string[] {
  const { remote, received } = source;
  // What its hashes are worth is a check of its own.
  if (received !== null)
    return [
      `The source was sent by another machine: ${SENT_STATE}.`,
      `On its way: ${wayWords(received)}.`,
      ...elsewhereLimits(source),
    ];
  if (remote === null) return [];
  return [
    `The source was a disk of another machine: ${visible(stateWords(remote))}.`,
    `Hashes of what was sent, made there: ${proofWords(remote)}.`,
    ...elsewhereLimits(source),
  ];
}

function sealAsGiven(text: string): string {
  const seal = text.replace(/\s+/g, '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(seal)) return seal;
  throw new ExhibitError('usage', 'verify.seal', `--seal ${visible(text)} is not a seal.`, {
    hint: 'The seal is the SHA-256 of SHA256SUMS: 64 hex digits, as written on the label.',
  });
}
