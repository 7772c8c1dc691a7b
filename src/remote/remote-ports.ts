import { bug } from '../model/errors.ts';
import { valueOf } from '../model/device.ts';
import type { RemoteFacts } from '../model/remote.ts';
import type { Ports } from '../system/ports.ts';
import type { CommandResult, Commands } from '../system/run-command.ts';
import { FileAgent } from './file-agent.ts';
import { asRoot, script } from './probe.ts';
import { remoteFiles } from './remote-files.ts';
import type { RemoteShell } from './shell.ts';
import { Unpacker } from './unpack.ts';

/** Another machine in the place of the station: what asks ports for disks asks it. Time stays ours. */
export interface RemoteMachine {
  readonly shell: RemoteShell;
  readonly facts: RemoteFacts;
  readonly ports: Ports;
  /** It is this very station, by its boot id: its disks have the names that ours have. */
  readonly here: boolean;
  /** The station's: what was packed there is unpacked here. */
  readonly unpacker: Unpacker;
  /** Work that looks at its files once; of several looks each later one takes a fraction of the time of the first. */
  look<T>(work: () => Promise<T>): Promise<T>;
  /** Ends what runs there for us, and the connection. */
  close(): Promise<void>;
}

/**
 * @param ours the station's ports: nothing of its files and commands gets in
 * @param bootId the station's own; null: not known
 */
export function remoteMachine(
  ours: Ports,
  shell: RemoteShell,
  facts: RemoteFacts,
  bootId: string | null = null,
): RemoteMachine {
  const agent = new FileAgent(shell, facts, ours.clock);
  const host = {
    ...ours.host,
    hostname: valueOf(facts.hostname) ?? shell.facts.address.host,
    kernel: valueOf(facts.system) ?? '',
    uid: facts.rights === 'nobody' ? (valueOf(facts.uid) ?? -1) : 0,
    env: {},
  };
  const ports: Ports = { ...ours, files: remoteFiles(agent), commands: remoteCommands(shell, facts), host, root: '' };
  return {
    shell,
    facts,
    ports,
    here: bootId !== null && valueOf(facts.bootId) === bootId,
    unpacker: new Unpacker(ours.commands),
    look: (work) => agent.look(work),
    close: async () => {
      agent.close();
      await shell.close();
    },
  };
}

/** What a shell gives for a command that it does not find (POSIX, 2.8.2). */
const NOT_FOUND = 127;

function remoteCommands(shell: RemoteShell, { rights, tools }: RemoteFacts): Commands {
  const never = (): never => {
    throw bug('streaming from another machine as from a program of this one');
  };
  return {
    which: (name) => tools[name]?.path ?? null,
    async run(argv, options = {}): Promise<CommandResult> {
      if (options.input !== undefined || options.inheritFds !== undefined) throw bug('input for a remote command');
      const limits = {
        ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
        ...(options.maxOutput === undefined ? {} : { maxOutput: options.maxOutput }),
      };
      const result = await shell.run(asRoot(rights, script('exec "$@"', ...argv)), limits);
      const { exit, signal, stdout, stderr, failure } = result;
      const missing = exit === NOT_FOUND;
      return {
        argv: [...argv],
        exit: missing ? null : exit,
        signal,
        stdout: stdout.toString('utf8'),
        stderr,
        failure: missing ? 'missing' : failure,
      };
    },
    stream: never,
    streamBulk: never,
  };
}
