import { createHash } from 'node:crypto';
import { lengthOf, type Range } from '../model/range.ts';
import type { WireMode } from '../model/remote.ts';
import type { Told } from './reader-answer.ts';

/** How a range came here. */
export interface Crossing {
  readonly mode: WireMode;
  /** Bytes that were sent for it: as many were told, and came. */
  readonly wire: number;
  /** Milliseconds that its channel was busy with it. */
  readonly ms: number;
}

/** An order, and what comes of it. */
export interface SentOrder {
  readonly sent: Promise<void>;
  readonly answer: Promise<RangeAnswer | 'not-read'>;
}

/** What came of one order. */
export class RangeAnswer {
  /** The disk's bytes, as many as dd says that it gave, as they came. */
  readonly parts: readonly Buffer[];
  readonly length: number;
  readonly told: Told;
  /** SHA-256 of the bytes, ours; null where the target told none to compare it with. */
  readonly sha256: string | null;
  readonly crossing: Crossing;

  constructor(parts: readonly Buffer[], told: Told, crossing: Crossing) {
    this.parts = parts;
    this.length = parts.reduce((sum, part) => sum + part.length, 0);
    this.told = told;
    this.crossing = crossing;
    this.sha256 = told.sha256 === null ? null : sha256Of(parts);
  }

  /** In one piece: a copy, where they came in several. */
  get bytes(): Buffer {
    const [first] = this.parts;
    return this.parts.length === 1 && first !== undefined ? first : Buffer.concat(this.parts);
  }
}

function sha256Of(parts: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Null: what was told of an order fits to it, and to what came so far. */
export function faultOf(
  { told, range, mode }: { readonly told: Told | null; readonly range: Range; readonly mode: WireMode },
  length: number | null,
  wire: number | null,
  came: number,
): string | null {
  if (length === null) return 'how much dd gave can not be told';
  if (wire === null) return 'how much was sent can not be told';
  if (length > lengthOf(range)) return `dd gave ${length} bytes, ${lengthOf(range)} were ordered`;
  if (wire > mostOnTheWay(lengthOf(range), mode)) return `${wire} bytes were sent for ${length}`;
  // Nothing is sent behind what failed.
  if (told?.exit !== 0 && came > wire) return `${came} bytes came, ${wire} were sent`;
  return null;
}

/** Bytes that can cross for so many: what can not be packed becomes longer, but not by much. */
export function mostOnTheWay(length: number, mode: WireMode): number {
  return mode === 'none' ? length : length + length / 16 + 65_536;
}
