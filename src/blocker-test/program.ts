import { Command, CommanderError } from 'commander';
import type { Env } from '../cli/env.ts';
import { TEST_EXIT } from './exit-codes.ts';
import type { PrepareOptions } from './prepare.ts';
import type { RunOptions } from './run.ts';
import { Voice } from './voice.ts';

type Json = { readonly json?: boolean };

/** Command line in, exit code out. */
export async function program(argv: readonly string[], env: Env): Promise<number> {
  const voice = new Voice(env, argv.includes('--json'));
  let exit: number = TEST_EXIT.done;
  const command = build(env, async (work, leavable) => {
    // A read that hangs in the kernel would keep this process from ending: then it is a child, and left behind.
    exit = leavable && env.supervise !== null ? await env.supervise() : await work(voice);
  });
  try {
    await command.parseAsync([...argv], { from: 'user' });
    return exit;
  } catch (error) {
    if (!(error instanceof CommanderError)) return voice.failure(error);
    if (error.exitCode === 0) return TEST_EXIT.done;
    if (argv.includes('--json'))
      voice.result({ ok: false, exit: TEST_EXIT.usage, code: 'usage', message: error.message, hint: null }, '');
    return TEST_EXIT.usage;
  }
}

type Start = (work: (voice: Voice) => Promise<number>, leavable: boolean) => Promise<void>;

function build(env: Env, start: Start): Command {
  const { terminal, ports } = env;
  const root = new Command('exhibit-blocker-test')
    .description(
      'Tests a write blocker by writing to a scratch disk behind it. The only program of exhibit that writes to disks.',
    )
    .version(ports.host.toolVersion, '-V, --version')
    .configureOutput({
      writeOut: (text) => {
        terminal.out(text);
      },
      writeErr: (text) => {
        terminal.say(text);
      },
    })
    .allowExcessArguments(false)
    .addHelpText('after', EXAMPLES);
  addPrepare(root, env, start);
  addRun(root, env, start);
  addVerify(root, env, start);
  for (const each of [root, ...root.commands])
    each.exitOverride().showHelpAfterError('Run it with --help to see the options.');
  return root;
}

function addPrepare(root: Command, env: Env, start: Start): void {
  root
    .command('prepare')
    .description('ERASE a disk, connected WITHOUT the blocker, and put the scratch marker on it.')
    .argument('<device>', 'the whole disk, such as /dev/disk/by-id/…')
    .option('--serial <serial>', 'the serial on the label of the disk, all of it')
    .option('--backing-file <file>', 'for loop devices, which have no serial: the file behind it')
    .option('--erase-consent <text>', '"erase SERIAL": what is on the disk may be lost')
    .option('--dry-run', 'say what would be overwritten, and stop')
    .option('--json', 'the result as JSON on standard output')
    .action(async (path: string, options: PrepareOptions & Json) => {
      const { prepare } = await import('./prepare.ts');
      await start((voice) => prepare(env, voice, path, options), options.dryRun !== true);
    });
}

function addRun(root: Command, env: Env, start: Start): void {
  root
    .command('run')
    .description('Attempt to write to a marked scratch disk through the blocker; leave a signed report.')
    .argument('<device>', 'the scratch disk, as it shows behind the blocker')
    .requiredOption('--blocker-make <make>', 'who made the blocker')
    .requiredOption('--blocker-model <model>', 'its model')
    .option('--blocker-serial <serial>', 'its serial, from its label')
    .option('--blocker-firmware <version>', "its firmware, as its display or its vendor's tool says")
    .requiredOption('--examiner <name>', 'who tests it')
    .requiredOption('--to <dir>', 'a folder of this station; the report gets a new folder in it')
    .option('--key <file>', 'the signing key (private file, or .pub with the private half in an agent)')
    .option('--unsigned', 'do not sign; it shows everywhere')
    .option('--dry-run', 'check the marker, say what would be attempted, and stop')
    .option('--json', 'the result as JSON on standard output')
    .action(async (path: string, options: RunOptions & Json) => {
      const { runCommand } = await import('./run.ts');
      await start((voice) => runCommand(env, voice, path, options), options.dryRun !== true);
    });
}

function addVerify(root: Command, env: Env, start: Start): void {
  root
    .command('verify')
    .description('Check the folder of a report: signatures, sums, and that the result follows from the attempts.')
    .argument('<folder>', 'the folder that "run" made')
    .option('--signers <file>', 'whom you trust: allowed_signers format, from anywhere but the folder itself')
    .option('--json', 'the result as JSON on standard output')
    .action(async (path: string, options: { signers?: string } & Json) => {
      const { verifyReport } = await import('./verify-report.ts');
      await start((voice) => verifyReport(env, voice, path, options.signers ?? null), false);
    });
}

const EXAMPLES = `
Examples:
  exhibit-blocker-test prepare /dev/disk/by-id/ata-… --serial WD-WCC7K0AB1234 --erase-consent "erase WD-WCC7K0AB1234"
  exhibit-blocker-test run /dev/disk/by-id/usb-… --blocker-make Acme --blocker-model WB-1 --examiner "Ada Byron" --to /lab
  exhibit-blocker-test verify /lab/blocker-test-20261122T091500Z --signers lab_signers
`;
