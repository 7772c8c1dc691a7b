import { systemEnv } from './env.ts';
import { run } from './run.ts';

/** The whole program, in the real world: command line in, exit code out. */
export function program(argv: readonly string[]): Promise<number> {
  return run(argv, systemEnv(argv));
}
