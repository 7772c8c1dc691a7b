import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Clock } from '../../src/system/clock.ts';
import type { Ports } from '../../src/system/ports.ts';
import { systemCommands, type CommandResult, type Commands, type RunOptions } from '../../src/system/run-command.ts';
import { TestClock, testPorts } from './ports.ts';

/**
 * The real world at a moment that does not pass: what is made twice of the same is the same byte by byte, and what
 * ssh-keygen was asked before it is not asked again.
 */
export function stillWorld(change: Partial<Omit<Ports, 'host'>> = {}): Ports {
  return testPorts({ commands: remembered, clock: STILL, ...change });
}

/** A minute from now: after everything that was made before. */
const STILL: Clock = new TestClock(Date.now() + 60_000);

/**
 * Programs of the station. What the real ssh-keygen said to a question is its answer to the same question later: its
 * Ed25519 signatures use no chance. A question is the command line, what it is given on standard input and in files
 * with and without a name, and its environment.
 */
function rememberedKeygen(real: Commands): Commands {
  const known = new Map<string, Promise<CommandResult>>();
  return {
    ...real,
    run: (argv, options = {}) => {
      if (argv[0] !== 'ssh-keygen') return real.run(argv, options);
      const question = questionOf(argv, options);
      const answer = known.get(question) ?? real.run(argv, options);
      known.set(question, answer);
      return answer;
    },
  };
}

export const remembered: Commands = rememberedKeygen(systemCommands());

function questionOf(argv: readonly string[], { input = '', env = {}, inheritFds = [] }: RunOptions): string {
  const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const named = argv.filter((word) => word.startsWith('/') && !word.startsWith('/proc/') && existsSync(word));
  const files = [...named, ...inheritFds.map((fd) => `/proc/self/fd/${fd}`)];
  return JSON.stringify([argv, env, sha256(input), files.map((path) => sha256(readFileSync(path)))]);
}
