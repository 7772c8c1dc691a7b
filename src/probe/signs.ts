import type { EncryptionSign } from '../model/probe.ts';

/**
 * Signs of encryption at known places of a device or partition. Sources: cryptsetup's on-disk formats of LUKS1 and
 * LUKS2, libbde's and libfvde's format documents, Apple File System Reference; libblkid recognises them by the same bytes.
 */
export interface Place {
  /** Bytes from the beginning of the device or partition. */
  readonly offset: number;
  readonly length: number;
}

/** Where the second header of LUKS2 may lie: a wiped first one leaves it behind. */
const SECOND_HEADERS = [0x4000, 0x8000, 0x1_0000, 0x2_0000, 0x4_0000, 0x8_0000, 0x10_0000, 0x20_0000, 0x40_0000];

export const PLACES: readonly Place[] = [
  { offset: 0, length: 4096 },
  ...SECOND_HEADERS.map((offset) => ({ offset, length: 512 })),
];

type Scheme = EncryptionSign['scheme'];

/** Which sign the bytes read at a place of {@link PLACES} are; null: none of the known ones. */
export function signIn({ offset }: Place, bytes: Uint8Array): Scheme | null {
  const read = Buffer.from(bytes);
  if (offset !== 0) return isLuks2Copy(read, offset) ? 'luks2' : null;
  if (isBitLocker(read)) return 'bitlocker';
  return luksOf(read) ?? appleOf(read);
}

/** Identifiers (GUIDs as they lie on disk) of BitLocker and of BitLocker for used space only. */
const BITLOCKER_IDS = ['3bd66749292ed84a8399f6a339e3d001', '3b4da89280dd0e4d9e4eb1e3284eaed8'];

/** From Vista on `-FVE-FS-` stands where NTFS has its name; BitLocker To Go looks like FAT32, with an identifier further on. */
function isBitLocker(read: Buffer): boolean {
  const name = read.toString('latin1', 3, 11);
  if (name === '-FVE-FS-') return true;
  return name === 'MSWIN4.1' && BITLOCKER_IDS.includes(read.toString('hex', 424, 440));
}

function luksOf(read: Buffer): Scheme | null {
  if (read.length < 8 || read.toString('latin1', 0, 6) !== 'LUKS\xba\xbe') return null;
  const version = read.readUInt16BE(6);
  if (version === 1) return 'luks1';
  return version === 2 ? 'luks2' : null;
}

/** A second header carries its own offset. */
function isLuks2Copy(read: Buffer, offset: number): boolean {
  if (read.length < 264 || read.toString('latin1', 0, 6) !== 'SKUL\xba\xbe') return false;
  return read.readUInt16BE(6) === 2 && read.readBigUInt64BE(256) === BigInt(offset);
}

/** Neither tells at this place whether FileVault is on. */
function appleOf(read: Buffer): Scheme | null {
  if (read.length < 512) return null;
  if (read.toString('latin1', 32, 36) === 'NXSB' && isApfsBlockSize(read.readUInt32LE(36))) return 'apfs-container';
  const isVolumeHeader = read.readUInt16LE(8) === 1 && read.readUInt16LE(10) === 0x10;
  return isVolumeHeader && read.toString('latin1', 88, 90) === 'CS' ? 'core-storage' : null;
}

function isApfsBlockSize(size: number): boolean {
  return [4096, 8192, 16_384, 32_768, 65_536].includes(size);
}
