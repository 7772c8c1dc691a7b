import { join } from 'node:path';
import { visible } from '../model/text.ts';
import { ExhibitError } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';
import { requireTool, wordsOf } from './sign-tool.ts';

/** An ssh-agent of our own that holds one unlocked key for as long as a job runs. */
export interface EphemeralAgent {
  readonly socket: string;
  /** Ends the agent and removes its folder. May be called twice. */
  close(): Promise<void>;
}

/** Whether an agent holds a key; `unclear` when it could not be asked. */
export type AgentAnswer = { readonly kind: 'holds' | 'lacks' } | { readonly kind: 'unclear'; readonly words: string };

const ASK_TIMEOUT_MS = 5_000;
const START_TIMEOUT_MS = 10_000;

/** The variables that decide how OpenSSH asks the person, and which agent it uses; null: none. */
export function sshEnvironment(ports: Ports, socket: string | null): Record<string, string> {
  const names = ['SSH_ASKPASS', 'SSH_ASKPASS_REQUIRE', 'DISPLAY', 'WAYLAND_DISPLAY', 'SSH_SK_PROVIDER'];
  const passed = names.flatMap((name) => {
    const value = ports.host.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  // OpenSSH takes an empty SSH_AUTH_SOCK as "no agent"; leaving it out would let our own through.
  return { ...Object.fromEntries(passed), SSH_AUTH_SOCK: socket ?? '' };
}

/** Asks an agent for its keys (`ssh-add -L`) and looks for this one (`type base64`). */
export async function askAgent(
  ports: Ports,
  socket: string,
  publicKey: string,
  timeoutMs = ASK_TIMEOUT_MS,
): Promise<AgentAnswer> {
  const result = await ports.commands.run(['ssh-add', '-L'], { env: sshEnvironment(ports, socket), timeoutMs });
  // Status 1 with "The agent has no identities." is an answer; 2 is "could not be asked".
  if (result.exit === 1) return { kind: 'lacks' };
  if (result.exit !== 0) return { kind: 'unclear', words: wordsOf(result) };
  const holds = result.stdout.split('\n').some((line) => line === publicKey || line.startsWith(`${publicKey} `));
  return { kind: holds ? 'holds' : 'lacks' };
}

/** Starts an agent, lets ssh-add ask for the passphrase of `keyFile` once, and checks that the agent then holds the key. */
export async function openAgent(ports: Ports, keyFile: string, publicKey: string): Promise<EphemeralAgent> {
  const agent = await startAgent(ports);
  try {
    const added = await ports.commands.run(['ssh-add', '-q', keyFile], {
      env: sshEnvironment(ports, agent.socket),
      interactive: true,
    });
    if (added.exit !== 0) throw notUnlocked(keyFile);
    const answer = await askAgent(ports, agent.socket, publicKey);
    if (answer.kind !== 'holds') throw notUnlocked(keyFile);
    return agent;
  } catch (error) {
    await agent.close();
    throw error;
  }
}

async function startAgent(ports: Ports): Promise<EphemeralAgent> {
  requireTool(ports, 'ssh-agent');
  const folder = await ports.files.makePrivateFolder('exhibit-agent-');
  const socket = join(folder, 'socket');
  const child = ports.commands.stream(agentArgv(ports, socket), { env: sshEnvironment(ports, null) });
  child.stdout.resume();
  const close = async (): Promise<void> => {
    child.kill();
    await child.done;
    await ports.files.removePrivateFolder(folder);
  };
  const ended = new AbortController();
  const end = child.done.then((result) => {
    ended.abort();
    return result;
  });
  const deadline = ports.clock.monotonicMs() + START_TIMEOUT_MS;
  while (!ended.signal.aborted && ports.clock.monotonicMs() < deadline) {
    if ((await ports.files.statOrNull(socket)) !== null) return { socket, close };
    await ports.clock.sleep(10, ended.signal);
  }
  await close();
  throw new ExhibitError('signature', 'keys.agent', `ssh-agent did not start: ${wordsOf(await end)}.`, {
    hint: 'Load the key into your own agent first: ssh-add FILE.',
  });
}

/** ssh-agent is set-group-ID on Debian, which would undo "die with the parent"; without new privileges that leash holds. */
function agentArgv(ports: Ports, socket: string): string[] {
  const leash = ports.commands.which('setpriv') === null ? [] : ['setpriv', '--no-new-privs'];
  return [...leash, 'ssh-agent', '-D', '-a', socket];
}

function notUnlocked(keyFile: string): ExhibitError {
  return new ExhibitError('signature', 'keys.passphrase', `${visible(keyFile)} was not unlocked.`, {
    hint: 'Try again with the right passphrase, or load the key into your agent first: ssh-add FILE.',
  });
}
