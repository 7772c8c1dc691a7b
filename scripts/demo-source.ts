import { closeSync, openSync } from 'node:fs';
import { firstLine, tool } from './demo-tools.ts';

/** What the demo images. */
export interface DemoSource {
  readonly path: string;
  /** Why it is a plain file; null: it is a loop device. */
  readonly instead: string | null;
  /** Lets the loop device go. May be called twice. */
  release(): void;
}

/**
 * Attaches the sample disk as a read-only loop device, as root; otherwise the plain file is the source. The kernel is
 * told at once to detach the device when nobody has it open any more, and this process alone keeps it open: so it
 * goes away even if we are killed.
 */
export function attach(disk: string): DemoSource {
  if (process.getuid?.() !== 0) return plainFile(disk, 'Only root can attach a loop device');
  const attached = tool('losetup', ['--read-only', '--partscan', '--find', '--show', disk]);
  if (attached.error !== undefined) return plainFile(disk, 'losetup is not installed');
  if (attached.status !== 0) return plainFile(disk, `losetup failed (${firstLine(attached.stderr)})`);
  const path = attached.stdout.trim();
  const held = hold(path);
  const detached = tool('losetup', ['--detach', path]);
  if (held === null) return plainFile(disk, `${path} can't be opened`);
  if (detached.status !== 0) {
    closeSync(held);
    tool('losetup', ['--detach', path]);
    return plainFile(disk, `${path} can't be let go automatically (${firstLine(detached.stderr)})`);
  }
  let open = true;
  return {
    path,
    instead: null,
    release() {
      if (open) closeSync(held);
      open = false;
    },
  };
}

function hold(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch {
    return null;
  }
}

function plainFile(disk: string, why: string): DemoSource {
  return { path: disk, instead: `${why}: the disk's plain file is the source instead.`, release: () => undefined };
}
