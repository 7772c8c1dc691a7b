import type { Command } from 'commander';
import type { LearnOptions } from './commands/hardware-learn.ts';
import type { ListOptions } from './commands/hardware.ts';
import type { Env } from './env.ts';

/** `exhibit hardware` and its commands. */
export function addHardware(program: Command, env: Env, done: (exit: number) => void): void {
  const hardware = program.command('hardware').description('Write blockers and bridges that are known.');
  hardware
    .command('list')
    .description('List what came with the program, and what the lab attests.')
    .option('--file <file>', "the lab's file (default: in your configuration folder)")
    .option('--ignore-bad-hardware', 'go on without the data that has faults; it is named')
    .option('--json', 'one JSON object on standard output')
    .action(async (options: ListOptions) => {
      const { hardwareListCommand } = await import('./commands/hardware.ts');
      done(await hardwareListCommand(env, options));
    });
  hardware
    .command('check')
    .description('Judge hardware data: all faults, by line and column.')
    .argument('[files...]', "files to judge beside what came with the program (default: the lab's file)")
    .option('--json', 'one JSON object on standard output')
    .action(async (files: string[], options: { json?: boolean }) => {
      const { hardwareCheckCommand } = await import('./commands/hardware.ts');
      done(await hardwareCheckCommand(env, files, options));
    });
  hardware
    .command('learn')
    .description('Write down that the lab attests the write blocker that a disk hangs on. The disk is asked nothing.')
    .argument('<device>', 'a disk behind the blocker')
    .requiredOption('--make <make>', 'who makes the blocker')
    .requiredOption('--model <model>', 'its model')
    .requiredOption('--by <name>', 'who attests it')
    .option('--serial <serial>', "the serial on the blocker's own label")
    .option('--validated <date>', 'when the lab last validated it, such as 2026-11-22')
    .option('--switchable', 'it has a read/write switch; attested as set to block')
    .option('--file <file>', "the lab's file (default: in your configuration folder)")
    .option('--json', 'one JSON object on standard output')
    .action(async (device: string, options: LearnOptions) => {
      const [{ hardwareLearnCommand }, { diskChain }] = await Promise.all([
        import('./commands/hardware-learn.ts'),
        import('../discover/chain.ts'),
      ]);
      done(await hardwareLearnCommand(env, device, options, diskChain));
    });
}
