import type { Device } from '../model/device.ts';
import { ExhibitError } from '../model/errors.ts';
import type { WriteCounters } from '../model/guard-facts.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import { countedWrites, countersThere } from './counters.ts';
import { guardedNodes } from './observe.ts';

/** Often enough to stop a job while little more is written, and no load on anything. Milliseconds. */
const EVERY_MS = 1000;

/**
 * Watches the source's write protection while it is read: flags, write counters, capacity, all from sysfs.
 * `signal` aborts at the first sign; its reason is the error to throw (fault `source`).
 */
export class ProtectionWatch {
  readonly #ports: Ports;
  readonly #device: Device;
  readonly #before: readonly WriteCounters[] | null;
  readonly #abort = new AbortController();
  readonly #ended = new AbortController();
  readonly #running: Promise<void>;
  #sign: ExhibitError | null = null;

  constructor(ports: Ports, device: Device, before: readonly WriteCounters[] | null) {
    this.#ports = ports;
    this.#device = device;
    this.#before = before;
    this.#running = this.#run();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Ends the watching with one more look. Gives what was seen, then or before; null: nothing. */
  async stop(): Promise<ExhibitError | null> {
    this.#ended.abort();
    await this.#running;
    return this.#sign;
  }

  async #run(): Promise<void> {
    while (!this.#ended.signal.aborted && !this.#abort.signal.aborted) {
      await this.#ports.clock.sleep(EVERY_MS, this.#ended.signal);
      this.#sign = await this.#look();
      if (this.#sign !== null) this.#abort.abort(this.#sign);
    }
  }

  async #look(): Promise<ExhibitError | null> {
    for (const { path, name, readOnly } of guardedNodes(this.#device)) {
      const folder = `${this.#ports.root}/sys/class/block/${name.replaceAll('/', '!')}`;
      // A device that is gone is the reader's to tell: it knows at which byte.
      const flag = await this.#ports.files.readText(`${folder}/ro`).catch(() => null);
      if (readOnly.known && readOnly.value && flag?.trim() === '0') {
        return lost('guard.flag-flipped', `the kernel's read-only flag of ${visible(path)} was cleared`);
      }
      const size = await this.#ports.files.readText(`${folder}/size`).catch(() => null);
      if (name === this.#device.name && size !== null && Number(size) * 512 !== this.#device.size) {
        return lost(
          'guard.capacity-changed',
          `${visible(path)} had ${this.#device.size} bytes and has ${Number(size) * 512} now`,
        );
      }
    }
    if (this.#before === null) return null;
    const written = countedWrites(this.#before, await countersThere(this.#ports, this.#device));
    return written === null
      ? null
      : lost('guard.write-counted', `this host sent writes to the source: ${visible(written)}`);
  }
}

function lost(code: string, what: string): ExhibitError {
  return new ExhibitError('source', code, `The source was not left alone while it was read: ${what}.`, {
    hint: 'Find out who did it (mounts, agents of the desktop, other jobs). What was read stays as .partial; then go on (exhibit resume DIR), or close it as it is (exhibit seal DIR --incomplete REASON).',
  });
}
