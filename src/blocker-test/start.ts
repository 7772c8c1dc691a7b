import { systemEnv } from '../cli/env.ts';
import { program } from './program.ts';

/** The whole program, in the real world: command line in, exit code out. */
export function start(argv: readonly string[]): Promise<number> {
  return program(argv, systemEnv(argv));
}
