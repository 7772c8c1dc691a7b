import { folderNames, SIGNATURE, SUMS, SUMS_SIGNATURE } from './file-names.ts';
import { segmentSeries, verifyCommand, type FolderToCheck } from './verify-commands.ts';

/** The same checks for cmd.exe, Windows 10 or newer. */
export function cmdCommands(folder: FolderToCheck, principal: string | null): string[] {
  return [
    ...(principal === null ? [] : signatures(folder, principal)),
    `for /f "tokens=1,2" %h in (${SUMS}) do @(certutil -hashfile %i SHA256 | findstr /i /c:"%h" > nul && echo %i: OK || echo %i: DIFFERENT)`,
    ...(folder.segments.length === 1 ? [`certutil -hashfile ${folder.segments[0] ?? ''} SHA256`] : []),
    `certutil -hashfile ${SUMS} SHA256`,
  ];
}

/** The same checks for PowerShell 5 or newer, which has no `<`: the signatures go through cmd. */
export function powerShellCommands(folder: FolderToCheck, principal: string | null): string[] {
  const check =
    'if ((Get-FileHash -Algorithm SHA256 -LiteralPath $n).Hash -eq $h) { "${n}: OK" } else { "${n}: DIFFERENT" }';
  return [
    ...(principal === null ? [] : signatures(folder, principal)).map((command) => `cmd /c ${literal(command)}`),
    `Get-Content ${SUMS} | ForEach-Object { $h, $n = $_ -split '  ', 2; ${check} }`,
    ...(folder.segments.length === 0 ? [] : [streamCommand(folder)]),
    `(Get-FileHash -Algorithm SHA256 ${SUMS}).Hash.ToLower()`,
  ];
}

function signatures(folder: FolderToCheck, principal: string): string[] {
  const { manifest } = folderNames(folder.stem);
  return [
    verifyCommand(`"${principal}"`, 'exhibit-sums', SUMS_SIGNATURE, SUMS),
    verifyCommand(`"${principal}"`, 'exhibit-manifest', manifest + SIGNATURE, manifest),
  ];
}

/** SHA-256 of all segments as one stream, without joining them on disk. */
function streamCommand(folder: FolderToCheck): string {
  const files = `foreach ($f in ${segmentList(folder)})`;
  const each = `$s = [IO.File]::OpenRead((Join-Path $PWD $f)); while (($n = $s.Read($b, 0, $b.Length)) -gt 0) { [void]$h.TransformBlock($b, 0, $n, $null, 0) }; $s.Close()`;
  const hash = "[BitConverter]::ToString($h.Hash).Replace('-', '').ToLower()";
  return `$h = [Security.Cryptography.SHA256]::Create(); $b = New-Object byte[] 4MB; ${files} { ${each} }; [void]$h.TransformFinalBlock($b, 0, 0); if (${hash} -eq '${folder.sha256}') { 'image: OK' } else { 'image: DIFFERENT' }`;
}

function segmentList(folder: FolderToCheck): string {
  const series = segmentSeries(folder);
  if (series === null) return folder.segments.map(literal).join(', ');
  return `(1..${series.count} | ForEach-Object { '${series.prefix}{0:d3}${series.suffix}' -f $_ })`;
}

/** A literal string of PowerShell, which takes curly single quotes for straight ones. */
function literal(text: string): string {
  return `'${text.replace(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;
}

/** Whether cmd.exe takes the name inside double quotes as it stands. */
export function fitsCmd(principal: string): boolean {
  return !/["%!^&|]/.test(principal);
}
