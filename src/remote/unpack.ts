import * as zlib from 'node:zlib';
import type { WireMode } from '../model/remote.ts';

type ByCallback = (
  packed: Buffer,
  options: { maxOutputLength: number },
  done: (error: Error | null, bytes: Buffer) => void,
) => void;

/** Node has it from 22.15 on. */
const zstd = (zlib as unknown as { zstdDecompress?: ByCallback }).zstdDecompress;

const UNPACKERS: Readonly<Record<Exclude<WireMode, 'none'>, ByCallback | null>> = {
  gzip: zlib.gunzip,
  zstd: zstd ?? null,
};

/** What of the ways to pack can be unpacked here. */
export function canUnpack(mode: WireMode): boolean {
  return mode === 'none' || UNPACKERS[mode] !== null;
}

/**
 * Unpacks what was packed over there, to exactly so many bytes: what would give more is not unpacked to its end. Rejects
 * for what is no such stream, ends early or gives another number of bytes.
 */
export async function unpack(mode: Exclude<WireMode, 'none'>, packed: Buffer, length: number): Promise<Buffer> {
  const by = UNPACKERS[mode];
  if (by === null) throw new Error(`${mode} can not be unpacked here`);
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    by(packed, { maxOutputLength: Math.max(1, length) }, (error, whole) => {
      if (error === null) resolve(whole);
      else reject(error);
    });
  });
  if (bytes.length !== length) throw new Error(`${bytes.length} bytes were packed, ${length} were read`);
  return bytes;
}
