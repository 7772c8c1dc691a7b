/** What can be asked of a path. None of it writes; only `open` touches a device, which it opens for reading. */
export type Question = 'read' | 'list' | 'link' | 'real' | 'stat' | 'lstat' | 'open';

/** The letters that stand for the questions on their way. */
export const LETTER_OF: Readonly<Record<Question, string>> = {
  read: 'r',
  list: 'd',
  link: 'l',
  real: 'f',
  stat: 's',
  lstat: 't',
  open: 'o',
};

const STAT = '%f:%d:%i:%t:%T:%s:%Y';
/** What answers each in the shell: output goes to 3, complaints are kept. */
const ANSWERS: Readonly<Record<Question, string>> = {
  read: 'exec cat -- "$p" >&3',
  list: 'exec ls -A -1 -- "$p/." >&3',
  link: 'if [ -e "$p" ] || [ -L "$p" ]; then readlink -- "$p" >&3; else stat -- "$p"; fi',
  real: 'if [ -e "$p" ]; then readlink -f -- "$p" >&3; else stat -L -- "$p"; fi',
  stat: `exec stat -L -c ${STAT} -- "$p" >&3`,
  lstat: `exec stat -c ${STAT} -- "$p" >&3`,
  open: ': <"$p"',
};
const CASES = Object.entries(ANSWERS).map(([question, command]) => `${LETTER_OF[question as Question]}) ${command};;`);

/**
 * Reads how many questions come together, then for each a letter and a path, a line each; answers each with bytes, then
 * its word, the status, the complaint, its word. Answers are written in one piece where they fit: of two small ones a
 * server holds the second back for 40 ms (Nagle).
 */
const SHELL_PROGRAM = [
  'w=cat; if command -v dd >/dev/null; then w="dd obs=65536"; fi; exec 4<&0;',
  'printf "%s\\n" "$1";',
  'while IFS= read -r n; do { while [ "$n" -gt 0 ] && IFS= read -r o <&4 && IFS= read -r p <&4; do',
  `e=$( { case $o in ${CASES.join(' ')} esac; } 2>&1 ); x=$?;`,
  'printf "\\n%s %s %s %s\\n" "$1" "$x" "$e" "$1"; n=$((n - 1)); done; } 3>&1 </dev/null | $w 2>/dev/null; done',
].join(' ');

/** Bytes of a file that are given at most: an endless one must not fill the target's memory. */
const MOST = 16 * 1024 * 1024;

/** The same, in one process (of a large read /proc/sys says that there is no memory for it): the shell starts two for every answer, which cost 3 ms [measured] of the target's time. */
const PYTHON_PROGRAM = `
import errno, os, sys
word, asked, out = sys.argv[1].encode(), sys.stdin.buffer, sys.stdout.buffer
def read(path):
    with open(path, "rb", 0) as file:
        parts, left = [], ${MOST}
        while left > 0:
            part = file.read(65536)
            if not part:
                return b"".join(parts)
            parts.append(part)
            left -= len(part)
    raise OSError(errno.EFBIG, "too long")
def real(path):
    os.stat(path)
    return os.path.realpath(path)
def told(of):
    node = (os.major(of.st_rdev), os.minor(of.st_rdev), of.st_size, of.st_mtime_ns // 10**9)
    return ("%x:%d:%d:%x:%x:%d:%d" % ((of.st_mode, of.st_dev, of.st_ino) + node)).encode()
def opened(path):
    os.close(os.open(path, os.O_RDONLY))
    return b""
answers = {
    "r": read,
    "d": lambda path: b"\\n".join(sorted(os.listdir(path))),
    "l": os.readlink,
    "f": real,
    "s": lambda path: told(os.stat(path)),
    "t": lambda path: told(os.lstat(path)),
    "o": opened,
}
def line():
    return asked.readline().rstrip(b"\\n")
out.write(word + b"\\n")
out.flush()
for number in iter(line, b""):
    waiting = []
    for each in range(int(number)):
        letter, path = line().decode(), line()
        try:
            given, status, why = answers[letter](path), b"0", ""
        except OSError as error:
            given, status, why = b"", b"1", os.strerror(error.errno)
        waiting += [given, b"\\n", b" ".join([word, status, why.encode(), word]), b"\\n"]
        if sum(map(len, waiting[-4:])) > 65536:
            out.write(b"".join(waiting))
            waiting = []
    out.write(b"".join(waiting))
    out.flush()
`;

/** The program that answers questions about files, and says `word` before it begins and around the end of each answer. */
export function fileProgram(program: 'sh' | 'python3', word: string): [script: string, ...args: string[]] {
  if (program === 'sh') return [SHELL_PROGRAM, word];
  // One line: no csh takes a line break between quotes.
  return ['exec python3 -I -S -B -c "$2" "$1"', word, `exec(${JSON.stringify(PYTHON_PROGRAM)})`];
}
