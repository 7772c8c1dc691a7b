import type { ShellLine } from '../model/remote.ts';
import { shellLine } from '../remote/quote.ts';

/** Bytes of a read: they are still near the processor when they are hashed and sent. */
const PART = 1024 * 1024;

/**
 * Sends a disk from a byte on, and tells in a second connection how its reading ended, the hash and the count of what was
 * sent: what dd, tee, a hash, wc and nc do together, without the pipes between them. It reads past the page cache where that
 * can be: what lies in a live box's memory is evidence, too. What could not be sent to its end is not told of: how much of
 * it arrived nobody there knows.
 */
const PROGRAM = `
import errno, hashlib, mmap, os, socket, sys
host, port, token, start, path = sys.argv[1:6]
place, at, status, digest = (host, int(port)), int(start), 0, hashlib.sha256()
memory, direct = memoryview(mmap.mmap(-1, ${PART})), os.O_DIRECT
try:
    disk = os.open(path, os.O_RDONLY | direct)
except OSError:
    disk, direct = os.open(path, os.O_RDONLY), 0
def connect(words):
    way = socket.create_connection(place)
    way.sendall(("exhibit %s %s%c" % (token, words, 10)).encode())
    return way
try:
    way = connect("%d told" % at)
    while True:
        try:
            got = os.preadv(disk, [memory], at)
        except OSError as error:
            if direct and error.errno == errno.EINVAL:
                disk, direct = os.open(path, os.O_RDONLY), 0
                continue
            print("%s: byte %d: %s" % (path, at, os.strerror(error.errno)), file=sys.stderr)
            status = 1
            break
        if got == 0:
            break
        digest.update(memory[:got])
        way.sendall(memory[:got])
        at += got
    way.shutdown(socket.SHUT_WR)
    connect("end %d %s %d" % (status, digest.hexdigest(), at - int(start))).close()
    while way.recv(4096):
        pass
except OSError as error:
    sys.exit("%s port %s: %s (what it says there tells more)" % (host, port, error))
sys.exit(status)
`;

/** The command, to be typed as it is in any login shell. */
export function pythonSender(host: string, port: number, token: string, offset: number, disk: string): ShellLine {
  return shellLine(['python3', '-I', '-S', '-c', inOneLine(PROGRAM), host, String(port), token, String(offset), disk]);
}

/** No csh takes a line break between quotes, and a person is to read it: neither a backslash nor a single quote is in it. */
function inOneLine(program: string): string {
  return `exec("""${program.trim().replaceAll('\n', '~')}""".replace("~", chr(10)))`;
}
