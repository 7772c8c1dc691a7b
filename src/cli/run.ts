import { Command, CommanderError } from 'commander';
import type { DoctorOptions } from './commands/doctor.ts';
import type { SealOptions } from './commands/seal.ts';
import type { Env } from './env.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { Output } from './output.ts';
import { tame, visible } from '../model/text.ts';
import { addAcquire } from './program-acquire.ts';
import { addDevices, addRemoteOptions } from './program-devices.ts';
import { addHardware } from './program-hardware.ts';
import { addResume } from './program-resume.ts';

/** Command line in, exit code out. Commands are loaded when they are called: `--help` answers at once. */
export async function run(argv: readonly string[], env: Env): Promise<number> {
  const outcome: { exit: number } = { exit: EXIT.done };
  const program = buildProgram(env, argv, (exit) => {
    outcome.exit = exit;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return outcome.exit;
  } catch (error) {
    if (error instanceof CommanderError) return commanderExit(env, argv, error);
    return new Output(env, argv.includes('--json')).failure(error);
  }
}

/** commander has printed its message by now; help and version are no errors. */
function commanderExit(env: Env, argv: readonly string[], error: CommanderError): ExitCode {
  if (error.exitCode === 0) return EXIT.done;
  if (argv.includes('--json')) {
    new Output(env, true).line({
      type: 'result',
      ok: false,
      exit: EXIT.usage,
      code: 'usage',
      message: error.message,
      hint: null,
    });
  }
  return EXIT.usage;
}

type Done = (exit: number) => void;

function buildProgram(env: Env, argv: readonly string[], done: Done): Command {
  const { terminal, ports } = env;
  const program = new Command('exhibit')
    .description('Images disks behind a write blocker: acquire, hash on the fly, sign, verify.')
    .version(ports.host.toolVersion, '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        terminal.out(text);
      },
      writeErr: (text) => {
        terminal.say(harmless(text, argv));
      },
    })
    .showHelpAfterError('Run it with --help to see the options.')
    .allowExcessArguments(false)
    .addHelpText('after', EXAMPLES);

  addDevices(program, env, done);
  addAcquire(program, env, done);
  addResume(program, env, done);
  addSeal(program, env, done);
  addVerify(program, env, done);
  addKeys(program, env, done);
  addHardware(program, env, done);
  addDoctor(program, env, done);
  // Sub-commands copy these settings only when they are made by the parent; `keys` makes its own children.
  for (const command of allCommands(program))
    command.exitOverride().showHelpAfterError('Run it with --help to see the options.');
  return program;
}

/** commander quotes the words of the command line as they are. */
function harmless(text: string, argv: readonly string[]): string {
  const words = argv.filter((word) => visible(word) !== word).sort((a, b) => b.length - a.length);
  return tame(words.reduce((told, word) => told.replaceAll(word, () => visible(word)), text));
}

function addDoctor(program: Command, env: Env, done: Done): void {
  const doctor = program
    .command('doctor')
    .description('Say whether this station, or another one, has what imaging needs.')
    .argument('[machine]', 'ssh://user@host[:port]')
    .option('--key <file>', 'the signing key to try')
    .option('--speed <dir>', 'measure how fast this destination is written, and the hash engines of this station')
    .option('--json', 'one JSON object on standard output')
    .action(async (machine: string | undefined, options: DoctorOptions) => {
      const { doctorCommand } = await import('./commands/doctor.ts');
      done(await doctorCommand(env, options, machine ?? null));
    });
  addRemoteOptions(doctor);
}

function addSeal(program: Command, env: Env, done: Done): void {
  program
    .command('seal')
    .description('Sign what an unsigned or stopped acquisition left; finish a closing that was cut off.')
    .argument('<folder>', 'the evidence folder')
    .option('--incomplete <reason>', 'close an acquisition that stopped; the reason stands in the manifest')
    .option('--key <file>', 'the signing key (private file, or .pub with the private half in an agent)')
    .option('--unsigned', 'do not sign; finish what was begun unsigned, or close it unsigned')
    .option('--json', 'events and result as JSON on standard output')
    .action(async (folder: string, options: SealOptions) => {
      const { sealCommand } = await import('./commands/seal.ts');
      done(await sealCommand(env, folder, options));
    });
}

function addVerify(program: Command, env: Env, done: Done): void {
  program
    .command('verify')
    .description('Check a stored evidence folder: signatures, manifest, journal, every listed file, the whole image.')
    .argument('<folder>', 'the evidence folder, or its manifest')
    .option('--signers <file>', 'whom you trust: allowed_signers format, from anywhere but the folder itself')
    .option('--seal <hex>', 'the seal as copied onto the label or the custody form')
    .option('--range <a:b>', 'only the pieces that touch bytes A to B')
    .option('--sample <n>', 'only N pieces, chosen at random')
    .option('--seed <text>', 'the seed of --sample, to repeat a choice')
    .option('--json', 'events and result as JSON on standard output')
    .action(async (target: string, options: Record<string, string | boolean | undefined>) => {
      const { verifyCommand } = await import('./commands/verify.ts');
      done(await verifyCommand(env, target, options));
    });
  program
    .command('show')
    .description('Show what a manifest says. Nothing is verified.')
    .argument('<folder>', 'the evidence folder, or its manifest')
    .option('--label', 'only the seal, to be copied onto the label')
    .option('--json', 'one JSON object on standard output')
    .action(async (target: string, options: { label?: boolean; json?: boolean }) => {
      const { showCommand } = await import('./commands/show.ts');
      done(await showCommand(env, target, options));
    });
}

function addKeys(program: Command, env: Env, done: Done): void {
  const keys = program.command('keys').description('The key that signs your acquisitions.');
  keys
    .command('init')
    .description('Make an Ed25519 key with ssh-keygen.')
    .requiredOption('--name <name>', 'your name, as it will stand beside every signature')
    .option('--key <file>', 'where to put it (default: your configuration folder)')
    .option('--no-passphrase', 'do not protect it with a passphrase')
    .action(async (options: { name: string; key?: string; passphrase: boolean }) => {
      const { keysInitCommand } = await import('./commands/keys.ts');
      done(await keysInitCommand(env, options));
    });
  keys
    .command('show')
    .description('Show the key that would sign, and the line for an allowed_signers file.')
    .option('--key <file>', 'another key than the default one')
    .option('--json', 'one JSON object on standard output')
    .action(async (options: { key?: string; json?: boolean }) => {
      const { keysShowCommand } = await import('./commands/keys.ts');
      done(await keysShowCommand(env, options));
    });
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}

const EXAMPLES = `
Examples:
  exhibit devices
  exhibit keys init --name "Ada Byron"
  exhibit acquire /dev/disk/by-id/usb-… --to /evidence --case 2026-0412 --evidence HDD-01 --examiner "Ada Byron"
  exhibit verify /evidence/2026-0412/HDD-01 --signers lab_signers
`;
