import { statSync, type Stats } from 'node:fs';
import type { Files } from '../../src/system/files.ts';
import type { Ports } from '../../src/system/ports.ts';
import type { Tree } from './buses.ts';
import { realPorts } from './made-up-station.ts';

/**
 * A sysfs in memory, for properties over hundreds of machines: text files, links, folders; everything else of the
 * station is as it is. `broken` gives the errno of a path that can't be looked at.
 */
export function memoryStation({ files, links }: Tree, broken: Readonly<Record<string, string>> = {}): Ports {
  const folders = new Map<string, Set<string>>([['/', new Set()]]);
  for (const path of [...Object.keys(files), ...Object.keys(links)]) {
    const names = path.split('/').slice(1);
    names.forEach((name, depth) => {
      const parent = `/${names.slice(0, depth).join('/')}`;
      const entries = folders.get(parent) ?? new Set();
      if (name !== '') entries.add(name);
      folders.set(parent, entries);
    });
  }
  const fail = (code: string, path: string): never => {
    throw Object.assign(new Error(`${code}: made up, ${path}`), { code });
  };
  /** Follows the links on the way to the last name, and that one too when told so. */
  const resolve = (path: string, last: boolean): string => {
    let at = '';
    const names = path.split('/').slice(1);
    names.forEach((name, index) => {
      const next = `${at}/${name}`;
      const target = index < names.length - 1 || last ? links[next] : undefined;
      at = target === undefined ? next : resolve(target, true);
    });
    const errno = broken[at];
    if (errno !== undefined) fail(errno, path);
    const there = at in files || at in links || folders.has(at);
    return there ? at : fail('ENOENT', path);
  };
  const inodes = new Map<string, number>();
  const stat = (path: string): Stats => {
    const at = resolve(path, true);
    if (!inodes.has(at)) inodes.set(at, inodes.size + 1);
    return Object.assign(statSync('/'), { ino: inodes.get(at) ?? 0 });
  };
  const memory: Partial<Files> = {
    readText: async (path) => String(files[resolve(path, true)] ?? fail('EISDIR', path)),
    readBytes: async (path) => Buffer.from(files[resolve(path, true)] ?? fail('EISDIR', path)),
    readDir: async (path) => [...(folders.get(resolve(path, true)) ?? fail('ENOTDIR', path))],
    readLink: async (path) => links[resolve(path, false)] ?? fail('EINVAL', path),
    realPath: async (path) => resolve(path, true),
    stat: async (path) => stat(path),
  };
  const ports = realPorts();
  return { ...ports, files: { ...ports.files, ...memory } };
}
