import { fileURLToPath } from 'node:url';
import { bug, ExhibitError } from '../model/errors.ts';
import { lengthOf, type Range } from '../model/range.ts';
import type { StreamedCommand } from '../system/run-command.ts';
import { HEADER_BYTES, PROBE_LIMIT } from './probe-protocol.ts';
import type { ReadOrder } from './reader.ts';

/** What a single read gave: all of its bytes, or the errno that the kernel answered with. */
export type ProbeAnswer =
  { readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly errno: string };

/** Reads single small ranges in a child program that can be left behind when a read hangs. Started at the first use. */
export class Probe {
  readonly #order: ReadOrder;
  #child: StreamedCommand | null = null;
  #stream: AsyncIterator<Buffer> | null = null;
  #left = Buffer.alloc(0);

  constructor(order: ReadOrder) {
    this.#order = order;
  }

  /** Reads a range of at most 64 KiB, all or nothing. Rejects when the child dies or the job is stopped. */
  async read(range: Range): Promise<ProbeAnswer> {
    const length = lengthOf(range);
    if (length > PROBE_LIMIT) throw bug(`a probe of ${length} bytes`);
    const child = this.#start();
    const request = Buffer.alloc(HEADER_BYTES);
    request.writeDoubleLE(range.start, 0);
    request.writeDoubleLE(length, 8);
    child.stdin?.write(request);
    const header = await this.#take(HEADER_BYTES);
    const status = header.readDoubleLE(0);
    const payload = await this.#take(header.readDoubleLE(8));
    if (status !== 0) return { ok: false, errno: payload.toString() };
    if (payload.length !== length) return { ok: false, errno: 'short read' };
    return { ok: true, bytes: payload };
  }

  close(): void {
    this.#child?.kill();
    this.#child = null;
  }

  #start(): StreamedCommand {
    if (this.#child !== null) return this.#child;
    const program = fileURLToPath(new URL('./probe-child.js', import.meta.url));
    const { commands, host } = this.#order.ports;
    const child = commands.stream(
      [host.nodePath, program, this.#order.source.kind === 'block' ? 'direct' : 'buffered'],
      {
        pipeStdin: true,
        inheritFds: [this.#order.source.file.fd],
      },
    );
    // A dead child shows as the end of its output; the pipe's own error adds nothing.
    child.stdin?.on('error', () => undefined);
    this.#order.stop.addEventListener('abort', () => {
      child.kill();
      child.stdout.destroy();
    });
    this.#child = child;
    this.#stream = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    return child;
  }

  async #take(length: number): Promise<Buffer> {
    while (this.#left.length < length) {
      const part = await this.#stream?.next();
      if (part === undefined || part.done === true) throw this.#died();
      this.#left = Buffer.concat([this.#left, part.value]);
    }
    const taken = this.#left.subarray(0, length);
    this.#left = this.#left.subarray(length);
    return taken;
  }

  #died(): ExhibitError {
    return new ExhibitError('unexpected', 'reader.probe-died', 'The program that re-reads damaged places died.', {
      hint: 'What was read so far stays as .partial; start again, and look for memory shortage (dmesg).',
    });
  }
}
