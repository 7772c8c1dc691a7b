import { dirname } from 'node:path';
import type { DestinationFacts } from '../model/device.ts';
import type { FileSystemIdentity } from '../model/speed.ts';
import type { Ports } from '../system/ports.ts';
import { names } from './attribute.ts';
import { isAnonymous, numberOfNode } from './number.ts';
import { at } from './root.ts';

const BY_UUID = '/dev/disk/by-uuid';

/**
 * What tells the file system below `folder`, which exists, from others. Passive: udev's links and statfs(2).
 * It never throws; what is not told is null.
 */
export async function fileSystemIdentity(
  ports: Ports,
  folder: string,
  { fileSystem, mountSource, mountPoint, device }: DestinationFacts,
): Promise<FileSystemIdentity> {
  const [uuid, fsid] = await Promise.all([
    uuidOf(ports, device, mountSource).catch(() => null),
    fsidOf(ports, folder).catch(() => null),
  ]);
  return { fileSystem, mountSource, mountPoint, uuid, fsid };
}

/** The deepest folder on the way to `path` that exists. */
export async function nearestExisting(ports: Ports, path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const stats = await ports.files.statOrNull(folder);
    if (stats?.isDirectory() === true || folder === dirname(folder)) return folder;
  }
}

/** The name of udev's link that leads to the block device. btrfs has a number of its own: there the mount's source is asked. */
async function uuidOf(ports: Ports, device: string, mountSource: string): Promise<string | null> {
  const number =
    isAnonymous(device) && mountSource.startsWith('/dev/') ? await numberOfNode(ports, mountSource) : device;
  const links = await names(ports, BY_UUID);
  if (number === null || isAnonymous(number) || !links.known) return null;
  for (const name of links.value) {
    if ((await numberOfNode(ports, `${BY_UUID}/${name}`)) === number) return name;
  }
  return null;
}

/** Node's own statfs leaves it out. */
async function fsidOf(ports: Ports, folder: string): Promise<string | null> {
  const told = await ports.commands.run(['stat', '--file-system', '--format=%i', '--', at(ports, folder)], {
    timeoutMs: 10_000,
  });
  const fsid = told.stdout.trim();
  return told.exit === 0 && /^[0-9a-f]+$/i.test(fsid) ? fsid : null;
}
