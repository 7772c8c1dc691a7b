/**
 * The program with an image that goes nowhere: its file gets its length, and none of its bytes. For sources longer than any
 * memory to put an image in; for comparison alone, and no way that the program itself has.
 */
import { start } from '../src/cli/start.ts';
import { asksForDirect, SUPERVISED } from '../src/system/supervise.ts';

const argv = process.argv.slice(2);
// As the program does: who only watches over a reading loads nothing else, and starts the same command line again.
if (asksForDirect(argv) && !(SUPERVISED in process.env)) {
  process.exitCode = await start(argv, process.env);
} else {
  const [{ run }, { systemEnv }, { discardingFiles }] = await Promise.all([
    import('../src/cli/run.ts'),
    import('../src/cli/env.ts'),
    import('./discarding-files.ts'),
  ]);
  const env = systemEnv(argv);
  process.exitCode = await run(argv, { ...env, ports: { ...env.ports, files: discardingFiles } });
}
process.exit();
