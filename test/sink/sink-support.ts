import { writeFileSync } from 'node:fs';
import { segmentsOf } from '../../src/image/segments.ts';
import type { Segment } from '../../src/model/plan.ts';
import { Ring } from '../../src/ring/ring.ts';
import { ImageWriter, type WrittenSegment } from '../../src/sink/image-writer.ts';
import { systemFiles, type Files, type OpenFile } from '../../src/system/files.ts';
import { fileWith } from '../support/ports.ts';

/** What an attempt to write left: the finished segments, or the error; `finish` is always called, as a job does. */
export interface Attempt {
  readonly written: readonly WrittenSegment[];
  readonly error: unknown;
  readonly position: number;
  readonly synced: number;
  readonly told: readonly number[];
}

/** Writes `bytes` through a ring in chunks of these lengths, repeated. */
export async function write(
  folder: string,
  segments: readonly Segment[],
  bytes: Uint8Array,
  lengths: readonly number[],
  files: Files = systemFiles,
): Promise<Attempt> {
  const ring = new Ring(3, Math.ceil(Math.max(...lengths) / 4096) * 4096, 1);
  const writer = new ImageWriter(files, folder, segments);
  const told: number[] = [];
  const consuming = writer.consume(ring.reader(0), (position) => told.push(position));
  consuming.catch((error: unknown) => {
    ring.abort(error);
  });
  try {
    let at = 0;
    for (let turn = 0; at < bytes.length; turn += 1) {
      const length = Math.min(lengths[turn % lengths.length] ?? 1, bytes.length - at);
      const slot = await ring.slot();
      slot.bytes.set(bytes.subarray(at, at + length));
      ring.publish(at, length);
      at += length;
    }
    ring.end();
    await consuming;
    const written = await writer.finish();
    return { written, error: null, position: writer.position, synced: writer.synced, told };
  } catch (error) {
    await writer.finish().catch(() => undefined);
    return { written: [], error, position: writer.position, synced: writer.synced, told };
  }
}

export function raw(size: number): Segment[] {
  return segmentsOf(size, 'raw', 0, 'item');
}

export function split(size: number, segmentSize: number): Segment[] {
  return segmentsOf(size, 'split', segmentSize, 'item');
}

/** The real files, but for what `change` makes of an open one. */
export function filesWith(change: (file: OpenFile) => Partial<OpenFile>, more: Partial<Files> = {}): Files {
  return {
    ...systemFiles,
    open: async (path, mode) => {
      const file = await systemFiles.open(path, mode);
      return fileWith(file, change(file));
    },
    ...more,
  };
}

/** An error as Node gives it. */
export function errno(code: string): Error {
  return Object.assign(new Error(`${code}: made by the test`), { code });
}

/** A finished segment that nobody has published. */
export async function oneWritten(folder: string, bytes: Uint8Array): Promise<WrittenSegment> {
  const [written] = (await write(folder, raw(bytes.length), bytes, [65_536])).written;
  if (written === undefined) throw new Error('nothing was written');
  return written;
}

/** Puts a file where it should not be. */
export function obstacle(path: string): string {
  const content = `not to be touched: ${path}`;
  writeFileSync(path, content, { flag: 'wx' });
  return content;
}
