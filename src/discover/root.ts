import type { Ports } from '../system/ports.ts';

/** Where a path of /sys, /proc, /dev or /run lies on this station: below `ports.root`. Any other path stays as it is. */
export function at(ports: Ports, path: string): string {
  return /^\/(sys|proc|dev|run)(\/|$)/.test(path) ? ports.root + path : path;
}

/** The opposite of {@link at}: a resolved path as the station knows it. */
export function fromRoot(ports: Ports, path: string): string {
  const rest = path.startsWith(ports.root) ? path.slice(ports.root.length) : path;
  return at(ports, rest) === path ? rest : path;
}

/** Follows every link; the result is without `ports.root`. Errors are the file system's own. */
export async function resolveLinks(ports: Ports, path: string): Promise<string> {
  return fromRoot(ports, await ports.files.realPath(at(ports, path)));
}
