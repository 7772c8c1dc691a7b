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

/** An order without an answer. */
export interface PendingOrder {
  readonly id: number;
  readonly range: Range;
  readonly mode: WireMode;
  readonly blockBytes: number;
  readonly sinceMs: number;
  told: Told | null;
  readonly resolve: (answer: RangeAnswer | 'not-read') => void;
  readonly reject: (error: Error) => void;
}

/** Bytes that can come for them all; `end`: of the line behind an order. */
export function mostOfAll(pending: readonly PendingOrder[], end: (id: number) => number): number {
  return pending.reduce((sum, { id, range, mode }) => sum + mostOnTheWay(lengthOf(range), mode) + end(id), 0);
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

/** What was told of an order, and what came. */
interface Account {
  /** The disk's bytes; those that were sent for them. Null: not told. */
  readonly length: number | null;
  readonly wire: number | null;
  readonly came: number;
  /** Something there was to hash what is sent. */
  readonly hashed: boolean;
}

/** Null: what was told of an order fits to it, and to what came so far. */
export function faultOf(
  { told, range, mode }: { readonly told: Told | null; readonly range: Range; readonly mode: WireMode },
  { length, wire, came, hashed }: Account,
): string | null {
  if (length === null) return 'how much dd gave can not be told';
  if (wire === null) return 'how much was sent can not be told';
  if (hashed && told?.sha256 == null) return 'the hash of what was sent was not told';
  if (length > lengthOf(range)) return `dd gave ${length} bytes, ${lengthOf(range)} were ordered`;
  if (wire > mostOnTheWay(lengthOf(range), mode)) return `${wire} bytes were sent for ${length}`;
  // Nothing is sent behind what failed.
  if (told?.exit !== 0 && came > wire) return `${came} bytes came, ${wire} were sent`;
  return null;
}

/** Bytes that can cross for so many: what can not be packed becomes longer, but not by much. */
function mostOnTheWay(length: number, mode: WireMode): number {
  return mode === 'none' ? length : length + length / 16 + 65_536;
}
