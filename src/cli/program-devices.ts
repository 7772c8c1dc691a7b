import type { Command } from 'commander';
import type { ShowOptions } from './commands/devices-show.ts';
import type { Env } from './env.ts';
import type { RemoteOptions } from './remote-machine.ts';

interface Options extends RemoteOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** How another machine is reached. */
export function addRemoteOptions(command: Command): Command {
  return command
    .optionsGroup('Another machine:')
    .option('--identity <file>', 'the private key that lets us in')
    .option('--host-key <fingerprint>', 'SHA256:… of the key by which the machine must prove who it is')
    .option('--transport <transport>', 'ssh2 (default), or openssh: the ssh of this station, with its configuration');
}

/** `exhibit devices`, `devices --watch`, `devices show`. */
export function addDevices(program: Command, env: Env, done: (exit: number) => void): void {
  const devices = program
    .command('devices')
    .description(
      'List the disks of this station, or of another one. Passive: nothing is asked of the disks themselves.',
    )
    .argument('[machine]', 'ssh://user@host[:port]')
    .option('--watch', 'then follow what is plugged in, pulled out and changed, until Ctrl-C')
    .option('--json', 'JSON on standard output')
    .action(async (machine: string | undefined, options: Options) => {
      if (machine !== undefined) {
        const { remoteDevicesCommand } = await import('./commands/remote-devices.ts');
        done(await remoteDevicesCommand(env, machine, options));
        return;
      }
      if (options.watch === true) {
        const { devicesWatchCommand } = await import('./commands/devices-watch.ts');
        done(await devicesWatchCommand(env, options));
        return;
      }
      const { devicesCommand } = await import('./commands/devices.ts');
      done(await devicesCommand(env, options));
    });
  addRemoteOptions(devices);
  devices
    .command('show')
    .description(
      'Show everything that is known of one device, with the place that says so, and what it answers when asked.',
    )
    .argument('<device>', '/dev/…, a link to it, or a name of /dev/disk/by-id')
    .option('--no-probe', 'ask nothing of the device itself')
    .option('--vendor-query', "put its maker's query to a Tableau write blocker")
    .option('--json', 'one JSON object on standard output')
    .action(async (name: string, _: ShowOptions, command: Command) => {
      // commander gives an option that both have to the parent, wherever it stands.
      const { devicesShowCommand } = await import('./commands/devices-show.ts');
      done(await devicesShowCommand(env, name, command.optsWithGlobals<ShowOptions>()));
    });
}
