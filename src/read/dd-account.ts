import { groupDigits } from '../model/size.ts';

/** Whole and partial blocks that dd counted. */
interface Records {
  readonly whole: number;
  readonly partial: number;
}

/**
 * Holds dd's own account, the last "N+M records in" and "out" on its standard error (GNU coreutils, dd.c, LC_ALL=C),
 * against the bytes that came from it. Null: it fits, or dd gave none. Else what does not fit, as a sentence. Blocks that
 * dd read and did not pass on, or made up (`conv=sync` in a wrapper), and output that was cut on the way show here.
 * @param blockBytes dd's `bs`
 */
export function accountFault(stderr: string, blockBytes: number, delivered: number): string | null {
  for (const [way, verb] of [
    ['in', 'read'],
    ['out', 'wrote'],
  ] as const) {
    const records = lastRecords(stderr, way);
    if (records === null || fits(records, blockBytes, delivered)) continue;
    const told = `${records.whole}+${records.partial} blocks of ${groupDigits(blockBytes)} bytes`;
    return `dd says that it ${verb} ${told}; ${groupDigits(delivered)} bytes came from it.`;
  }
  return null;
}

function lastRecords(stderr: string, way: 'in' | 'out'): Records | null {
  const found = [...stderr.matchAll(new RegExp(`^(\\d+)\\+(\\d+) records ${way}$`, 'gm'))].at(-1);
  return found === undefined ? null : { whole: Number(found[1]), partial: Number(found[2]) };
}

/** A partial block holds at least one byte, and fewer than a whole one. */
function fits({ whole, partial }: Records, blockBytes: number, delivered: number): boolean {
  const least = whole * blockBytes + partial;
  return delivered >= least && delivered <= least + partial * (blockBytes - 2);
}
