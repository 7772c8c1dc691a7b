import { shellQuote } from '../model/text.ts';
import { ALLOWED_SIGNERS, folderNames, SIGNATURE, stemOfPiecesName, SUMS, SUMS_SIGNATURE } from './file-names.ts';
import { bug } from '../model/errors.ts';
import type { Manifest } from './schema.ts';

/** More segments than this are written as a pattern and not one by one. */
const LISTED = 8;

/** What the commands need to know of a folder. */
export interface FolderToCheck {
  readonly stem: string;
  /** Image files in order, as they are called in the folder; none when nothing was written. */
  readonly segments: readonly string[];
  readonly sha256: string;
  readonly pieceSize: number;
  readonly pieceCount: number;
  readonly manifestSha256: string;
}

export function folderToCheck(manifest: Manifest, manifestSha256: string): FolderToCheck {
  const stem = stemOfPiecesName(manifest.pieces.file);
  const sha256 = manifest.digests.find((digest) => digest.algorithm === 'sha256')?.hex;
  if (stem === null || sha256 === undefined) throw bug('VERIFY.txt for a manifest that breaks its own laws');
  const segments = manifest.image.segments.map((segment) => segment.name);
  return { stem, segments, sha256, pieceSize: manifest.pieces.size, pieceCount: manifest.pieces.count, manifestSha256 };
}

/** The two signature checks, for bash. */
export function signatureCommands(folder: FolderToCheck, principal: string): string[] {
  const { manifest } = folderNames(folder.stem);
  return [
    verifyCommand(shellQuote(principal), 'exhibit-sums', SUMS_SIGNATURE, SUMS),
    verifyCommand(shellQuote(principal), 'exhibit-manifest', manifest + SIGNATURE, manifest),
  ];
}

/** `ssh-keygen -Y verify …`, the same in every shell but for the quotes of the name. */
export function verifyCommand(quotedName: string, namespace: string, signature: string, file: string): string {
  return `ssh-keygen -Y verify -f ${ALLOWED_SIGNERS} -I ${quotedName} -n ${namespace} -s ${signature} < ${file}`;
}

/** Every listed file against its sum, and the manifest against the hash that VERIFY.txt holds. */
export function sumsCommands(folder: FolderToCheck): string[] {
  return [
    `sha256sum --strict -c ${SUMS}`,
    `echo '${folder.manifestSha256}  ${folderNames(folder.stem).manifest}' | sha256sum --strict -c`,
  ];
}

/** The whole image, all segments in one stream, against the manifest's SHA-256; and that the manifest says so. */
export function imageCommands(folder: FolderToCheck): string[] {
  return [
    `grep -F '"hex": "${folder.sha256}"' ${folderNames(folder.stem).manifest}`,
    verdict(`[ "$(cat ${imageFiles(folder)} | sha256sum)" = '${folder.sha256}  -' ]`, 'image'),
  ];
}

/** One piece (the first; any other by its number), for bash. */
export function onePieceCommand(folder: FolderToCheck): string {
  const { pieces } = folderNames(folder.stem);
  const [only, ...more] = folder.segments;
  const dd = `bs=${folder.pieceSize} skip=$n count=1 iflag=fullblock status=none`;
  const read = more.length === 0 ? `dd if=${only ?? ''} ${dd}` : `cat ${imageFiles(folder)} | dd ${dd}`;
  const due = `sed -n "$((n + 1))p" ${pieces} | cut -c1-64`;
  return `n=0; ${verdict(`[ "$(${read} | sha256sum | cut -c1-64)" = "$(${due})" ]`, 'piece')}`;
}

/** All pieces in one pass; names the byte ranges that differ. */
export function allPiecesCommand(folder: FolderToCheck): string {
  const { pieces } = folderNames(folder.stem);
  const one = `dd bs=${folder.pieceSize} count=1 iflag=fullblock status=none | sha256sum | cut -c1-64`;
  const loop = `while read -r hex range <&3; do [ "$(${one})" = "$hex" ] || { echo "bytes $range: DIFFERENT"; bad=1; }; done 3< ${pieces}`;
  return `cat ${imageFiles(folder)} | { bad=0; ${loop}; ${verdict('[ $bad = 0 ]', 'pieces')}; }`;
}

/** `PREFIX001SUFFIX` to `PREFIX<count>SUFFIX`, when the segments are many and named alike; null: list them. */
export function segmentSeries({
  stem,
  segments,
}: FolderToCheck): { prefix: string; count: number; suffix: string } | null {
  const suffix = segments[0]?.slice(`${stem}.001`.length) ?? '';
  const alike = segments.every((name, index) => name === `${stem}.${number(index + 1)}${suffix}`);
  return segments.length > LISTED && alike ? { prefix: `${stem}.`, count: segments.length, suffix } : null;
}

function imageFiles(folder: FolderToCheck): string {
  const series = segmentSeries(folder);
  if (series === null) return folder.segments.join(' ');
  return `${series.prefix}{001..${number(series.count)}}${series.suffix}`;
}

function number(value: number): string {
  return String(value).padStart(3, '0');
}

/** Says how a test went, and keeps its exit status. */
function verdict(test: string, what: string): string {
  return `${test} && echo '${what}: OK' || { echo '${what}: DIFFERENT'; false; }`;
}
