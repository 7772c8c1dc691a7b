import { createHash } from 'node:crypto';
import { lengthOf, type Range } from '../model/range.ts';
import { BLOCK_KINDS, isWide, PLAIN_WRITES, scsiWrite, SG_KINDS, type BlockKind, type SgKind } from './kinds.ts';
import { placesOf, type Place } from './layout.ts';
import { writeArgv } from './write-argv.ts';

/** Seconds that sg_raw gives a command. */
const SG_TIMEOUT_S = 30;

/** One attempt to change the disk, before it is carried out. */
export interface PlannedAttempt {
  readonly layer: 'block-layer' | 'sg-io';
  readonly kind: BlockKind | SgKind;
  readonly place: Place['name'];
  /** What it would change. */
  readonly range: Range;
  readonly how:
    | { readonly by: 'command'; readonly argv: readonly string[]; readonly input: Buffer | null }
    | { readonly by: 'nothing'; readonly why: string };
  /** The bytes that would stand at the beginning of the range if it came through; null: not known, or none of its own. */
  readonly bytes: Buffer | null;
}

export interface Target {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sector: number;
}

/** Attempts through the kernel's block layer. */
export function blockAttempts(target: Target, run: string): PlannedAttempt[] {
  return each(target, BLOCK_KINDS, (kind, place, range) => {
    const common = { layer: 'block-layer', kind, place: place.name, range } as const;
    if (kind === 'write-direct' || kind === 'write-buffered') {
      const argv = writeArgv(target.path, range, kind === 'write-direct' ? 'direct' : 'buffered');
      const bytes = attemptBytes(run, kind, range);
      return { ...common, how: { by: 'command', argv, input: bytes }, bytes };
    }
    const zero = kind === 'zeroout' ? ['--zeroout'] : [];
    // --force leaves out the exclusive open only: the disk is held exclusively here.
    const where = ['--force', '--offset', String(range.start), '--length', String(lengthOf(range))];
    const argv = ['blkdiscard', ...zero, ...where, target.path];
    return { ...common, how: { by: 'command', argv, input: null }, bytes: null };
  });
}

/** Attempts by SCSI commands that the kernel passes on as they are (SG_IO). */
export function sgAttempts(target: Target, run: string): PlannedAttempt[] {
  return each(target, SG_KINDS, (kind, place, range) => {
    const block = attemptBytes(run, kind, { start: range.start, end: range.start + target.sector });
    const common = { layer: 'sg-io', kind, place: place.name, range } as const;
    const command = scsiWrite(kind, range.start / target.sector, lengthOf(range) / target.sector, block);
    if (typeof command === 'string') return { ...common, how: { by: 'nothing', why: command }, bytes: null };
    // --readonly is about the open of the node alone: the kernel refuses a writing open of a disk that declares itself
    // protected, and root may send any command through a reading one.
    const options = ['--readonly', `--timeout=${SG_TIMEOUT_S}`, `--send=${command.data.length}`];
    const argv = ['sg_raw', ...options, target.path, ...command.cdb.map(hex)];
    const how = { by: 'command', argv, input: command.data } as const;
    return { ...common, how, bytes: kind === 'unmap' ? null : block };
  });
}

function each<K extends BlockKind | SgKind>(
  target: Target,
  kinds: readonly K[],
  make: (kind: K, place: Place, range: Range) => PlannedAttempt,
): PlannedAttempt[] {
  const places = placesOf(target.size, target.sector);
  return kinds.flatMap((kind) =>
    places
      .filter(({ name }) => name === 'middle' || PLAIN_WRITES.includes(kind))
      .map((place) => make(kind, place, isWide(kind) ? place.window : place.sector)),
  );
}

/** Bytes of one attempt alone: who finds them on the disk knows which attempt wrote them. */
function attemptBytes(run: string, kind: string, { start, end }: Range): Buffer {
  const seed = createHash('sha256').update(`${run} ${kind} ${start}`).digest();
  const text = Buffer.from(`exhibit-blocker-test ${run} ${kind} at ${start} `.padEnd(96, '.'));
  const unit = Buffer.concat([text, seed]);
  return Buffer.alloc(end - start, unit);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
