import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { BenchRecord, ScenarioRecord } from '../record.ts';
import { PC_DISKS, pcDiskArgv } from './disks.ts';
import { benchInitramfs, type BenchOrder } from './initramfs.ts';
import type { BenchKernel } from './kernel.ts';
import { Qemu } from './qemu.ts';

const RECORDS = 'records.jsonl';
const MIB = 1_048_576;

/**
 * A real kernel on an emulated PC with real USB, SATA and NVMe disks. It sees the station's files read-only, and
 * leaves records: one JSON object a line, on a port of its own that no kernel message reaches.
 */
export class Machine {
  readonly #folder: string;
  readonly #qemu: Qemu;
  readonly #deadline: number;
  #told = false;

  /**
   * @param folder an empty one, for everything that the machine keeps on the station
   * @param limitMs of the whole: then the machine is switched off, whatever it does
   */
  constructor(folder: string, kernel: BenchKernel, order: BenchOrder, limitMs: number) {
    this.#folder = folder;
    writeFileSync(join(folder, RECORDS), '');
    for (const name of Object.keys(PC_DISKS)) sparseFile(join(folder, `${name}.img`), 16 * MIB);
    this.#qemu = new Qemu(folder, kernel, benchInitramfs(kernel, order), ARGV);
    this.#deadline = performance.now() + limitMs;
  }

  get pid(): number {
    return this.#qemu.pid;
  }

  get over(): boolean {
    return this.#qemu.over;
  }

  /** All records that are complete so far. */
  records(): BenchRecord[] {
    const text = readFileSync(join(this.#folder, RECORDS), 'utf8');
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as BenchRecord);
  }

  /** Waits for what a scenario has left. Throws, with the end of the console, when it will not come any more. */
  async scenario(name: string): Promise<ScenarioRecord> {
    for (;;) {
      const over = this.over;
      const found = this.records().find((record) => record.type === 'scenario' && record.name === name);
      if (found?.type === 'scenario') return found;
      const late = performance.now() > this.#deadline;
      if (late) await this.off();
      if (over || late)
        throw new Error(`the machine ${late ? 'took too long' : 'ended'} before this\n${this.#lastWords()}`);
      await pause(100);
    }
  }

  /** Waits until the machine has switched itself off. */
  async ended(): Promise<void> {
    while (!this.over && performance.now() < this.#deadline) await pause(50);
    await this.off();
  }

  /** Pulls the plug. */
  off(): Promise<void> {
    return this.#qemu.off();
  }

  /** The end of what the kernel, init and QEMU said; once, however many scenarios were to come. */
  #lastWords(): string {
    if (this.#told) return 'its last words stand with the scenario before';
    this.#told = true;
    return this.#qemu.lastWords();
  }
}

const ARGV = [
  ...['-m', '2048', '-no-reboot'],
  ...['-device', 'virtio-serial-pci,addr=5', '-chardev', `file,id=records,path=${RECORDS}`],
  ...['-device', 'virtserialport,chardev=records,name=exhibit.records'],
  ...['-device', 'qemu-xhci,id=usb,addr=3'],
  ...pcDiskArgv(),
];

function sparseFile(path: string, bytes: number): void {
  writeFileSync(path, '');
  truncateSync(path, bytes);
}
