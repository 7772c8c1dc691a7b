import { ALGORITHMS, type Algorithm } from '../model/digest.ts';
import type { Settings } from '../model/request.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Each law: what is wrong with a value, as the end of a sentence that starts with the setting's name; null when nothing is. */
export const settingLaws = {
  /** Direct I/O needs whole pages; a block must fit a slot of the ring. */
  blockSize: (size: number): string | null =>
    size % (4 * KIB) === 0 && size >= 4 * KIB && size <= 16 * MIB
      ? null
      : `is ${size} bytes; it must be a multiple of 4096 between 4K and 16M`,

  /** A power of two, so that `dd bs=SIZE skip=N count=1` finds any piece. */
  pieceSize: (size: number): string | null =>
    size >= MIB && size <= GIB && Number.isInteger(Math.log2(size))
      ? null
      : `is ${size} bytes; it must be a power of two between 1M and 1G`,

  /** A multiple of 4096, so that no segment ends inside a sector, and every segment can be read back by direct I/O. */
  segmentSize: (size: number): string | null =>
    size >= MIB && size % (4 * KIB) === 0 ? null : `is ${size} bytes; it must be a multiple of 4096, and at least 1M`,

  hashes: (names: readonly string[]): string | null => {
    const strange = names.find((name) => !isAlgorithm(name));
    if (strange !== undefined) return `names "${strange}"; known are ${ALGORITHMS.join(', ')}`;
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) return `names ${twice} twice`;
    return names.includes('sha256') ? null : 'must contain sha256: SHA256SUMS and the commands of VERIFY.txt need it';
  },

  retries: (count: number): string | null =>
    Number.isInteger(count) && count >= 0 && count <= 100
      ? null
      : `is ${count}; it must be a whole number from 0 to 100`,

  maxBad: (sectors: number): string | null =>
    Number.isSafeInteger(sectors) && sectors >= 0
      ? null
      : `is ${sectors}; it must be a whole number of sectors, or none for no limit`,

  /** Below a few seconds a drive that only spins up would be taken for one that hangs. */
  readTimeout: (seconds: number): string | null =>
    Number.isInteger(seconds) && seconds >= 2 && seconds <= 3600
      ? null
      : `is ${seconds} seconds; it must be from 2 seconds to an hour, or none to wait for the kernel`,

  waitForDevice: (seconds: number): string | null =>
    Number.isInteger(seconds) && seconds >= 0 && seconds <= 7 * 86_400
      ? null
      : `is ${seconds} seconds; it must be from 0 (does not wait) to seven days`,
} as const;

/** A piece is hashed from whole blocks. Only told when both sizes are lawful by themselves. */
export function pieceBlockFault(settings: Pick<Settings, 'blockSize' | 'pieceSize'>): string | null {
  const { blockSize, pieceSize } = settings;
  if (settingLaws.blockSize(blockSize) !== null || settingLaws.pieceSize(pieceSize) !== null) return null;
  return pieceSize % blockSize === 0
    ? null
    : `is ${pieceSize} bytes; it must be a multiple of the block size, ${blockSize} bytes`;
}

export function isAlgorithm(name: string): name is Algorithm {
  return (ALGORITHMS as readonly string[]).includes(name);
}
