import { lengthOf } from '../model/range.ts';
import { describeBytes, groupDigits } from '../model/size.ts';
import { visible } from '../model/text.ts';
import { dataWords } from './report-elsewhere.ts';
import type { Manifest } from './schema.ts';
import {
  allPiecesCommand,
  folderToCheck,
  imageCommands,
  onePieceCommand,
  signatureCommands,
  sumsCommands,
  type FolderToCheck,
} from './verify-commands.ts';
import { bug } from '../model/errors.ts';
import { cmdCommands, fitsCmd, powerShellCommands } from './verify-windows.ts';

/** What VERIFY.txt needs beside the manifest. */
export interface VerifyFacts {
  /** Of the manifest's exact bytes. */
  readonly manifestSha256: string;
  /** Who signs the folder as it is now; null: nobody. A manifest that says `unsigned` may be signed later. */
  readonly signer: { readonly principal: string; readonly fingerprint: string } | null;
}

/**
 * VERIFY.txt: how a stranger checks the folder with stock tools. Every line that starts with four spaces and `$ ` is
 * one bash command that works as it stands in the folder, and fails when what it checks is not right.
 */
export function formatVerifyText(manifest: Manifest, facts: VerifyFacts): string {
  if (facts.signer !== null && visible(facts.signer.principal) !== facts.signer.principal) {
    throw bug('VERIFY.txt: a signer whose name does not show');
  }
  const folder = folderToCheck(manifest, facts.manifestSha256);
  const paragraphs = [
    opening(facts),
    ...alarms(manifest, facts),
    [
      `Case ${visible(manifest.case.number)}, evidence item ${visible(manifest.case.evidence_id)}.`,
      imageLine(manifest),
    ],
    ...bashPart(folder, facts),
    ...windowsPart(folder, facts),
    others(manifest),
  ];
  return `${paragraphs.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function opening({ signer }: VerifyFacts): string[] {
  if (signer === null) {
    return [
      'THIS FOLDER IS NOT SIGNED.',
      'The commands below find accidents. They do not find a forger: whoever can change a file here can make all sums anew.',
      'Compare the seal (the SHA-256 of SHA256SUMS) with the one written on the label or the custody form, if there is one.',
    ];
  }
  return [
    'allowed_signers CAME WITH THIS FOLDER AND PROVES NOTHING ABOUT WHO SIGNED IT.',
    'Whoever forged this folder would have made that file, and this text, too. The checks below prove that one key signed',
    'everything here. Whose key it is you must know from somewhere else. Compare with what you got another way (the label,',
    'the custody form, the signer in person), at least one of:',
    `  the fingerprint that ssh-keygen prints below; the folder claims ${visible(signer.fingerprint)}`,
    '  the seal, which is the SHA-256 of SHA256SUMS; it stands in no file of this folder',
    'A signature does not prove when it was made.',
  ];
}

function alarms(manifest: Manifest, { signer }: VerifyFacts): string[][] {
  const { image, source, read_back: back, source_check: second, read_map: map } = manifest;
  const list: string[][] = [];
  if (manifest.outcome === 'incomplete') {
    list.push([
      `INCOMPLETE: the acquisition stopped. The image holds ${describeBytes(image.size)} of ${describeBytes(source.size)}.`,
      `Reason given: ${visible(manifest.incomplete_reason ?? '')}`,
      'The hashes are of the image file as it was when it was closed, not of the data as it was read.',
    ]);
  }
  if (back.state === 'mismatch') {
    const bytes = back.differing.reduce((sum, range) => sum + lengthOf(range), 0);
    list.push([
      `MISMATCH: the image does not read back as ${dataWords(source)}. Do not rely on it.`,
      `Differences lie in ${back.differing.length} ranges of pieces, ${groupDigits(bytes)} bytes; the manifest (read_back) lists them.`,
      manifest.outcome === 'incomplete'
        ? 'The hashes are of the image file as it was when it was closed: the checks below say nothing of the data as it was read.'
        : 'The hashes are of the data as it was read: the checks of the image below MUST fail.',
    ]);
  }
  if (second.state === 'mismatch') {
    list.push([
      'MISMATCH: the source gave different data when it was read a second time (source_check in the manifest).',
    ]);
  }
  if (image.segments.some((segment) => segment.name.endsWith('.partial'))) {
    list.push(['The image files are called .partial: they were never finished and read back as equal.']);
  }
  if (map.unreadable > 0) {
    list.push([
      `UNREADABLE: ${describeBytes(map.unreadable)} of the source could not be read; zeros stand in their place (read_map in the manifest).`,
    ]);
  }
  if (signer !== null && manifest.signing.state === 'unsigned') {
    list.push([
      'SIGNED LATER: the manifest was unsigned when it was made. The signature says nothing about the time before it.',
    ]);
  }
  return list;
}

function imageLine({ image, pieces }: Manifest): string {
  const files = image.segments.length === 1 ? '1 file' : `${image.segments.length} files`;
  return `Image: ${image.format}, ${files}, ${describeBytes(image.size)}, ${pieces.count} pieces.`;
}

function bashPart(folder: FolderToCheck, { signer }: VerifyFacts): string[][] {
  const parts = [
    [
      'LINUX AND OTHERS: bash, GNU coreutils, OpenSSH 8.1 or newer',
      'Open a shell in this folder and paste the lines without the "$".',
    ],
  ];
  if (signer !== null)
    parts.push([
      'The signatures, over the sums and over the manifest:',
      ...dollar(signatureCommands(folder, signer.principal)),
    ]);
  parts.push(['Every file against the sums:', ...dollar(sumsCommands(folder))]);
  parts.push(['The seal, to compare with the label:', ...dollar(['sha256sum SHA256SUMS'])]);
  if (folder.segments.length === 0)
    return [...parts, ['There is no image file: the acquisition stopped before its first byte.']];
  parts.push(['The image as one stream against the manifest:', ...dollar(imageCommands(folder))]);
  if (folder.pieceCount > 0) {
    parts.push([
      'One piece (n=0 is the first), and all of them, which tells where damage is:',
      ...dollar([onePieceCommand(folder), allPiecesCommand(folder)]),
    ]);
  }
  return parts;
}

function windowsPart(folder: FolderToCheck, { signer }: VerifyFacts): string[][] {
  const principal = signer?.principal ?? null;
  if (principal !== null && !fitsCmd(principal))
    return [["WINDOWS: the signer's name holds letters that cmd.exe does not pass on; use Linux, or WSL."]];
  const join =
    folder.segments.length > 1 ? ['cmd.exe can not hash several files as one stream; PowerShell below can.'] : [];
  const compare =
    folder.segments.length === 1
      ? `The last two print the SHA-256 of the image, which must be ${folder.sha256}, and the seal.`
      : 'The last one prints the seal.';
  return [
    [
      'WINDOWS, cmd.exe: Windows 10 or newer; ssh-keygen comes with its OpenSSH client.',
      ...prompt('C:\\> ', cmdCommands(folder, principal)),
      compare,
      ...join,
    ],
    [
      'WINDOWS, PowerShell 5 or newer:',
      ...prompt('PS> ', powerShellCommands(folder, principal)),
      'The last one prints the seal.',
    ],
  ];
}

function others({ digests }: Manifest): string[] {
  return [
    "Hashes of the whole image, to compare with other tools' records:",
    ...digests.map((digest) => `  ${digest.algorithm} ${digest.hex}`),
    'The format is described in exhibit\'s docs/manifest-format.md. "exhibit verify" checks all of this, the journal and the read map.',
  ];
}

function dollar(commands: readonly string[]): string[] {
  return prompt('$ ', commands);
}

function prompt(sign: string, commands: readonly string[]): string[] {
  return commands.map((command) => `    ${sign}${command}`);
}
