import { readFileSync } from 'node:fs';
import { availableParallelism, hostname, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../system/clock.ts';
import { systemFiles } from '../system/files.ts';
import type { Ports } from '../system/ports.ts';
import { systemCommands } from '../system/run-command.ts';
import { watchSignals, type Signals } from '../system/signals.ts';
import { systemTerminal, type Terminal } from '../system/terminal.ts';

/** What a run of the program gets of the world. */
export interface Env {
  readonly ports: Ports;
  readonly terminal: Terminal;
  /** Installs the signal handlers of a job. */
  readonly watchSignals: (onHangup: () => void) => Signals;
}

/** The real world. Nothing else makes real ports. */
export function systemEnv(): Env {
  const packageRoot = fileURLToPath(new URL('../../../', import.meta.url));
  const { version } = JSON.parse(readFileSync(`${packageRoot}package.json`, 'utf8')) as { version: string };
  return {
    ports: {
      files: systemFiles,
      commands: systemCommands(),
      clock: systemClock,
      host: {
        hostname: hostname(),
        kernel: release(),
        nodeVersion: process.version,
        nodePath: process.execPath,
        pid: process.pid,
        uid: process.getuid?.() ?? 0,
        cores: availableParallelism(),
        env: process.env,
        packageRoot,
        toolVersion: version,
      },
      root: '',
    },
    terminal: systemTerminal(),
    watchSignals,
  };
}
