import { lengthOf, type Range } from '../model/range.ts';
import type { HashTool, WireMode } from '../model/remote.ts';
import { packedCase } from './reader-program.ts';

/** Bytes of a read at most: they are still near the processor when they are hashed and sent. */
const MOST = 1024 * 1024;

/**
 * Reads, hashes and sends in one program, without the pipes between dd, tee and a hash. An order is `ID p START BYTES UNIT`.
 * A read that fails is told, a write that fails ends it: then nobody is there any more. What is packed goes through dd.
 */
const PROGRAM = `
import os, sys, mmap, hashlib
word, direct, packed = sys.argv[1:4]
disk_held = 9
def say(*lines):
    os.write(2, "".join("%s\\n" % line for line in lines).encode())
def tell(text):
    return "%s %s" % (word, text)
def boot():
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return ""
def give(start, left, unit):
    digest, given, end = hashlib.sha256(), 0, ["exit 0"]
    while left > 0:
        try:
            got = os.preadv(disk, [memory[:min(left, unit, len(memory))]], start)
        except OSError as error:
            end = ["python3: error reading: %s" % os.strerror(error.errno), "exit 1"]
            break
        if got == 0:
            break
        part, sent = memory[:got], 0
        digest.update(part)
        while sent < got:
            sent += os.write(1, part[sent:])
        start, left, given = start + got, left - got, given + got
    return ["%d bytes" % given] + end + [digest.hexdigest() + "  -"]
def pack(mode, operands):
    import subprocess
    argv = ["sh", "-c", packed, "sh", mode, operands]
    ran = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, pass_fds=(3, disk_held))
    return ran.stdout.decode("latin1").rstrip("\\n").split("\\n")
os.dup2(1, 3)
number = os.fstat(disk_held).st_rdev
os.write(1, ("\\n%s ready\\n" % word).encode())
say(tell("boot " + boot()), tell("node %x:%x" % (os.major(number), os.minor(number))))
say(tell("size %d" % os.lseek(disk_held, 0, 2)), tell("hello"))
disk = os.open("/proc/self/fd/%d" % disk_held, os.O_RDONLY | (os.O_DIRECT if direct == "direct" else 0))
memory = memoryview(mmap.mmap(-1, ${MOST}))
broken = False
for line in sys.stdin:
    words = line.split()
    if words == ["g"]:
        broken = False
        continue
    order, mode = words[:2]
    if broken:
        say(tell("s " + order))
        continue
    say(tell("a " + order))
    told = give(*map(int, words[2:])) if mode == "p" else pack(mode, " ".join(words[2:]))
    broken = "exit 0" not in told
    os.write(1, ("\\n%s end %s\\n" % (word, order)).encode())
    say(*told)
    say(tell("z " + order))
`;

/**
 * The loop that stays on the target where python3 is: a shell script whose arguments are a word of ours and the disk. It
 * speaks as the loop of {@link readerProgram} does.
 */
export function pythonLoop(hash: HashTool, modes: readonly WireMode[], direct: boolean): [script: string, ...string[]] {
  // One line: no csh takes a line break between quotes.
  const program = `exec(${JSON.stringify(PROGRAM)})`;
  const packed = `m=$1 o=$2; ${packedCase(hash, modes, ':')} printf "%s\\n" "$r"`;
  return ['exec 9<"$2"; exec python3 -I -S -B -c "$3" "$1" "$4" "$5"', program, direct ? 'direct' : 'cached', packed];
}

/** A range in reads of at most `unit` bytes, as {@link pythonLoop} takes it. Range and unit are multiples of the logical sector. */
export function pythonOperands(range: Range, unit: number): { words: string; blockBytes: number } {
  return { words: `${range.start} ${lengthOf(range)} ${unit}`, blockBytes: unit };
}

/** What it takes, tried: the hash of `abc`, reads at an offset, and past the page cache. */
export const TRY_PYTHON =
  'python3 -I -S -B -c "import os, mmap, hashlib; os.preadv; os.O_DIRECT; print(hashlib.sha256(b\\"abc\\").hexdigest())" 2>/dev/null';
/** SHA-256 of `abc` (FIPS 180-2, B.1). */
export const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
export const PYTHON_GIVEN = `${ABC}\n`;
