import { errnoOf, ExhibitError, messageOf } from '../model/errors.ts';
import { lengthOf, type Range } from '../model/range.ts';
import { shellQuote } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import { notCarriedOut, ofBlockTool, ofSgRaw, type Answer } from './answers.ts';
import { runOrLeave } from './carry-out.ts';
import { flagNow } from './flag.ts';
import type { HeldDisk } from './held-disk.ts';
import type { Place } from './layout.ts';
import { markedBytes, type Marker } from './marker.ts';
import type { PlannedAttempt } from './plan-attempts.ts';
import { readRange } from './read-disk.ts';
import type { AttemptRecord } from './report-schema.ts';

/** What stands in the watched windows right now, as it was last read off the medium. */
export type Watched = Map<Place['name'], { readonly window: Range; bytes: Buffer }>;

/**
 * Reads every watched window for the first time. Hours may have passed since the marker was checked: throws
 * `disk.not-marked` when one of them is not what the marker says.
 */
export async function watch(held: HeldDisk, places: readonly Place[], marker: Marker): Promise<Watched> {
  const watched: Watched = new Map();
  for (const { name, window } of places) {
    const bytes = await readRange(held, window);
    if (markedBytes(marker, window)?.equals(bytes) !== true) {
      throw new ExhibitError('guard', 'disk.not-marked', `The marker is gone at the ${name} of the disk.`);
    }
    watched.set(name, { window, bytes });
  }
  return watched;
}

/**
 * Carries out one attempt and looks what it did. `watched` then holds what was found.
 * @param number counts from 1
 */
export async function attempt(
  ports: Ports,
  held: HeldDisk,
  watched: Watched,
  planned: PlannedAttempt,
  number: number,
  stop: AbortSignal,
): Promise<AttemptRecord> {
  await held.checkSame();
  const flag = await flagNow(ports, held.disk.device.number);
  const blind = planned.bytes === null && holds(watched, planned.range, Buffer.alloc(lengthOf(planned.range)));
  const answer = await carryOut(ports, planned, stop);
  const after = notBlind(await look(ports, held, watched, planned.layer), blind);
  const landed = planned.bytes === null ? null : holds(watched, planned.range, planned.bytes);
  return {
    number,
    layer: planned.layer,
    kind: planned.kind,
    place: planned.place,
    offset: planned.range.start,
    length: lengthOf(planned.range),
    flag_read_only: flag,
    call: callOf(planned),
    answer: answer.kind,
    errno: answer.errno,
    sense: answer.sense,
    exit: answer.exit,
    said: answer.said,
    ...after,
    written_bytes_found: after.changed === 'unknown' ? null : landed,
  };
}

async function carryOut(ports: Ports, planned: PlannedAttempt, stop: AbortSignal): Promise<Answer> {
  const { how } = planned;
  if (how.by === 'nothing') return notCarriedOut(how.why);
  const result = await runOrLeave(ports, how.argv, how.input === null ? {} : { input: how.input }, stop);
  return planned.layer === 'sg-io' ? ofSgRaw(result) : ofBlockTool(result);
}

type Seen = Pick<AttemptRecord, 'changed' | 'differs' | 'why_unknown'>;

/** Reads all windows again with O_DIRECT: a write may land elsewhere. */
async function look(ports: Ports, held: HeldDisk, watched: Watched, layer: PlannedAttempt['layer']): Promise<Seen> {
  const differs: Range[] = [];
  // SG_IO knows nothing of the kernel's buffers, and so leaves nothing in them.
  const doubts = layer === 'block-layer' ? await emptyBuffers(ports, held.disk.facts.realPath) : [];
  for (const each of watched.values()) {
    try {
      const now = await readRange(held, each.window);
      differs.push(...differences(each.bytes, now, each.window.start));
      each.bytes = now;
    } catch (error) {
      doubts.push(`bytes ${each.window.start} to ${each.window.end}: ${errnoOf(error) ?? messageOf(error)}`);
    }
  }
  // A change that was seen is a change, whatever else could not be read.
  if (differs.length > 0) return { changed: 'yes', differs, why_unknown: null };
  if (doubts.length > 0) return { changed: 'unknown', differs, why_unknown: doubts.join('; ') };
  return { changed: 'no', differs, why_unknown: null };
}

/** BLKFLSBUF: what the kernel still keeps goes to the device now, or never. Gives what went wrong. */
async function emptyBuffers(ports: Ports, path: string): Promise<string[]> {
  const done = await ports.commands.run(['blockdev', '--flushbufs', path], { timeoutMs: 60_000 });
  return done.exit === 0 ? [] : [`blockdev --flushbufs: ${done.failure ?? done.stderr.trim().toWellFormed()}`];
}

/** Zeros over zeros show nothing. An attempt before this one has brought them there. */
function notBlind(seen: Seen, blind: boolean): Seen {
  if (!blind || seen.changed !== 'no') return seen;
  return { ...seen, changed: 'unknown', why_unknown: 'zeros stood there already' };
}

const GRAIN = 512;

/** Sectors of 512 bytes that differ, joined; absolute bytes. */
function differences(before: Buffer, now: Buffer, base: number): Range[] {
  const found: { start: number; end: number }[] = [];
  for (let at = 0; at < before.length; at += GRAIN) {
    if (before.subarray(at, at + GRAIN).equals(now.subarray(at, at + GRAIN))) continue;
    const last = found.at(-1);
    if (last?.end === base + at) last.end += GRAIN;
    else found.push({ start: base + at, end: base + at + GRAIN });
  }
  return found;
}

function holds(watched: Watched, range: Range, bytes: Buffer): boolean {
  return [...watched.values()].some(({ window, bytes: now }) => {
    if (window.start > range.start || range.start + bytes.length > window.end) return false;
    const at = range.start - window.start;
    return now.subarray(at, at + bytes.length).equals(bytes);
  });
}

/** The command line, as a reader of the report can repeat it; empty: there is none. */
export function callOf({ how }: PlannedAttempt): string {
  return how.by === 'nothing' ? '' : how.argv.map(shellQuote).join(' ');
}
