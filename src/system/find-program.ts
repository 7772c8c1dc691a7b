import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const SBIN = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Absolute path of a program on `path` (as in $PATH) or in the sbin folders, which sudo and cron may leave out; or null. */
export function findProgram(name: string, path: string): string | null {
  const folders = [...new Set([...path.split(delimiter).filter((folder) => folder !== ''), ...SBIN])];
  return (name.includes('/') ? [name] : folders.map((folder) => join(folder, name))).find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
