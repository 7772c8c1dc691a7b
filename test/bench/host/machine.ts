import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { BenchRecord, ScenarioRecord } from '../record.ts';
import { PC_DISKS, pcDiskArgv } from './disks.ts';
import { initramfs, type BenchOrder } from './initramfs.ts';
import type { BenchKernel } from './kernel.ts';

const CONSOLE = 'console.log';
const RECORDS = 'records.jsonl';
const MIB = 1_048_576;

/**
 * A real kernel on an emulated PC with real USB, SATA and NVMe disks. It sees the station's files read-only, and
 * leaves records: one JSON object a line, on a port of its own that no kernel message reaches.
 */
export class Machine {
  readonly #folder: string;
  readonly #qemu: ChildProcess;
  readonly #deadline: number;
  #told = false;

  /**
   * @param folder an empty one, for everything that the machine keeps on the station
   * @param limitMs of the whole: then the machine is switched off, whatever it does
   */
  constructor(folder: string, kernel: BenchKernel, order: BenchOrder, limitMs: number) {
    this.#folder = folder;
    writeFileSync(join(folder, 'initramfs'), initramfs(kernel, order));
    for (const name of [RECORDS, CONSOLE]) writeFileSync(join(folder, name), '');
    for (const name of Object.keys(PC_DISKS)) sparseFile(join(folder, `${name}.img`), 16 * MIB);
    // Ends with us, should we be killed before we can end it.
    this.#qemu = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'qemu-system-x86_64', ...qemuArgv(kernel)], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#qemu.stderr?.setEncoding('utf8').on('data', (text: string) => {
      writeFileSync(join(folder, CONSOLE), text, { flag: 'a' });
    });
    this.#deadline = performance.now() + limitMs;
  }

  get pid(): number {
    return this.#qemu.pid ?? 0;
  }

  get over(): boolean {
    return this.#qemu.exitCode !== null || this.#qemu.signalCode !== null;
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
  async off(): Promise<void> {
    if (this.over) return;
    const gone = new Promise((resolve) => this.#qemu.once('exit', resolve));
    this.#qemu.kill('SIGKILL');
    await gone;
  }

  /** The end of what the kernel, init and QEMU said; once, however many scenarios were to come. */
  #lastWords(): string {
    if (this.#told) return 'its last words stand with the scenario before';
    this.#told = true;
    return readFileSync(join(this.#folder, CONSOLE), 'utf8').trimEnd().split('\n').slice(-40).join('\n');
  }
}

function qemuArgv(kernel: BenchKernel): string[] {
  return [
    // An older processor: what a newer one can do is slow to emulate. One: two take a third more time of the station's.
    ...['-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'Nehalem', '-smp', '1', '-m', '2048'],
    ...['-nodefaults', '-display', 'none', '-no-reboot'],
    ...['-kernel', kernel.image, '-initrd', 'initramfs'],
    // Programs at the same address every time: the emulator translates them once. Timers late on a busy station are
    // no broken ones.
    ...['-append', 'console=ttyS0 quiet panic=-1 no_timer_check mitigations=off nokaslr norandmaps'],
    ...['-chardev', `file,id=console,path=${CONSOLE},append=on`, '-serial', 'chardev:console'],
    ...['-device', 'virtio-serial-pci,addr=5', '-chardev', `file,id=records,path=${RECORDS}`],
    ...['-device', 'virtserialport,chardev=records,name=exhibit.records'],
    ...['-fsdev', 'local,id=station,path=/,security_model=none,readonly=on,multidevs=remap'],
    ...['-device', 'virtio-9p-pci,addr=6,fsdev=station,mount_tag=station'],
    ...['-device', 'qemu-xhci,id=usb,addr=3'],
    ...pcDiskArgv(),
  ];
}

function sparseFile(path: string, bytes: number): void {
  writeFileSync(path, '');
  truncateSync(path, bytes);
}
