import { diskBytes } from '../../support/loop.ts';

export const MIB = 1_048_576;
const SECTOR = 512;

/** Bytes for a medium, each sector with its number. The rest repeats: an emulated processor is slow at making bytes up. */
export function mediumOf(mebibytes: number): Buffer {
  const bytes = Buffer.alloc(mebibytes * MIB, diskBytes(MIB / 16));
  for (let at = 0; at < bytes.length; at += SECTOR) bytes.writeUInt32LE(at / SECTOR, at);
  return bytes;
}
