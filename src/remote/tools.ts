import type { RemoteTool, ToolKind } from '../model/remote.ts';

/** Tools that matter over there, and how each is asked what it is. */
export const TOOLS: Readonly<Record<string, string>> = {
  dd: '--version',
  blockdev: '--version',
  lsblk: '--version',
  sha256sum: '--version',
  openssl: 'version',
  python3: '--version',
  tee: '--version',
  stat: '--version',
  readlink: '--version',
  zstd: '--version',
  gzip: '--version',
  wc: '--version',
  nc: '-h',
  nice: '--version',
  ionice: '--version',
};

/** One line a tool: where it is, and where a link to it leads; an empty line: there is none. */
export const FIND = 'for t in "$@"; do p=$(command -v "$t") && echo "$p $(readlink -f "$p")" || echo; done';

/** Asks each tool what it is, given as pairs of a path and an option: what it says on both outputs, and a line between two. */
export const ASK = 'while [ $# -gt 1 ]; do "$1" "$2" </dev/null 2>&1; echo; echo "exhibit-next $?"; shift 2; done';

/** What each of so many tools said to {@link ASK}. */
export function parseSaid(count: number, text: string): string[] {
  const said = text.split(/^exhibit-next \d+$/m);
  return Array.from({ length: count }, (_, index) => said[index] ?? '');
}

/** @param text what {@link FIND} printed for `names` */
export function parseFound(names: readonly string[], text: string): Map<string, { path: string; real: string }> {
  const lines = text.split('\n');
  return new Map(
    names.flatMap((name, index) => {
      // A builtin of the shell is its bare name; then there is no telling what it is.
      const [path = '', ...real] = (lines[index] ?? '').split(' ');
      return path === '' ? [] : [[name, { path, real: real.join(' ') }]];
    }),
  );
}

/**
 * Whose build a tool is, by what it says of itself. GNU: `dd (coreutils) 9.1`; uutils: `dd (uutils coreutils) 0.0.30`;
 * BusyBox prints its usage, with its name; BSD's complain about the option.
 * @param said standard output and error
 */
export function toolOf({ path, real }: { path: string; real: string }, said: string): RemoteTool {
  const lines = said.split('\n').map((line) => line.trim());
  const line = lines.find((each) => /\d+\.\d+|LibreSSL|OpenSSL/.test(each)) ?? null;
  return { path, kind: kindOf(real, said), version: line === null ? null : line.toWellFormed() };
}

function kindOf(real: string, said: string): ToolKind {
  const program = real.slice(real.lastIndexOf('/') + 1);
  if (/^busybox/.test(program) || /^BusyBox v/m.test(said)) return 'busybox';
  if (/^toybox/.test(program) || /\btoybox \d/i.test(said)) return 'toybox';
  if (/uutils/i.test(said) || /^uu[_-]|^coreutils-rs/.test(program)) return 'uutils';
  if (/^(OpenSSL|LibreSSL) /m.test(said)) return 'openssl';
  if (/\((GNU )?coreutils\)/.test(said) || /^\S+ \(GNU /m.test(said)) return 'gnu';
  if (/(illegal option|unknown operand|invalid option|unrecognized option)/i.test(said) && !/Try '/.test(said))
    return 'bsd';
  return 'other';
}
