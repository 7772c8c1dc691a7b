import { ExhibitError } from '../model/errors.ts';
import type { Range } from '../model/range.ts';
import { visible } from '../model/text.ts';
import { wordsOf } from '../manifest/sign-tool.ts';
import type { Ports } from '../system/ports.ts';
import { runOrLeave } from './carry-out.ts';
import type { HeldDisk } from './held-disk.ts';
import { layoutOf } from './layout.ts';
import { markedBytes, parseHeader, type Marker } from './marker.ts';
import { readRange, stopped } from './read-disk.ts';
import { writeArgv } from './write-argv.ts';

/** The ranges that a marker covers, in the order they are written: what makes it valid, the first header, comes last. */
export function markedRanges(size: number): readonly Range[] {
  const { firstHeader, lastHeader, pattern } = layoutOf(size);
  return [...pattern, lastHeader, firstHeader];
}

/** Erases: writes the marker, brings it to the medium, and reads it back past the page cache. */
export async function writeMarker(ports: Ports, held: HeldDisk, marker: Marker, stop: AbortSignal): Promise<void> {
  const { realPath } = held.disk.facts;
  for (const range of markedRanges(marker.size)) {
    if (stop.aborted) throw unfinished(stopped());
    await held.checkSame();
    const argv = writeArgv(realPath, range, 'direct');
    const result = await runOrLeave(ports, argv, { input: markedBytes(marker, range) ?? Buffer.alloc(0) }, stop);
    if (result.failure === 'aborted') throw unfinished(stopped());
    if (result.exit !== 0) throw notTaken(realPath, wordsOf(result));
  }
  await ports.commands.run(['blockdev', '--flushbufs', realPath], { timeoutMs: 60_000 });
  const fault = await markerFault(held, marker, stop);
  if (fault !== null) throw notTaken(realPath, fault);
}

/** What a disk carries: a valid marker of its own size with every marked byte in its place, or why it does not. */
export async function readMarker(
  held: HeldDisk,
  stop: AbortSignal,
): Promise<{ ok: true; marker: Marker } | { ok: false; fault: string }> {
  const { size } = held.disk.device;
  const parsed = parseHeader(await readRange(held, layoutOf(size).firstHeader));
  if (!parsed.ok) return parsed;
  const { marker } = parsed;
  if (marker.size !== size) {
    return { ok: false, fault: `its scratch marker is for a disk of ${marker.size} bytes, and this one has ${size}` };
  }
  const fault = await markerFault(held, marker, stop);
  return fault === null ? { ok: true, marker } : { ok: false, fault };
}

/** The first marked byte that is not as it was written, in words; null: all are. */
async function markerFault(held: HeldDisk, marker: Marker, stop: AbortSignal): Promise<string | null> {
  for (const range of markedRanges(marker.size)) {
    if (stop.aborted) throw stopped();
    const due = markedBytes(marker, range);
    const found = await readRange(held, range);
    if (due?.equals(found) === true) continue;
    const at = found.findIndex((byte, index) => byte !== due?.[index]);
    return `byte ${range.start + at} is not what the scratch marker says: the disk was written to since it was marked`;
  }
  return null;
}

function unfinished(cause: ExhibitError): ExhibitError {
  return new ExhibitError('interrupted', 'prepare.interrupted', 'Stopped while the marker was written.', {
    hint: 'The disk is erased in part and carries no valid marker. Start again.',
    cause,
  });
}

function notTaken(path: string, why: string): ExhibitError {
  return new ExhibitError(
    'source',
    'prepare.not-written',
    `${visible(path)} did not take the scratch marker: ${why}.`,
    {
      hint: 'Is it behind a write blocker? "prepare" wants the disk connected without one. Whatever it carries now, it is not to be relied on.',
    },
  );
}
