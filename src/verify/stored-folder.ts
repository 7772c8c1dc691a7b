import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, messageOf } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { OpenFile } from '../system/files.ts';
import type { Ports } from '../system/ports.ts';
import { interrupted } from './interrupted.ts';

/** What stands under a name. Links are not followed: a link is `other`. */
export type Stored =
  | { readonly kind: 'file'; readonly size: number }
  | { readonly kind: 'missing' }
  | { readonly kind: 'other'; readonly what: string }
  | { readonly kind: 'no-look'; readonly status: LookFault; readonly why: string };

/** A medium that fails is damage; a file that we may not read is only not checked. */
export type LookFault = 'damaged' | 'not-checked';

/** A file's bytes or hash; or why not, as the rest of a sentence that begins with its name. */
export type Content<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly status: LookFault; readonly why: string };

export interface FileHash {
  readonly sha256: string;
  readonly size: number;
}

/** Lists and sidecars. */
const BYTES_LIMIT = 256 * 1024 * 1024;
const STEP = 4 * 1024 * 1024;
const MEDIUM_FAULTS = ['EIO', 'EUCLEAN', 'EBADMSG', 'EREMOTEIO', 'ENODATA', 'ENXIO'];

/** A folder of evidence, read-only. Every file is read once; what is judged is what was hashed. */
export class StoredFolder {
  readonly path: string;
  /** Every name in the folder, sorted. */
  readonly names: readonly string[];
  readonly #ports: Ports;
  readonly #stop: AbortSignal;
  readonly #looks = new Map<string, Promise<{ stored: Stored; stats: Stats | null }>>();
  readonly #bytes = new Map<string, Promise<Content<Buffer>>>();
  readonly #hashes = new Map<string, Promise<Content<FileHash>>>();

  constructor(ports: Ports, path: string, names: readonly string[], stop: AbortSignal) {
    this.#ports = ports;
    this.path = path;
    this.names = [...names].sort();
    this.#stop = stop;
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  async look(name: string): Promise<Stored> {
    return (await this.#look(name)).stored;
  }

  /** All bytes of a regular file of at most `limit` bytes. */
  bytes(name: string, limit = BYTES_LIMIT): Promise<Content<Buffer>> {
    return once(this.#bytes, name, () => this.#withFile(name, (file, size) => readWhole(file, size, limit)));
  }

  /** SHA-256 and length of a regular file of any length. */
  sha256(name: string): Promise<Content<FileHash>> {
    return once(this.#hashes, name, async () => {
      const held = await this.#bytes.get(name);
      if (held?.ok === true) return { ok: true, value: hashOf(held.value) };
      return this.#withFile(name, (file) => this.#hash(file));
    });
  }

  /** The size of a regular file that opens; or why it does not. */
  canOpen(name: string): Promise<Content<number>> {
    return this.#withFile(name, (_file, size) => Promise.resolve({ ok: true, value: size }));
  }

  async #look(name: string): Promise<{ stored: Stored; stats: Stats | null }> {
    return once(this.#looks, name, async () => {
      try {
        const stats = await this.#ports.files.lstat(this.pathOf(name));
        if (stats.isFile()) return { stored: { kind: 'file', size: stats.size }, stats };
        return { stored: { kind: 'other', what: kindOf(stats) }, stats };
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return { stored: { kind: 'missing' }, stats: null };
        return { stored: { kind: 'no-look', ...faultOf(error) }, stats: null };
      }
    });
  }

  async #withFile<T>(name: string, use: (file: OpenFile, size: number) => Promise<Content<T>>): Promise<Content<T>> {
    const { stored, stats } = await this.#look(name);
    if (stored.kind === 'missing') return { ok: false, status: 'damaged', why: 'is missing' };
    if (stored.kind === 'other') return { ok: false, status: 'damaged', why: `is ${stored.what}, not a file` };
    if (stored.kind === 'no-look') return { ok: false, status: stored.status, why: stored.why };
    let file: OpenFile | null = null;
    try {
      file = await this.#ports.files.open(this.pathOf(name), 'read');
      const now = await file.stat();
      if (now.dev !== stats?.dev || now.ino !== stats.ino) {
        return { ok: false, status: 'damaged', why: 'was replaced while it was looked at' };
      }
      return await use(file, now.size);
    } catch (error) {
      if (this.#stop.aborted) throw error;
      return { ok: false, ...faultOf(error) };
    } finally {
      await file?.close();
    }
  }

  async #hash(file: OpenFile): Promise<Content<FileHash>> {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(STEP);
    let size = 0;
    for (;;) {
      if (this.#stop.aborted) throw interrupted();
      const got = await file.read(buffer, 0, STEP, size);
      if (got === 0) return { ok: true, value: { sha256: hash.digest('hex'), size } };
      hash.update(buffer.subarray(0, got));
      size += got;
    }
  }
}

export function hashOf(bytes: Uint8Array): FileHash {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
}

async function readWhole(file: OpenFile, size: number, limit: number): Promise<Content<Buffer>> {
  if (size > limit) return { ok: false, status: 'not-checked', why: `is larger than ${limit} bytes` };
  const bytes = Buffer.alloc(size);
  const got = await file.read(bytes, 0, size, 0);
  return { ok: true, value: bytes.subarray(0, got) };
}

function faultOf(error: unknown): { status: LookFault; why: string } {
  const errno = errnoOf(error);
  const status = errno !== undefined && MEDIUM_FAULTS.includes(errno) ? 'damaged' : 'not-checked';
  return { status, why: `can't be read: ${errno ?? visible(messageOf(error))}` };
}

function kindOf(stats: Stats): string {
  if (stats.isSymbolicLink()) return 'a symbolic link';
  return stats.isDirectory() ? 'a folder' : 'a special file';
}

function once<T>(known: Map<string, Promise<T>>, name: string, make: () => Promise<T>): Promise<T> {
  const before = known.get(name);
  if (before !== undefined) return before;
  const made = make();
  known.set(name, made);
  return made;
}
