import type { Socket } from 'node:net';

const LOOK_MS = 250;
/** What waits in the kernel while this process was busy is no silence: it is given the time to be read. */
const GRACE_MS = 250;

/**
 * Calls once when nothing has come for so long. Any byte is a sign of life: on a full slow link the answer to a question
 * may wait for minutes behind what was sent before.
 */
export function watchSilence(socket: Socket, limitMs: number, end: AbortSignal, silent: (ms: number) => void): void {
  const now = (): number => Number(process.hrtime.bigint() / 1_000_000n);
  let bytes = socket.bytesRead;
  let since = now();
  let lastLook = now();
  const timer = setInterval(() => {
    const time = now();
    // This process, or the whole machine, stood still.
    if (time - lastLook > LOOK_MS + GRACE_MS) since += time - lastLook - LOOK_MS;
    lastLook = time;
    if (socket.bytesRead !== bytes) {
      bytes = socket.bytesRead;
      since = time;
    }
    if (time - since < limitMs) return;
    clearInterval(timer);
    silent(time - since);
  }, LOOK_MS);
  end.addEventListener(
    'abort',
    () => {
      clearInterval(timer);
    },
    { once: true },
  );
}
