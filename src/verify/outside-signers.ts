import type { Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf, ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { Files } from '../system/files.ts';

/** As many links as Linux follows (path_resolution(7)). */
const MOST_LINKS = 40;

/**
 * A signers file that came with the evidence proves nothing: whoever forged the folder made that file too. Refuses one
 * that lies anywhere below the folder, is reached through a link that does, or is a file of the folder under another name.
 * @param folder the evidence folder's real path
 * @throws `verify.signers` (fault `usage`)
 */
export async function requireOutside(files: Files, folder: string, signersFile: string): Promise<void> {
  const own = await files.stat(folder);
  const why = (await wayInside(files, own, signersFile)) ?? (await otherName(files, folder, signersFile));
  if (why === null) return;
  throw new ExhibitError('usage', 'verify.signers', `--signers ${visible(signersFile)} can't be used: ${why}.`, {
    hint: 'Whoever made the folder made that file too: it proves nothing about who signed. Give the list of keys that you keep yourself.',
  });
}

/** Follows the path as the kernel does, link by link. */
async function wayInside(files: Files, own: Stats, path: string): Promise<string | null> {
  let place = path.startsWith('/') ? '/' : await files.realPath('.');
  let parts = path.split('/');
  for (let links = 0; parts.length > 0;) {
    const [name = '', ...rest] = parts;
    parts = rest;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      place = dirname(place);
      continue;
    }
    const next = join(place, name);
    const stats = await files.lstat(next).catch(() => null);
    // Not a file of any folder: a pipe, which the shell hands over as a link of /proc.
    if (stats === null) return null;
    if (!stats.isSymbolicLink()) {
      place = next;
      continue;
    }
    if (await liesInside(files, own, place)) return `it leads through a link of the evidence folder, ${visible(next)}`;
    links += 1;
    if (links > MOST_LINKS) return 'its links lead in circles';
    const target = await files.readLink(next);
    if (target.startsWith('/')) place = '/';
    parts = [...target.split('/'), ...parts];
  }
  return (await liesInside(files, own, dirname(place))) ? 'it lies in the evidence folder' : null;
}

/** By device and inode, so that a folder mounted at a second place is found too. */
async function liesInside(files: Files, own: Stats, place: string): Promise<boolean> {
  for (let at = place; ; at = dirname(at)) {
    if (sameFile(own, await files.stat(at))) return true;
    if (at === dirname(at)) return false;
  }
}

/** A hard link to a file of the folder, or a part of the folder mounted elsewhere. */
async function otherName(files: Files, folder: string, signersFile: string): Promise<string | null> {
  const given = await files.stat(signersFile);
  const pending = [folder];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    let names: string[];
    try {
      names = await files.readDir(place);
    } catch (error) {
      if (given.nlink === 1) continue;
      const what = `${visible(place)} can't be looked into (${errnoOf(error) ?? 'unknown error'})`;
      return `it has a second name (a hard link), which may lie in the evidence folder: ${what}; use a copy of it`;
    }
    for (const name of names) {
      const path = join(place, name);
      const stats = await files.lstat(path).catch(() => null);
      if (stats?.isDirectory() === true) pending.push(path);
      else if (stats !== null && sameFile(stats, given)) return `it is ${visible(path)} under another name`;
    }
  }
  return null;
}

// Large inode numbers are rounded: two files may pass for one, never one for two.
function sameFile(a: Stats, b: Stats): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}
