import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchKernel } from './kernel.ts';

const CONSOLE = 'console.log';

/**
 * An emulated PC with the bench's kernel and the station's files, read-only, to build its root of. What a machine has
 * beyond that is the caller's.
 */
export class Qemu {
  readonly #folder: string;
  readonly #process: ChildProcess;

  /** @param folder what QEMU works in: relative paths of `argv` are in there */
  constructor(folder: string, kernel: BenchKernel, initramfs: Buffer, argv: readonly string[]) {
    this.#folder = folder;
    writeFileSync(join(folder, 'initramfs'), initramfs);
    writeFileSync(join(folder, CONSOLE), '');
    // Ends with us, should we be killed before we can end it.
    const words = ['--pdeathsig', 'KILL', '--', 'qemu-system-x86_64', ...commonArgv(kernel), ...argv];
    this.#process = spawn('setpriv', words, { cwd: folder, stdio: ['pipe', 'ignore', 'pipe'] });
    this.#process.stdin?.on('error', () => undefined);
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      writeFileSync(join(folder, CONSOLE), text, { flag: 'a' });
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get over(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** What the kernel, init and QEMU have said. */
  console(): string {
    return readFileSync(join(this.#folder, CONSOLE), 'utf8');
  }

  lastWords(): string {
    return this.console().trimEnd().split('\n').slice(-40).join('\n');
  }

  /** A command to QEMU's monitor, as in `system_reset`; for a machine that has one (`-monitor stdio`). */
  monitor(command: string): void {
    this.#process.stdin?.write(`${command}\n`);
  }

  /** Pulls the plug. */
  async off(): Promise<void> {
    if (this.over) return;
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await gone;
  }
}

function commonArgv(kernel: BenchKernel): string[] {
  return [
    // An older processor: what a newer one can do is slow to emulate. One: two take a third more time of the station's.
    ...['-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'Nehalem', '-smp', '1'],
    ...['-nodefaults', '-display', 'none'],
    ...['-kernel', kernel.image, '-initrd', 'initramfs'],
    // Programs at the same address every time: the emulator translates them once. Timers late on a busy station are
    // no broken ones.
    ...['-append', 'console=ttyS0 quiet panic=-1 no_timer_check mitigations=off nokaslr norandmaps'],
    ...['-chardev', `file,id=console,path=${CONSOLE},append=on`, '-serial', 'chardev:console'],
    ...['-fsdev', 'local,id=station,path=/,security_model=none,readonly=on,multidevs=remap'],
    ...['-device', 'virtio-9p-pci,addr=6,fsdev=station,mount_tag=station'],
  ];
}
