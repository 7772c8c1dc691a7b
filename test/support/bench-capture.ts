import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskKind } from '../bench/guest/all-disks.ts';
import type { SysfsTree } from '../bench/guest/sysfs-tree.ts';
import type { Layout } from '../discover/made-up-station.ts';
import { packageRoot } from './root.ts';

/** How a tool ended that was asked on the virtual bench; what it printed is the file of the same name. */
export interface CapturedRun {
  readonly argv: readonly string[];
  readonly exit: number | null;
  readonly stderr: string;
}

/** What a tool printed about a disk of the virtual bench: `captured('sata', 'hdparm-N.txt')`. Empty: nothing. */
export function captured(kind: DiskKind, name: string): CapturedRun & { readonly stdout: string } {
  const run = (JSON.parse(read(`${kind}/runs.json`)) as Record<string, CapturedRun | undefined>)[name];
  if (run === undefined)
    throw new Error(`test/fixtures/bench/${kind} has no ${name}: add it to capture.ts, and UPDATE=1`);
  return { ...run, stdout: readOr(`${kind}/${name}`, '') };
}

/** Lines about disks in the kernel's log of the virtual bench. */
export function capturedLog(): string {
  return read('station/dmesg.txt');
}

/** Kernel names of the disks of {@link capturedStation}. */
export function capturedDisks(): Record<DiskKind, string> {
  return JSON.parse(read('station/disks.json')) as Record<DiskKind, string>;
}

/** The virtual bench with every kind of disk plugged in, for `madeUpStation`. */
export function capturedStation(): Required<Pick<Layout, 'files' | 'links' | 'nodes' | 'commands'>> {
  const { files, links } = JSON.parse(read('station/sysfs.json')) as SysfsTree;
  const numbers = Object.values(capturedDisks()).map((name): [string, string] => {
    const number = files[`${links[`/sys/block/${name}`] ?? ''}/dev`];
    return [`/dev/${name}`, typeof number === 'string' ? number.trim() : ''];
  });
  return {
    files: {
      ...Object.fromEntries(
        Object.entries(files).map(([path, content]) => [
          path,
          typeof content === 'string' ? content : Buffer.from(content.base64, 'base64'),
        ]),
      ),
      '/proc/swaps': 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n',
      '/proc/self/mountinfo': '25 1 0:24 / / rw - overlay overlay rw\n',
    },
    links,
    nodes: Object.fromEntries(numbers),
    commands: { lsblk: { stdout: read('station/lsblk.json') } },
  };
}

function read(name: string): string {
  return readFileSync(join(packageRoot, 'test/fixtures/bench', name), 'utf8');
}

function readOr(name: string, otherwise: string): string {
  try {
    return read(name);
  } catch {
    return otherwise;
  }
}
