import { errnoOf } from '../model/errors.ts';
import { alignUp } from '../model/size.ts';
import type { Range } from '../model/range.ts';
import type { RingWriter } from '../ring/ring.ts';
import type { OpenFile } from '../system/files.ts';
import type { Ports } from '../system/ports.ts';
import { avoidCache, worstOf, type CacheState } from './page-cache.ts';

/** A file of a stored image and the bytes of the logical media that it should hold. */
export interface ImagePart {
  readonly path: string;
  readonly offset: number;
  /** Bytes expected. */
  readonly length: number;
}

/** What reading an image back found besides the bytes. */
export interface ImageReadLog {
  /** Bytes that are missing from the files or could not be read: zeros went into the hashes in their place. */
  missing(range: Range, why: string): void;
  read(range: Range): void;
}

const DIRECT_UNIT = 4096;

const NOT_TRIED: CacheState = { avoided: 'no', how: 'not tried', fileSystem: 'unknown' };

/**
 * Reads parts of a stored image in order into the ring, past the page cache where that can be done. Missing and
 * unreadable bytes become zeros and are logged; they never end the reading, so that all damage is found in one go.
 * @param wanted the range of the logical media to read
 * @param from `cache`: also from what is in memory, for who is not after what is on the medium
 */
export async function readImage(
  ports: Ports,
  parts: readonly ImagePart[],
  wanted: Range,
  out: RingWriter,
  log: ImageReadLog,
  stop: AbortSignal,
  from: 'medium' | 'cache' = 'medium',
): Promise<CacheState> {
  const states: CacheState[] = [];
  for (const part of parts) {
    const start = Math.max(part.offset, wanted.start);
    const end = Math.min(part.offset + part.length, wanted.end);
    if (start >= end) continue;
    const open = await openPart(ports, part, from, states);
    try {
      await readPart(part, open, { start, end }, out, log, stop);
    } finally {
      if (typeof open !== 'string') await open.file.close();
    }
    if (stop.aborted) break;
  }
  return worstOf(states);
}

interface OpenPart {
  readonly file: OpenFile;
  readonly direct: boolean;
}

/** The file, or why it can't be opened: `missing`, or the errno. */
async function openPart(
  ports: Ports,
  part: ImagePart,
  from: 'medium' | 'cache',
  states: CacheState[],
): Promise<OpenPart | string> {
  for (const mode of from === 'cache' ? (['read'] as const) : (['read-direct', 'read'] as const)) {
    try {
      const file = await ports.files.open(part.path, mode);
      states.push(from === 'cache' ? NOT_TRIED : await avoidCache(ports, file, mode === 'read-direct'));
      return { file, direct: mode === 'read-direct' };
    } catch (error) {
      // EINVAL: this file system has no O_DIRECT. Anything else (missing, no rights) is the log's to tell.
      const errno = errnoOf(error) ?? 'could not be opened';
      if (errno !== 'EINVAL' || mode === 'read') return errno === 'ENOENT' ? 'missing' : errno;
    }
  }
  return 'missing';
}

async function readPart(
  part: ImagePart,
  open: OpenPart | string,
  range: Range,
  out: RingWriter,
  log: ImageReadLog,
  stop: AbortSignal,
): Promise<void> {
  // Direct I/O wants aligned places in the file; pieces and segments are aligned, an odd `--range` may not be.
  const unit = typeof open !== 'string' && open.direct ? DIRECT_UNIT : 1;
  for (let at = range.start; at < range.end && !stop.aborted;) {
    const slot = await out.slot();
    const position = at - part.offset;
    const lead = position % unit;
    const length = Math.min(slot.bytes.length - lead, range.end - at);
    const got = typeof open === 'string' ? open : await readSpan(open, slot.bytes, lead + length, position - lead);
    const good = typeof got === 'number' ? Math.max(0, got - lead) : 0;
    if (lead > 0) slot.bytes.copyWithin(0, lead, lead + good);
    if (good < length) {
      slot.bytes.fill(0, good, length);
      log.missing({ start: at + good, end: at + length }, typeof got === 'number' ? 'missing' : got);
    }
    out.publish(at, length);
    log.read({ start: at, end: at + length });
    at += length;
  }
}

/** Bytes read, up to `expected`; or the errno. */
async function readSpan(
  open: OpenPart,
  into: Uint8Array,
  expected: number,
  position: number,
): Promise<number | string> {
  let done = 0;
  try {
    while (done < expected) {
      const ask = open.direct ? Math.min(alignUp(expected - done, DIRECT_UNIT), into.length - done) : expected - done;
      const got = await open.file.readSome(into, done, ask, position + done);
      if (got === 0) break;
      done += got;
      if (open.direct && done % DIRECT_UNIT !== 0) break;
    }
    return Math.min(done, expected);
  } catch (error) {
    return errnoOf(error) ?? 'could not be read';
  }
}
