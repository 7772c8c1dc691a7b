import { findProgram } from '../system/find-program.ts';
import { asksForDirect, supervise, SUPERVISED } from '../system/supervise.ts';

/**
 * Command line in, exit code out. Whoever only watches over a reading loads nothing else: that is a third of a second
 * and a good part of its memory.
 */
export async function start(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  if (asksForDirect(argv) && !(SUPERVISED in environment)) {
    return supervise(argv, findProgram('setpriv', environment['PATH'] ?? ''));
  }
  const { program } = await import('./program.ts');
  return program(argv);
}
