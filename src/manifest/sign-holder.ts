import { ExhibitError } from '../model/errors.ts';
import { shellQuote, visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import { askAgent, openAgent, type EphemeralAgent } from './agent.ts';
import { callerAgentSocket } from './keys-caller.ts';
import type { KeyChoice } from './keys.ts';

/** Where the private half is reached: a file, or the agent behind a socket. */
export interface Holder {
  /** Null: the key file itself. */
  readonly socket: string | null;
  /** The agent that was started for this job. */
  readonly own: EphemeralAgent | null;
}

/**
 * Finds who can sign with the key without asking again at the end of the job: its open file, the caller's agent, or
 * an agent of our own into which a person at the terminal unlocks it once.
 */
export async function findHolder(ports: Ports, key: KeyChoice, interactive: boolean): Promise<Holder> {
  // An open key file needs no agent; leaving agents out means that none can get in the way.
  if (key.half === 'private' && !key.locked) return { socket: null, own: null };
  const socket = await callerAgentSocket(ports);
  const answer = socket.known ? await askAgent(ports, socket.value, key.publicKey) : null;
  if (socket.known && answer?.kind === 'holds') return { socket: socket.value, own: null };
  const why = !socket.known
    ? socket.why
    : answer?.kind === 'unclear'
      ? `the agent did not answer: ${answer.words}`
      : 'the agent does not hold it';
  if (key.half === 'public') throw notInAgent(key, why);
  if (!interactive) throw lockedKey(key, why);
  const own = await openAgent(ports, key.path, key.publicKey);
  return { socket: own.socket, own };
}

function lockedKey(key: KeyChoice, why: string): ExhibitError {
  const message = `The key ${visible(key.path)} is locked with a passphrase, nobody can be asked for it here, and ${why}.`;
  return new ExhibitError('signature', 'keys.locked', message, {
    hint: `Load it into your agent first: ssh-add ${shellQuote(key.path)}. Or run from a terminal.`,
  });
}

function notInAgent(key: KeyChoice, why: string): ExhibitError {
  const message = `${visible(key.path)} is only the public half of a key, and ${why}.`;
  return new ExhibitError('signature', 'keys.not-in-agent', message, {
    hint: 'Load the key into your agent (ssh-add FILE), or give the private key file: --key FILE.',
  });
}
