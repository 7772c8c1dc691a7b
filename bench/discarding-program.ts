import { systemEnv } from '../src/cli/env.ts';
import { run } from '../src/cli/run.ts';
import { discardingFiles } from './discarding-files.ts';

/** The whole program, with files that discard an image. */
export function program(argv: readonly string[]): Promise<number> {
  const env = systemEnv(argv);
  return run(argv, { ...env, ports: { ...env.ports, files: discardingFiles } });
}
