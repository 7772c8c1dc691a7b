import { fileURLToPath } from 'node:url';
import { bug, ExhibitError } from '../model/errors.ts';
import { lengthOf, type Range } from '../model/range.ts';
import type { Ports } from '../system/ports.ts';
import type { StreamedCommand } from '../system/run-command.ts';
import { fileOf, type HeldSource } from './held-source.ts';
import { ENDED, FAILED, HEAD_BYTES, PROBE_LIMIT, READY, REQUEST_BYTES } from './probe-protocol.ts';
import { endedEarly } from './source-faults.ts';
import { Watchdog } from './watchdog.ts';

export interface ProbeOrder {
  readonly ports: Pick<Ports, 'commands' | 'host' | 'clock'>;
  readonly source: HeldSource;
  /** Milliseconds after which a single read is left behind; null: never. */
  readonly readTimeoutMs: number | null;
  readonly stop: AbortSignal;
}

/** A read that gave nothing. */
export interface FailedRead {
  /** The kernel's word for it; `ETIMEDOUT`: it was left behind. */
  readonly errno: string;
  /** What it took. */
  readonly ms: number;
}

/** The bytes before the first read that failed, and its failure; null: all bytes came. */
export interface ProbeAnswer {
  readonly bytes: Uint8Array;
  readonly failure: FailedRead | null;
  /** Milliseconds that the reads took that gave bytes. */
  readonly goodMs: number;
}

/** What takes places apart needs of a probe; tests bring made-up disks. */
export type RangeReader = Pick<Probe, 'read'>;

export interface ClosableRangeReader extends RangeReader {
  close(): void;
}

/** What reads ranges of this source, wherever it is. */
export function openProbe(order: ProbeOrder): ClosableRangeReader {
  return order.source.elsewhere?.ranges(order) ?? new Probe(order);
}

/** Reads ranges in a child program that is left behind when a read hangs. Started at the first use, and after that. */
export class Probe {
  readonly #order: ProbeOrder;
  readonly #watchdog: Watchdog;
  #child: StreamedCommand | null = null;
  #stream: AsyncIterator<Buffer> | null = null;
  #left: Uint8Array = new Uint8Array(0);
  readonly #stopped = (): void => {
    this.#abandon();
  };

  constructor(order: ProbeOrder) {
    this.#order = order;
    this.#watchdog = new Watchdog(order.ports.clock, order.readTimeoutMs, () => {
      this.#abandon();
    });
    order.stop.addEventListener('abort', this.#stopped);
  }

  /**
   * Reads a range of at most 4 MiB in order, in single reads that are cut at multiples of `unit` bytes, up to the first
   * that fails. Rejects when the child dies, the job is stopped, or the source ends in it (`source.ended-early`).
   */
  async read(range: Range, unit = lengthOf(range)): Promise<ProbeAnswer> {
    if (lengthOf(range) > PROBE_LIMIT) throw bug(`a probe of ${lengthOf(range)} bytes`);
    const child = await this.#start();
    const request = Buffer.alloc(REQUEST_BYTES);
    request.writeDoubleLE(range.start, 0);
    request.writeDoubleLE(lengthOf(range), 8);
    // Cut at multiples of the unit; a single read is not cut.
    request.writeDoubleLE(unit >= lengthOf(range) ? Number.MAX_SAFE_INTEGER : unit, 16);
    const bytes = Buffer.allocUnsafe(lengthOf(range));
    let done = 0;
    let goodMs = 0;
    const stoppedAt = (failure: FailedRead): ProbeAnswer => ({ bytes: bytes.subarray(0, done), failure, goodMs });
    this.#watchdog.forget();
    this.#watchdog.begin();
    try {
      child.stdin?.write(request);
      while (done < bytes.length) {
        const { kind, length, ms } = await this.#head();
        if (kind === ENDED) throw endedEarly(this.#order.source, range.start + done);
        if (kind === FAILED) return stoppedAt(await this.#failure(length, ms));
        if (done + length > bytes.length) throw bug('a probe gave more than it was asked for');
        await this.#fill(bytes.subarray(done, done + length));
        done += length;
        goodMs += ms;
        this.#watchdog.begin();
      }
      return { bytes, failure: null, goodMs };
    } catch (error) {
      if (!this.#watchdog.hasBitten) throw error;
      return stoppedAt({ errno: 'ETIMEDOUT', ms: this.#order.readTimeoutMs ?? 0 });
    } finally {
      this.#watchdog.end();
    }
  }

  close(): void {
    this.#order.stop.removeEventListener('abort', this.#stopped);
    this.#watchdog.close();
    this.#abandon();
  }

  async #start(): Promise<StreamedCommand> {
    if (this.#child !== null) return this.#child;
    const program = fileURLToPath(new URL('./probe-child.js', import.meta.url));
    const { commands, host } = this.#order.ports;
    const child = commands.stream(
      [host.nodePath, program, this.#order.source.kind === 'block' ? 'direct' : 'buffered'],
      {
        pipeStdin: true,
        inheritFds: [fileOf(this.#order.source).fd],
      },
    );
    // A dead child shows as the end of its output; the pipe's own error adds nothing.
    child.stdin?.on('error', () => undefined);
    this.#child = child;
    this.#left = new Uint8Array(0);
    this.#stream = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    if (this.#order.stop.aborted) this.#abandon();
    // Its own start is no read, and takes long on a busy station.
    if ((await this.#head()).kind !== READY) throw bug('a probe spoke before it was ready');
    return child;
  }

  /** Killed, and not waited for: a child in an uninterruptible read dies when the kernel gives the read up. */
  #abandon(): void {
    this.#child?.kill();
    this.#child?.stdout.destroy();
    this.#child = null;
  }

  async #head(): Promise<{ kind: number; length: number; ms: number }> {
    const head = Buffer.alloc(HEAD_BYTES);
    await this.#fill(head);
    return { kind: head.readDoubleLE(0), length: head.readDoubleLE(8), ms: head.readDoubleLE(16) };
  }

  async #failure(length: number, ms: number): Promise<FailedRead> {
    const name = Buffer.alloc(length);
    await this.#fill(name);
    return { errno: name.toString(), ms };
  }

  /** The next bytes that the child sends, as many as `target` holds. */
  async #fill(target: Uint8Array): Promise<void> {
    for (let done = 0; done < target.length;) {
      if (this.#left.length === 0) {
        const part = await this.#stream?.next();
        if (part === undefined || part.done === true) throw this.#died();
        this.#left = part.value;
      }
      const taken = this.#left.subarray(0, target.length - done);
      target.set(taken, done);
      this.#left = this.#left.subarray(taken.length);
      done += taken.length;
    }
  }

  #died(): ExhibitError {
    return new ExhibitError('unexpected', 'reader.probe-died', 'The program that re-reads damaged places died.', {
      hint: 'What was read so far stays as .partial; start again, and look for memory shortage (dmesg).',
    });
  }
}
