/** What is acquired: each kind a file in memory. */
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { onPath } from './station.ts';

export const KINDS = ['random', 'zeros', 'file system image'] as const;
export type Kind = (typeof KINDS)[number];

const MIB = 1024 ** 2;
/** What a file system is filled with, from this machine. */
const FILES_FROM = '/usr/lib';
/** The rest is the file system's own, and free. */
const FILLED = 0.6;

/** Null: this station can't make it. */
export function makeData(kind: Kind, folder: string, mebibytes: number): string | null {
  const path = join(folder, kind.replaceAll(' ', '-'));
  if (kind === 'random') writeRandom(path, mebibytes);
  else if (kind === 'zeros') writeBlocks(path, mebibytes, (block) => block);
  else if (onPath('mke2fs')) makeFileSystem(path, folder, mebibytes);
  else return null;
  return path;
}

export function writeRandom(path: string, mebibytes: number): void {
  writeBlocks(path, mebibytes, (block) => randomFillSync(block));
}

function writeBlocks(path: string, mebibytes: number, fill: (block: Buffer) => Buffer): void {
  const block = Buffer.alloc(MIB);
  const fd = openSync(path, 'wx');
  for (let at = 0; at < mebibytes; at += 1) writeSync(fd, fill(block));
  closeSync(fd);
}

/** A file with nothing in it, however long: reading gives zeros, and takes no memory. */
export function writeSparse(path: string, bytes: number): void {
  closeSync(openSync(path, 'wx'));
  truncateSync(path, bytes);
}

/** ext4 with files of this machine; what it has not used is as mke2fs leaves it. */
function makeFileSystem(path: string, folder: string, mebibytes: number): void {
  const files = join(folder, 'files');
  mkdirSync(files);
  try {
    copyFiles(FILES_FROM, files, mebibytes * MIB * FILLED);
    execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', files, path, `${mebibytes}M`], { stdio: 'pipe' });
  } finally {
    rmSync(files, { recursive: true });
  }
}

/** Regular files in the order of their names, until they come to so many bytes. */
function copyFiles(from: string, to: string, bytes: number): void {
  let left = bytes;
  const entries = readdirSync(from, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const [index, path] of entries.entries()) {
    const { size } = statSync(path);
    if (size > left) continue;
    copyFileSync(path, join(to, String(index)));
    // Blocks of 4 KiB: what a small file takes.
    left -= Math.max(size, 4096);
    if (left < 4096) return;
  }
}
