import { errnoIn } from './errno.ts';

/** What the target told of one order. */
export interface Told {
  /** Bytes that dd says it gave; null: that can not be told from what it said. */
  readonly bytes: number | null;
  /** dd's exit status; null: not told. */
  readonly exit: number | null;
  /** SHA-256 of what was sent, in hex, as told by the target; null: not told. */
  readonly sha256: string | null;
  /** Bytes that were sent for them; null: not told, as of what is not packed. */
  readonly wire: number | null;
  readonly errno: string | null;
  /** What dd, or python3, complained about, for the record; untrusted. */
  readonly complaint: string;
}

/** Reads what stands between `a ID` and `z ID`: dd's own account, `exit N`, a line of sha256sum or of `openssl dgst`, one of wc. */
export function parseTold(lines: readonly string[], blockBytes: number): Told {
  const first = (pattern: RegExp): string | null =>
    lines.map((line) => pattern.exec(line)?.[1]).find((hit) => hit !== undefined) ?? null;
  const exit = first(/^exit (\d+)$/);
  const wire = first(/^ *(\d+) *$/);
  const complaint = lines.filter((line) => /^(\S*\/)?(dd|python3): /.test(line)).join('\n');
  return {
    bytes: bytesOf(lines, blockBytes),
    exit: exit === null ? null : Number(exit),
    sha256: first(/^([0-9a-f]{64}) {2}-$/) ?? first(/^(?:SHA2?-?256)?\(stdin\)= ([0-9a-f]{64})$/i),
    wire: wire === null ? null : Number(wire),
    errno: complaint === '' ? null : errnoIn(complaint),
    complaint,
  };
}

/** `8388608 bytes …` where dd says so; else whole blocks, if there were only such. */
function bytesOf(lines: readonly string[], blockBytes: number): number | null {
  for (const line of lines) {
    const bytes = /^(\d+) bytes?\b/.exec(line)?.[1];
    if (bytes !== undefined) return Number(bytes);
  }
  for (const line of lines) {
    const [, whole, part] = /^(\d+)\+(\d+) records out$/.exec(line) ?? [];
    if (whole !== undefined) return part === '0' ? Number(whole) * blockBytes : null;
  }
  return null;
}
