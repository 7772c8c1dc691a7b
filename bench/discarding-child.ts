/**
 * The program with an image that goes nowhere: its file gets its length, and none of its bytes. For sources longer than any
 * memory to put an image in; for comparison alone, and no way that the program itself has.
 */
import { findProgram } from '../src/system/find-program.ts';
import { asksForDirect, supervise, SUPERVISED } from '../src/system/supervise.ts';

const argv = process.argv.slice(2);
// As the program does: who only watches over a reading loads nothing else, and starts the same command line again.
if (asksForDirect(argv) && !(SUPERVISED in process.env)) {
  process.exitCode = await supervise(argv, findProgram('setpriv', process.env['PATH'] ?? ''));
} else {
  const { program } = await import('./discarding-program.ts');
  process.exitCode = await program(argv);
}
process.exit();
