import { bug } from '../model/errors.ts';

/** How a write is attempted. The order is the order of the attempts: plain writes first. */
export const BLOCK_KINDS = ['write-direct', 'write-buffered', 'zeroout', 'discard'] as const;
export const SG_KINDS = [
  'write-10',
  'write-16',
  'write-6',
  'write-12',
  'write-and-verify-10',
  'write-same-10',
  'write-same-16',
  'unmap',
] as const;
export type BlockKind = (typeof BLOCK_KINDS)[number];
export type SgKind = (typeof SG_KINDS)[number];

/**
 * What hosts write with: attempted at every place. Unless one of them was answered at each place, in each layer,
 * nobody can say "blocked". All other kinds are attempted in the middle alone.
 */
export const PLAIN_WRITES: readonly string[] = ['write-direct', 'write-buffered', 'write-10', 'write-16'] satisfies (
  BlockKind | SgKind
)[];

/** What is not attempted, and so not covered by any result. */
export const NOT_ATTEMPTED: readonly string[] = [
  'writes by ATA pass-through (SAT), and by NVMe commands',
  'FORMAT UNIT, SANITIZE, security erase, changes of HPA or DCO, mode page and firmware changes, vendor commands',
  'places other than the first sector, the middle and the last sector of the disk',
  'writes while the blocker or the disk loses power, starts up or is reset',
];

/** One SCSI command that would change the medium. */
export interface ScsiWrite {
  readonly cdb: readonly number[];
  /** Data to send; what a plain write would put on the medium, or a parameter list. */
  readonly data: Buffer;
  /** Blocks that the command names. */
  readonly blocks: number;
}

/**
 * The command of a kind (SBC-3, SPC-4) for `blocks` logical blocks from `lba` on. A number that does not fit into the
 * command gives a reason instead.
 * @param block one logical block of data
 */
export function scsiWrite(kind: SgKind, lba: number, blocks: number, block: Buffer): ScsiWrite | string {
  const limit = { 'write-6': 2 ** 21, 'write-16': Infinity, 'write-same-16': Infinity, unmap: Infinity };
  if (lba + blocks > (kind in limit ? limit[kind as keyof typeof limit] : 2 ** 32)) {
    return `sector ${lba} has no place in this command`;
  }
  switch (kind) {
    case 'write-6':
      return single([0x0a, ...be(lba, 3), 1, 0], block);
    case 'write-10':
      return single([0x2a, 0, ...be(lba, 4), 0, ...be(1, 2), 0], block);
    case 'write-12':
      return single([0xaa, 0, ...be(lba, 4), ...be(1, 4), 0, 0], block);
    case 'write-16':
      return single([0x8a, 0, ...be(lba, 8), ...be(1, 4), 0, 0], block);
    case 'write-and-verify-10':
      return single([0x2e, 0, ...be(lba, 4), 0, ...be(1, 2), 0], block);
    case 'write-same-10':
      return { cdb: [0x41, 0, ...be(lba, 4), 0, ...be(blocks, 2), 0], data: block, blocks };
    case 'write-same-16':
      return { cdb: [0x93, 0, ...be(lba, 8), ...be(blocks, 4), 0, 0], data: block, blocks };
    case 'unmap':
      // Parameter list: two lengths (all that follows; the descriptors), four reserved bytes, one descriptor.
      return {
        cdb: [0x42, 0, 0, 0, 0, 0, 0, ...be(24, 2), 0],
        data: Buffer.from([...be(22, 2), ...be(16, 2), 0, 0, 0, 0, ...be(lba, 8), ...be(blocks, 4), 0, 0, 0, 0]),
        blocks,
      };
  }
}

/** Kinds that change a run of sectors and not only one. */
export function isWide(kind: BlockKind | SgKind): boolean {
  return ['zeroout', 'discard', 'write-same-10', 'write-same-16', 'unmap'].includes(kind);
}

function single(cdb: readonly number[], data: Buffer): ScsiWrite {
  return { cdb, data, blocks: 1 };
}

/** Big-endian, `length` bytes. */
function be(value: number, length: number): number[] {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** (8 * length)) throw bug(`${value} in ${length} bytes`);
  return Array.from({ length }, (_, index) => Math.floor(value / 2 ** (8 * (length - 1 - index))) % 256);
}
