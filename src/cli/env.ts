import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, hostname, release } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bug } from '../model/errors.ts';
import { systemClock } from '../system/clock.ts';
import { systemFiles } from '../system/files.ts';
import type { Ports } from '../system/ports.ts';
import { systemCommands } from '../system/run-command.ts';
import { watchSignals, type Signals } from '../system/signals.ts';
import { supervise, SUPERVISED } from '../system/supervise.ts';
import { systemTerminal, type Terminal } from '../system/terminal.ts';

/** What a run of the program gets of the world. */
export interface Env {
  readonly ports: Ports;
  readonly terminal: Terminal;
  /** Installs the signal handlers of a job. */
  readonly watchSignals: (onHangup: () => void) => Signals;
  /** Runs the same command line in a child that can be left behind; null when this already is that child. */
  readonly supervise: (() => Promise<number>) | null;
}

/** The real world. Nothing else makes real ports. */
export function systemEnv(argv: readonly string[]): Env {
  const packageRoot = findPackageRoot(fileURLToPath(import.meta.url));
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  const commands = systemCommands();
  return {
    ports: {
      files: systemFiles,
      commands,
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
      // Loaded when it is wanted: nothing else needs it.
      connectSsh: async (order) => (await import('../system/ssh2-link.ts')).connectSsh2(order),
      listen: async (order) => (await import('../system/listener.ts')).openListener(order),
      root: '',
    },
    terminal: systemTerminal(),
    watchSignals,
    supervise: SUPERVISED in process.env ? null : () => supervise(argv, commands.which('setpriv')),
  };
}

/** The nearest folder above that holds package.json: profiles/ lie beside it. */
function findPackageRoot(from: string): string {
  for (let folder = dirname(from); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  throw bug('the folder with package.json is not above the program');
}
