import { createHash } from 'node:crypto';
import { bug } from '../model/errors.ts';
import { lengthOf, type Range } from '../model/range.ts';
import { HEADER_BYTES, layoutOf } from './layout.ts';

/** What a scratch marker says of its disk. */
export interface Marker {
  /** UUID, new for every `prepare`; the pattern is made from it. */
  readonly id: string;
  /** Bytes of the disk as it was seen without a blocker. */
  readonly size: number;
  /** RFC 3339, UTC. */
  readonly made: string;
  /** Serial, or backing file, that was typed; as the device said it. */
  readonly disk: string;
}

export type MarkerResult =
  { readonly ok: true; readonly marker: Marker } | { readonly ok: false; readonly fault: string };

const TITLE = 'EXHIBIT SCRATCH DISK, version ';
const VERSION = '1';
const PURPOSE = "This disk was erased on purpose, to test write blockers. It holds nobody's data.";
/** The pattern repeats within a sector of this many bytes, and nowhere else. */
const SECTOR = 512;

/**
 * The header's bytes: lines of ASCII, the last of them the SHA-256 of all that stand before it, then zeros. One marker
 * has one form, so that any bit that changes is seen.
 */
export function formatHeader(marker: Marker): Buffer {
  const lines = [
    TITLE + VERSION,
    PURPOSE,
    `id: ${marker.id}`,
    `size: ${marker.size}`,
    `made: ${marker.made}`,
    `disk: ${asciiText(marker.disk)}`,
  ];
  const text = `${lines.join('\n')}\n`;
  const header = Buffer.alloc(HEADER_BYTES);
  const whole = `${text}sha256: ${createHash('sha256').update(text).digest('hex')}\n`;
  if (whole.length > HEADER_BYTES) throw bug('a scratch marker that does not fit into its header');
  header.write(whole, 'latin1');
  return header;
}

/** Reads a header in exactly the form that {@link formatHeader} writes. */
export function parseHeader(bytes: Uint8Array): MarkerResult {
  const text = Buffer.from(bytes).toString('latin1');
  if (!text.startsWith(TITLE)) return { ok: false, fault: 'there is no scratch marker' };
  const version = text.slice(TITLE.length, text.indexOf('\n')).slice(0, 20);
  if (version !== VERSION) return { ok: false, fault: 'its scratch marker is of another version' };
  const found =
    /^.*\n.*\nid: ([0-9a-f-]{36})\nsize: ([1-9]\d{0,15})\nmade: ([-\dT:.]{23}Z)\ndisk: (".*")\nsha256: [0-9a-f]{64}\n\0*$/.exec(
      text,
    );
  const [, id = '', size = '', made = '', disk = ''] = found ?? [];
  if (found === null) return { ok: false, fault: 'its scratch marker is damaged: a line is not as it was written' };
  const serial = textOf(disk);
  if (serial === null)
    return { ok: false, fault: 'its scratch marker is damaged: the serial is not as it was written' };
  const marker = { id, size: Number(size), made, disk: serial };
  if (!formatHeader(marker).equals(bytes)) {
    return { ok: false, fault: 'its scratch marker is damaged: the SHA-256 in it is not that of its text' };
  }
  return { ok: true, marker };
}

/** The bytes that a range of a marked disk holds; null where the marker says nothing of it. */
export function markedBytes(marker: Marker, range: Range): Buffer | null {
  const { firstHeader, lastHeader, pattern } = layoutOf(marker.size);
  const known = [firstHeader, ...pattern, lastHeader];
  const parts: Buffer[] = [];
  let at = range.start;
  while (at < range.end) {
    const area = known.find(({ start, end }) => start <= at && at < end);
    if (area === undefined) return null;
    const end = Math.min(area.end, range.end);
    parts.push(
      area === firstHeader || area === lastHeader
        ? formatHeader(marker).subarray(at - area.start, end - area.start)
        : patternBytes(marker.id, { start: at, end }),
    );
    at = end;
  }
  return Buffer.concat(parts);
}

/** Every sector differs from every other one and from those of any other marker: what is moved or mixed up shows. */
function patternBytes(id: string, range: Range): Buffer {
  const first = Math.floor(range.start / SECTOR);
  const sectors: Buffer[] = [];
  for (let sector = first; sector * SECTOR < range.end; sector += 1) {
    const seed = createHash('sha512').update(`${id} ${sector}`).digest();
    sectors.push(Buffer.concat(Array.from({ length: SECTOR / seed.length }, () => seed)));
  }
  const skip = range.start - first * SECTOR;
  return Buffer.concat(sectors).subarray(skip, skip + lengthOf(range));
}

/** JSON text, in ASCII alone. */
function asciiText(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function textOf(json: string): string | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}
