import type { Command } from 'commander';
import type { ResumeOptions } from './commands/resume.ts';
import type { Env } from './env.ts';
import { collect } from './program-acquire.ts';

/** `exhibit resume` and its options. */
export function addResume(program: Command, env: Env, done: (exit: number) => void): void {
  const command = program
    .command('resume')
    .description('Go on with an acquisition that was cut off: power, cable, full disk, Ctrl-C.')
    .argument('<folder>', 'the evidence folder')
    .argument('[source]', 'the source, where it is now (default: as it was named last)')
    .option('--examiner <name>', 'who goes on with it (default: who began it)')
    .option('--label-serial <text>', 'serial number on the label')
    .option('--adopt-map <file>', 'take over what GNU ddrescue has read, by its mapfile')
    .option('--image <name>', 'the image that ddrescue began in FOLDER (default: the only one)')
    .option('--case <id>', 'case number, for an image that ddrescue began')
    .option('--evidence <id>', 'evidence item, for an image that ddrescue began')
    .option('--description <text>', 'what the item is, for an image that ddrescue began')
    .option('--notes <text>', 'anything worth noting, for an image that ddrescue began')
    .option('--authority <text>', 'by whose leave, for an image that ddrescue began')
    .option('--retries <n>', 'further reads of each sector that failed')
    .option('--max-bad <sectors>', 'give up when more sectors than this stay unreadable; none: no limit')
    .option('--read-timeout <time>', 'leave a read behind that gives no answer for this long (60s, 5m); none: never')
    .option(
      '--wait-for-device <time>',
      'how long to wait for a source that was pulled out, or a machine that can not be reached (10m); 0: not at all',
    )
    .option('--no-read-back', 'refused: a resumed acquisition is always read back')
    .option('--key <file>', 'the signing key (private file, or .pub with the private half in an agent)')
    .option('--unsigned', 'do not sign; it shows everywhere')
    .option('--allow-unblocked <reason>', 'read with less write protection than the profile requires')
    .option('--software-block', "set the kernel's read-only flag on the source first")
    .option('--allow-system-destination', "the folder lies on the operating system's own disk")
    .option('--ignore-bad-hardware', 'go on although some hardware data has faults; what is good is used')
    .option('--identity <file>', 'a source on another machine: the private key that lets us in')
    .option('--host-key <fingerprint>', 'SHA256:… of its key, which must be the one of the first session')
    .option('--transport <transport>', 'ssh2 or openssh (default: as before)')
    .option('--rebooted <reason>', 'go on although that machine was started anew')
    .option(
      '--allow, --allow-peer <address>',
      'a disk that is sent: who may connect from now on; may be repeated',
      collect,
    )
    .option(
      '--reached-by <address>',
      'a disk that is sent: our address as the other machine sees it (default: as it was)',
    )
    .option('--dry-run', 'print what would be done and stop')
    .option('--yes', 'do not ask; wants --label-serial for physical disks')
    .option('--json', 'events and result as JSON on standard output');
  command.action(async (folder: string, source: string | undefined, options: ResumeOptions) => {
    const { resumeCommand } = await import('./commands/resume.ts');
    done(await resumeCommand(env, folder, source, options));
  });
}
