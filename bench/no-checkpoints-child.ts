import { systemEnv } from '../src/cli/env.ts';
import { run } from '../src/cli/run.ts';

/** The program with a clock on which nobody wakes: no checkpoint but the last. For comparison alone. */
const argv = process.argv.slice(2);
const env = systemEnv(argv);
const clock = {
  ...env.ports.clock,
  sleep: (_ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal?.aborted === true) resolve();
      else
        signal?.addEventListener(
          'abort',
          () => {
            resolve();
          },
          { once: true },
        );
    }),
};
process.exitCode = await run(argv, { ...env, ports: { ...env.ports, clock } });
