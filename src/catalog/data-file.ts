import { createHash } from 'node:crypto';
import { messageOf } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';

/** A data file is a screenful or a few; anything much larger is some other file. */
const DATA_FILE_LIMIT = 1024 * 1024;

/** The text of a YAML file and the SHA-256 of its bytes; or why there is none. */
type DataFile =
  | { readonly ok: true; readonly text: string; readonly sha256: string }
  | { readonly ok: false; readonly reason: 'unreadable' | 'not-text'; readonly why: string; readonly cause: unknown };

/** Reads a data file of 1 MiB at most. What is wrong with it is a value: callers give it their own words. */
export async function readData(ports: Pick<Ports, 'files'>, path: string): Promise<DataFile> {
  let bytes: Buffer;
  try {
    bytes = await ports.files.readBytes(path, DATA_FILE_LIMIT);
  } catch (cause) {
    return { ok: false, reason: 'unreadable', why: messageOf(cause), cause };
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { ok: true, text, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (cause) {
    return { ok: false, reason: 'not-text', why: 'it is not UTF-8 text', cause };
  }
}
