import { availableParallelism } from 'node:os';
import type { Clock } from '../../src/system/clock.ts';
import { systemClock } from '../../src/system/clock.ts';
import { systemFiles } from '../../src/system/files.ts';
import type { OpenFile } from '../../src/system/files.ts';
import type { Host, Ports } from '../../src/system/ports.ts';
import { systemCommands } from '../../src/system/run-command.ts';
import { packageRoot } from './root.ts';

const HOST: Host = {
  hostname: 'bench',
  kernel: 'test',
  nodeVersion: process.version,
  nodePath: process.execPath,
  pid: process.pid,
  uid: process.getuid?.() ?? 0,
  cores: availableParallelism(),
  // Never that of whoever runs the tests, with a key and blockers of their own.
  env: { HOME: '/nonexistent' },
  packageRoot,
  toolVersion: '0.0.0',
};

/** The real world, but for what the test brings: a clock, commands, files, a root, something of the host. */
export function testPorts(change: Partial<Omit<Ports, 'host'>> = {}, host: Partial<Host> = {}): Ports {
  return {
    files: systemFiles,
    commands: systemCommands(),
    clock: systemClock,
    connectSsh: async (order) => (await import('../../src/system/ssh2-link.ts')).connectSsh2(order),
    listen: async (order) => (await import('../../src/system/listener.ts')).openListener(order),
    root: '',
    ...change,
    host: { ...HOST, ...host },
  };
}

/** A clock that only moves when told; `sleep` ends when its time has come by `advance`, or when its signal aborts. */
export class TestClock implements Clock {
  wall: number;
  mono = 0;
  boot = 0;
  #sleepers: { until: number; wake: () => void }[] = [];

  constructor(wall = Date.UTC(2026, 2, 1, 9, 15)) {
    this.wall = wall;
  }

  wallMs(): number {
    return this.wall;
  }
  monotonicMs(): number {
    return this.mono;
  }
  bootMs(): number {
    return this.boot;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#sleepers.push({ until: this.mono + ms, wake });
      signal?.addEventListener('abort', wake);
    });
  }

  /** Time that passes while the machine is awake. */
  async advance(ms: number): Promise<void> {
    this.mono += ms;
    this.boot += ms;
    this.wall += ms;
    const due = this.#sleepers.filter((each) => each.until <= this.mono);
    this.#sleepers = this.#sleepers.filter((each) => each.until > this.mono);
    for (const each of due) each.wake();
    // Whoever was woken runs before the test looks.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** The machine sleeps: monotonic time stands still. */
  suspend(ms: number): void {
    this.boot += ms;
    this.wall += ms;
  }

  /** Somebody sets the wall clock. */
  step(ms: number): void {
    this.wall += ms;
  }
}

/** An open file whose methods the test can replace. The rest goes to `real`. */
export function fileWith(real: OpenFile, change: Partial<OpenFile>): OpenFile {
  return {
    fd: real.fd,
    path: real.path,
    read: (...args) => real.read(...args),
    readSome: (...args) => real.readSome(...args),
    write: (...args) => real.write(...args),
    stat: () => real.stat(),
    datasync: () => real.datasync(),
    sync: () => real.sync(),
    close: () => real.close(),
    ...change,
  };
}
