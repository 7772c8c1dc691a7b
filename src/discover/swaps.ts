import { unescapeOctal } from './mountinfo.ts';

/** One swap area of /proc/swaps. */
export interface SwapEntry {
  /** A block device or a file. */
  readonly path: string;
  readonly kind: 'partition' | 'file';
}

/** The first line is a heading; columns are padded with blanks and tabs, names are escaped as in mountinfo. */
export function parseSwaps(text: string): SwapEntry[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [name = '', kind] = line.trim().split(/\s+/);
      if (name === '') return [];
      return [{ path: unescapeOctal(name), kind: kind === 'file' ? ('file' as const) : ('partition' as const) }];
    });
}
