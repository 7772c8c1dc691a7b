import { errnoOf, ExhibitError } from '../model/errors.ts';
import type { RemoteAddress } from '../model/remote.ts';
import { placeOf } from '../model/remote-faults.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import type { Challenge, Credential } from '../system/ssh-link.ts';

/** Whom secrets are asked of. */
export interface Asker {
  readonly canAsk: boolean;
  askSecret(question: string): Promise<string | null>;
  ask(question: string): Promise<string | null>;
}

/** Where this person's keys, agent and known hosts are. */
export interface Person {
  readonly home: string;
  /** Null: none is running, or it can't be found. */
  readonly agentSocket: string | null;
  /** `--identity FILE`: then no other key is tried, not the agent's either. */
  readonly identity: string | null;
  /** How the system's own `ssh` runs as this person; not given: we are that person. */
  readonly caller?: { readonly as: readonly string[]; readonly env: Readonly<Record<string, string>> };
}

const USUAL_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
const KEY_LIMIT = 64 * 1024;

/** The ways of being let in, in the order in which they are tried: nothing that has to be typed before it has to be. */
export async function credentialsOf(
  ports: Ports,
  place: RemoteAddress,
  person: Person,
  asker: Asker,
): Promise<Credential[]> {
  const keys =
    person.identity === null ? await usualKeys(ports, person, asker) : [await identity(ports, person.identity, asker)];
  const agent: Credential[] =
    person.identity === null && person.agentSocket !== null ? [{ kind: 'agent', socket: person.agentSocket }] : [];
  return [...agent, ...keys, ...(asker.canAsk ? typed(place, asker) : [])];
}

function typed(place: RemoteAddress, asker: Asker): Credential[] {
  return [
    { kind: 'keyboard-interactive', answer: (round) => answerAll(place, round, asker) },
    {
      kind: 'password',
      ask: (tries) => asker.askSecret(`${tries === 0 ? '' : 'Not that one. '}Password of ${placeOf(place)}: `),
    },
  ];
}

async function answerAll(place: RemoteAddress, round: Challenge, asker: Asker): Promise<readonly string[] | null> {
  const answers: string[] = [];
  for (const { text, echo } of round.prompts) {
    const question = `${placeOf(place)} asks: ${visible(text.trim())} `;
    const answer = await (echo ? asker.ask(question) : asker.askSecret(question));
    if (answer === null) return null;
    answers.push(answer);
  }
  return answers;
}

async function usualKeys(ports: Ports, { home }: Person, asker: Asker): Promise<Credential[]> {
  const found = await Promise.all(
    USUAL_KEYS.map(async (name): Promise<Credential[]> => {
      const path = `${home}/.ssh/${name}`;
      const bytes = await ports.files.readBytes(path, KEY_LIMIT).catch(() => null);
      return bytes === null ? [] : [keyOf(path, bytes, asker)];
    }),
  );
  return found.flat();
}

async function identity(ports: Ports, path: string, asker: Asker): Promise<Credential> {
  try {
    return keyOf(path, await ports.files.readBytes(path, KEY_LIMIT), asker);
  } catch (cause) {
    const message = `The key ${visible(path)} can not be read (${errnoOf(cause) ?? 'unknown error'}).`;
    throw new ExhibitError('usage', 'remote.identity', message, {
      hint: '--identity names the private file of a key that the other machine knows.',
      cause,
    });
  }
}

function keyOf(path: string, bytes: Uint8Array, asker: Asker): Credential {
  const ask = (tries: number): Promise<string | null> =>
    asker.askSecret(`${tries === 0 ? '' : 'Not that one. '}Passphrase of ${visible(path)}: `);
  return { kind: 'key', path, bytes, passphrase: (tries) => (asker.canAsk ? ask(tries) : Promise.resolve(null)) };
}
