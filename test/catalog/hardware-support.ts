import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { loadHardware, type HardwareCatalog } from '../../src/catalog/hardware.ts';
import { tempFolder } from '../support/temp.ts';
import { catalogPorts } from './ports.ts';

/** A vendor's file with these entries, each a list item of its own. */
export function vendorFile(name: string, ...entries: string[]): string {
  return `hardware: ${name}\nversion: 1\nentries:\n${entries.join('')}`;
}

/** A good entry, nine lines and an evidence of three; `change` replaces whole lines by the key they begin with. */
export function entry(id: string, usb: string, change: Readonly<Record<string, string>> = {}): string {
  const lines: [string, string][] = [
    ['id', `  - id: ${id}`],
    ['make', '    make: Acme'],
    ['model', '    model: B1'],
    ['role', '    role: bridge'],
    ['blocks', '    blocks: unknown'],
    ['match', `    match: [{ usb: ${usb} }]`],
    ['quirks', '    quirks: []'],
    ['evidence', '    evidence:\n      - { level: reported, claims: [identity], source: a list }'],
  ];
  return `${lines
    .map(([key, line]) => change[key] ?? line)
    .filter((line) => line !== '')
    .join('\n')}\n`;
}

/** A blocker's entry, good as it is. */
export function blocker(id: string, usb: string, blocks = 'always'): string {
  return entry(id, usb, {
    role: '    role: write-blocker',
    blocks: `    blocks: ${blocks}`,
    evidence: '    evidence: [{ level: vendor-document, claims: [identity, blocking], source: its manual }]',
  });
}

/** A lab's file with one attested blocker. */
export function labFile(id: string, usb: string, serial: string, blocks = 'always'): string {
  return `hardware: lab
version: 1
entries:
  - id: ${id}
    make: Acme
    model: WB1
    role: write-blocker
    blocks: ${blocks}
    match: [{ usb: ${usb}, serial: "${serial}" }]
    quirks: []
    evidence: [{ level: attested, claims: [identity, blocking], source: attested by Ada Byron }]
    attestation: { by: Ada Byron, at: "2026-11-22T09:00:00Z" }
`;
}

/** A program folder of its own with these files in `hardware/`; `lab` is the text of the lab's file. */
export async function loaded(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
  lab?: string,
): Promise<HardwareCatalog> {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'hardware'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, 'hardware', name), content);
  const path = join(folder, 'lab.yaml');
  if (lab !== undefined) writeFileSync(path, lab);
  const ports = { ...catalogPorts, host: { ...catalogPorts.host, packageRoot: folder } };
  const catalog = await loadHardware(ports, path);
  return { ...catalog, faults: catalog.faults.map((fault) => plain(fault, folder)) };
}

function plain<T extends { file: string; message: string }>(fault: T, folder: string): T {
  const without = (text: string): string => text.replaceAll(`${folder}/`, '');
  return { ...fault, file: without(fault.file), message: without(fault.message) };
}

/** Faults as they are shown. */
export function shown({ faults }: HardwareCatalog): string[] {
  return faults.map(({ file, line, column, path, message }) => `${file}:${line}:${column}: ${path}: ${message}`);
}
