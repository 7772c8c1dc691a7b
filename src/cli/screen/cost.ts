import type { FailedReads } from '../../model/checkpoint.ts';
import { groupDigits } from '../../model/size.ts';

/** `12 failed reads, 6.1 s of the drive's own retries`; empty when none failed. */
export function costText({ count, ms }: FailedReads): string {
  if (count === 0) return '';
  const reads = count === 1 ? '1 failed read' : `${groupDigits(count)} failed reads`;
  return `${reads}, ${(ms / 1000).toFixed(1)} s of the drive's own retries`;
}
