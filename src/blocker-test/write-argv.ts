import { lengthOf, type Range } from '../model/range.ts';

/**
 * The command line that writes one range of a device, from standard input, in one write call and an fsync. `direct`:
 * past the page cache. It makes no file (nocreat) and cuts none (notrunc). GNU dd, so that whoever reads a report can
 * repeat what was done.
 */
export function writeArgv(path: string, range: Range, how: 'direct' | 'buffered'): string[] {
  return [
    'dd',
    `of=${path}`,
    `bs=${lengthOf(range)}`,
    'count=1',
    'iflag=fullblock',
    `seek=${range.start}`,
    `oflag=${how === 'direct' ? 'direct,' : ''}seek_bytes`,
    'conv=notrunc,nocreat,fsync',
    'status=none',
  ];
}
