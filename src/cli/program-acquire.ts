import type { Command } from 'commander';
import type { AcquireOptions } from './commands/acquire.ts';
import type { Env } from './env.ts';

/** `exhibit acquire` and its options. Nothing is judged here: `catalog/merge.ts` does, all faults at once. */
export function addAcquire(program: Command, env: Env, done: (exit: number) => void): void {
  const command = program
    .command('acquire')
    .description('Image a disk, partition, mapper device or plain file; hash it while it is read; sign what was done.')
    .argument(
      '<source>',
      '/dev/…, /dev/disk/by-id/…, a plain file, ssh://user@host[:port]/dev/…, or listen://ADDR:PORT[/dev/…]',
    )
    .optionsGroup('Case:')
    .option('--to <dir>', 'destination; the evidence goes to DIR/<case>/<evidence>/')
    .option('--case <id>', 'case number')
    .option('--evidence <id>', 'evidence item')
    .option('--examiner <name>', 'who images it')
    .option('--description <text>', 'what the item is')
    .option('--notes <text>', 'anything worth noting')
    .option('--authority <text>', 'by whose leave')
    .option('--request <file>', 'these and the label fields from a YAML file')
    .option('--folder-name <name>', 'ITEM or CASE/ITEM, when an id can not be a folder name')
    .optionsGroup('What the label says:')
    .option('--label-model <text>', 'model')
    .option('--label-serial <text>', 'serial number')
    .option('--label-size <size>', 'capacity, such as 500GB or 1TB')
    .option('--seal-number <text>', 'number of the evidence seal')
    .option('--condition <text>', 'condition of the item')
    .option('--label-mismatch <reason>', 'go on although the label does not match the device')
    .optionsGroup('How:')
    .option(
      '--profile <name|file>',
      'bench (default), usb, rescue, remote-live (default for ssh://… and listen://…), remote-frozen, or a file',
    )
    .option('--format <format>', 'raw or split')
    .option('--segment-size <size>', 'size of a segment of a split image')
    .option('--hash <list>', 'md5,sha256 and on request sha1,sha512')
    .option('--hash-engine <engine>', 'auto, wasm or native')
    .option('--reader <reader>', 'dd or direct, for a source of this station')
    .option('--block-size <size>', 'bytes in one read')
    .option('--piece-size <size>', 'bytes in one piece')
    .option('--no-read-back', 'do not read the image again; the manifest says so')
    .option('--verify-source', 'read the source a second time and compare')
    .option('--retries <n>', 'further reads of each sector that failed')
    .option('--max-bad <sectors>', 'give up when more sectors than this stay unreadable; none: no limit')
    .option('--read-timeout <time>', 'leave a read behind that gives no answer for this long (60s, 5m); none: never')
    .option(
      '--wait-for-device <time>',
      'how long to wait for a source that was pulled out, or a machine that can not be reached (10m); 0: not at all',
    )
    .option('--no-probe', 'ask nothing of the disk itself; the manifest says so')
    .option('--vendor-query', "put its maker's query to a Tableau write blocker of this station")
    .optionsGroup('Signing and leave:')
    .option('--key <file>', 'the signing key (private file, or .pub with the private half in an agent)')
    .option('--unsigned', 'do not sign; it shows everywhere')
    .option('--allow-unblocked <reason>', 'read with less write protection than the profile requires')
    .option('--software-block', "set the kernel's read-only flag on the source first")
    .option('--allow-system-destination', "write to the operating system's own disk")
    .option('--ignore-bad-hardware', 'go on although some hardware data has faults; what is good is used')
    .optionsGroup('A source on another machine:')
    .option('--identity <file>', 'the private key that lets us in')
    .option('--host-key <fingerprint>', 'SHA256:… of the key by which the machine must prove who it is')
    .option('--transport <transport>', 'ssh2 (default), or openssh: the ssh of this station, with its configuration')
    .option('--remote-reader <program>', 'auto (default: python3 where it is, else dd), or dd')
    .option('--connections <n>', 'channels that read at the same time')
    .option('--compress <how>', 'auto (default: while it helps), none, zstd or gzip, on the way here')
    .option('--limit-rate <rate>', 'bytes a second that are read there at most (10M)')
    .option('--frozen <reason>', 'why the disk does not change while it is read')
    .option('--ciphertext <reason>', 'why an encrypted device is imaged although its content can be')
    .optionsGroup('A disk that another machine sends (listen://…):')
    .option('--expect-size <size>', 'exact size of the disk, as blockdev --getsize64 tells it there')
    .option('--allow, --allow-peer <address>', 'who may connect: an IP address or a network; may be repeated', collect)
    .option('--tls', 'by TLS, which is the default')
    .option('--allow-plaintext <reason>', 'why it is sent neither encrypted nor authenticated')
    .option('--reached-by <address>', 'our address as the other machine sees it, where that is another one')
    .optionsGroup('Running:')
    .option('--dry-run', 'print the plan and stop')
    .option('--yes', 'do not ask; wants --label-serial for physical disks')
    .option('--json', 'events and result as JSON on standard output');
  command.action(async (source: string, options: AcquireOptions) => {
    const { acquireCommand } = await import('./commands/acquire.ts');
    // commander gives \`true\` for these when nobody said anything; only a --no-… counts.
    const said = (name: 'readBack' | 'probe') =>
      command.getOptionValueSource(name) === 'cli' ? options[name] : undefined;
    done(await acquireCommand(env, { ...options, source, readBack: said('readBack'), probe: said('probe') }));
  });
}

/** An option that may be given several times. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
