import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { tempFolder } from '../support/temp.ts';

/** A SATA drive as sysfs shows it on a desktop machine. */
export const SATA = '/devices/pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/block/sdb';

export interface MadeUp {
  /** The device's place in /sys. */
  readonly place: string;
  /** `major:minor`. */
  readonly number: string;
  /** Places in /sys of the devices that it is made of. */
  readonly slaves?: readonly string[];
  /** Files of the device: name and content. */
  readonly files?: Readonly<Record<string, string>>;
  /** `flags` of /proc/cpuinfo; null: not an x86 machine. */
  readonly flags?: string | null;
  /** What the kernel says of the ext4 file system on it; null: nothing. */
  readonly ext4?: string | null;
}

/** A root for `Ports`: one block device, and as much of /proc as tells what the machine is. */
export function stationWithDisk(t: TestContext, disk: MadeUp): string {
  const root = tempFolder(t);
  const put = (path: string, content: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const { place, number, slaves = [], files = {}, flags = 'fpu vme sse2', ext4 = 'rw\ndata=ordered\n' } = disk;
  const folder = join(root, 'sys', place);
  mkdirSync(join(folder, 'slaves'), { recursive: true });
  mkdirSync(join(root, 'sys/dev/block'), { recursive: true });
  symlinkSync(folder, join(root, 'sys/dev/block', number));
  for (const slave of slaves) {
    const target = join(root, 'sys', slave);
    mkdirSync(target, { recursive: true });
    symlinkSync(target, join(folder, 'slaves', slave.split('/').at(-1) ?? ''));
  }
  for (const [name, content] of Object.entries(files)) put(join('sys', place, name), content);
  put('proc/cpuinfo', flags === null ? 'processor\t: 0\nBogoMIPS\t: 50\n' : `processor\t: 0\nflags\t\t: ${flags}\n`);
  if (ext4 !== null) put(`proc/fs/ext4/${place.split('/').at(-1) ?? ''}/options`, ext4);
  return root;
}
