import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, truncateSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { firstLine, tool } from './demo-tools.ts';

const MIB = 1024 * 1024;
const SECTOR = 512;
/** Where the partition begins, in bytes, as every partitioning program of today has it. */
const PARTITION_START = MIB;
const LINUX = 0x83;

export interface SampleDisk {
  readonly path: string;
  /** What is on it, in a sentence. */
  readonly content: string;
  /** What could not be made as meant, and what stands in its place. */
  readonly instead: string | null;
}

/**
 * Makes `<folder>/disk.img`: a partition table (MBR) and one partition with an ext4 file system full of files, by
 * `mke2fs -d`, which needs no mount and no root. Without mke2fs the files lie in the partition one behind the other.
 * @param size bytes, a multiple of 1 MiB, at least 8 MiB
 */
export function makeSampleDisk(folder: string, size: number): SampleDisk {
  const path = join(folder, 'disk.img');
  const files = join(folder, 'files');
  writeFileSync(path, '', { flag: 'wx' });
  truncateSync(path, size);
  writePartitionTable(path, size);
  try {
    const count = writeSampleFiles(files, Math.floor(size / 2));
    const partition = `one partition of ${(size - PARTITION_START) / MIB} MiB`;
    const made = tool('mke2fs', [
      ...['-q', '-F', '-t', 'ext4', '-L', 'SAMPLE', '-d', files, '-E', `offset=${PARTITION_START}`],
      ...[path, `${(size - PARTITION_START) / 1024}k`],
    ]);
    if (made.status === 0) return { path, content: `MBR, ${partition}, ext4 with ${count} files`, instead: null };
    writeBare(path, size);
    const why = made.error === undefined ? `mke2fs failed (${firstLine(made.stderr)})` : 'mke2fs is not installed';
    return { path, content: `MBR, ${partition}, random data`, instead: `${why}: no file system, random data instead.` };
  } finally {
    rmSync(files, { recursive: true, force: true });
  }
}

/** The one entry of a master boot record: by sectors only, no cylinders. */
function writePartitionTable(path: string, size: number): void {
  const sector = Buffer.alloc(SECTOR);
  sector.writeUInt32LE(0x45584842, 0x1b8);
  sector.set([0, 0xfe, 0xff, 0xff, LINUX, 0xfe, 0xff, 0xff], 0x1be);
  sector.writeUInt32LE(PARTITION_START / SECTOR, 0x1c6);
  sector.writeUInt32LE((size - PARTITION_START) / SECTOR, 0x1ca);
  sector.writeUInt16BE(0x55aa, 0x1fe);
  writeAt(path, 0, sector);
}

/** Letters to read and pictures that are none: as many as fill `bytes`. Gives their number. */
function writeSampleFiles(folder: string, bytes: number): number {
  const letters = ['To whom it may concern', 'Minutes of the meeting', 'Shopping list'];
  mkdirSync(join(folder, 'letters'), { recursive: true });
  mkdirSync(join(folder, 'pictures'));
  letters.forEach((title, index) => {
    const file = join(folder, 'letters', `${index + 1}.txt`);
    writeFileSync(file, `${title}\n\nThis is sample data of the exhibit demo.\n`);
    utimesSync(file, 1_700_000_000 + index, 1_700_000_000 + index);
  });
  const pictures = Math.floor(bytes / (2 * MIB));
  for (let n = 1; n <= pictures; n += 1)
    writeFileSync(join(folder, 'pictures', `IMG_${String(n).padStart(4, '0')}.JPG`), randomBytes(2 * MIB));
  return letters.length + pictures;
}

function writeBare(path: string, size: number): void {
  for (let at = PARTITION_START; at < size / 2; at += MIB) writeAt(path, at, randomBytes(MIB));
}

function writeAt(path: string, offset: number, bytes: Uint8Array): void {
  const fd = openSync(path, 'r+');
  try {
    writeSync(fd, bytes, 0, bytes.length, offset);
  } finally {
    closeSync(fd);
  }
}
