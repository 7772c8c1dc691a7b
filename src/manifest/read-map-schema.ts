import * as z from '../model/zod.ts';
import { bytes, count, range, sha256, text } from './schema-words.ts';

/** In bytes, and in logical sectors of the source; both half-open. */
const sectors = { start: bytes, end: bytes, first_sector: count, end_sector: count };

export const unreadableSchema = z.strictObject({ ...sectors, errno: text, attempts: count });

/** What was read of the source, and how. */
export const readMapSchema = z.strictObject({
  file: text,
  good: bytes,
  unreadable: bytes,
  /** Tried in large or small blocks, and not yet given up. */
  failed: bytes,
  not_tried: bytes,
  fill: z.literal('00'),
  ranges: z.array(unreadableSchema),
  /** What failing reads cost: how many there were, and the milliseconds that the drive took over them. */
  failed_reads: z.strictObject({ count, ms: count }),
  /** Sectors that answered differently when they were read again: both answers, by SHA-256; the image keeps the first. */
  unstable: z.array(z.strictObject({ ...sectors, first: sha256, again: sha256, when: text })),
  /** Read by another program, not by exhibit. */
  adopted: z.array(range),
});
