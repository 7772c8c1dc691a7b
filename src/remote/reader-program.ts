import type { Range } from '../model/range.ts';
import { lengthOf } from '../model/range.ts';
import type { HashTool, RemoteWays, WireMode } from '../model/remote.ts';

const HASHES: Readonly<Record<'sha256sum' | 'openssl', string>> = {
  sha256sum: 'sha256sum',
  openssl: 'openssl dgst -sha256',
};

const READ = 'dd if=/dev/fd/9 $o';
/** The pipe ends with the braces, not with dd: what others say comes behind what it says. */
const DD = `{ ${READ} 2>&4; echo "exit $?" >&4; }`;

/**
 * The loop that stays on the target: arguments are a word of ours and the disk. It holds the disk open as 9, takes a line
 * an order (`ID LETTER OPERANDS`), and gives the disk's bytes on standard output, after one line at the start, with a line
 * behind those of each order; packed, where the letter says so. On standard error, each with the word: who it is; then for each order `a ID`,
 * what dd said, `exit N`, the hash of the disk's bytes that were sent, of packed ones their number, `z ID`. After a
 * failure every order is answered `s ID`, not read, until `g`.
 */
export function readerProgram(hash: HashTool, modes: readonly WireMode[] = ['none']): string {
  const plain =
    hash === null
      ? `r=$( { ${READ} >&3; echo "exit $?"; } 2>&1 )`
      : // What goes to 3 is the channel's; what is left of the pipe is what was sent, hashed.
        `r=$( { ${DD} | tee /dev/fd/3 | ${HASHES[hash]}; } 4>&1 )`;
  return [
    'exec 9<"$2" 3>&1;',
    'printf "\\n%s ready\\n" "$1";',
    'printf "%s boot %s\\n" "$1" "$(cat /proc/sys/kernel/random/boot_id)" >&2;',
    'printf "%s node %s\\n" "$1" "$(stat -L -c %t:%T /dev/fd/9)" >&2;',
    'printf "%s size %s\\n" "$1" "$(blockdev --getsize64 /dev/fd/9 || stat -L -c %s /dev/fd/9)" >&2;',
    'printf "%s hello\\n" "$1" >&2;',
    'b=0; while IFS= read -r o; do case $o in g) b=0;; *) i=${o%% *}; o=${o#* }; m=${o%% *}; o=${o#* };',
    'if [ $b = 1 ]; then printf "%s s %s\\n" "$1" "$i" >&2; else',
    'printf "%s a %s\\n" "$1" "$i" >&2;',
    packedCase(hash, modes, plain),
    'case $r in *"exit 0"*) ;; *) b=1;; esac;',
    'printf "\\n%s end %s\\n" "$1" "$i" >&3;',
    'printf "%s\\n%s z %s\\n" "$r" "$1" "$i" >&2; fi;;',
    'esac; done',
  ].join(' ');
}

/** Runs one order of the kind `$m` with dd's operands `$o`, and leaves in `$r` what was told; `plain` is what is not packed. */
export function packedCase(hash: HashTool, modes: readonly WireMode[], plain: string): string {
  // 5 leads to what packs.
  const hashed = hash === null ? '' : ` { tee /dev/fd/5 | ${HASHES[hash]} >&4; } 5>&1 |`;
  const packed = (by: string): string => `r=$( { ${DD} |${hashed} ${by} | tee /dev/fd/3 | wc -c; } 4>&1 )`;
  return [
    'case $m in',
    ...(modes.includes('zstd') ? [`z) ${packed('zstd -1 -q -c')};;`] : []),
    ...(modes.includes('gzip') ? [`g) ${packed('gzip -1 -c')};;`] : []),
    `*) ${plain};;`,
    'esac;',
  ].join(' ');
}

/** The letter of an order. */
export const LETTERS: Readonly<Record<WireMode, string>> = { none: 'p', zstd: 'z', gzip: 'g' };

/** How dd over there is spoken to. */
export type DdWays = Pick<RemoteWays, 'byBytes' | 'direct'>;

/** dd's operands for a range in reads of at most `unit` bytes. Range and unit are multiples of the logical sector. */
export function ddOperands(
  range: Range,
  unit: number,
  { byBytes, direct }: DdWays,
): { words: string; blockBytes: number } {
  const length = lengthOf(range);
  if (byBytes) {
    const blockBytes = Math.min(unit, length);
    const flags = ['skip_bytes', 'count_bytes', 'fullblock', ...(direct ? ['direct'] : [])].join(',');
    return { words: `bs=${blockBytes} skip=${range.start} count=${length} iflag=${flags}`, blockBytes };
  }
  const blockBytes = largestFitting(range.start, length, Math.min(unit, length));
  const flags = direct ? ' iflag=direct' : '';
  return {
    words: `bs=${blockBytes} skip=${range.start / blockBytes} count=${length / blockBytes}${flags}`,
    blockBytes,
  };
}

/** Without ranges by bytes a block has to divide where a range begins and how long it is. */
function largestFitting(start: number, length: number, most: number): number {
  let size = 1;
  while (size * 2 <= most && start % (size * 2) === 0 && length % (size * 2) === 0) size *= 2;
  return size;
}
