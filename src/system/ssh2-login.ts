import type { AnyAuthMethod, AuthHandlerMiddleware, ParsedKey } from 'ssh2';
import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { Credential } from './ssh-link.ts';

/** As OpenSSH's NumberOfPasswordPrompts. */
const TRIES = 3;
/** The server's word for each kind. */
const METHOD: Readonly<Record<Credential['kind'], string>> = {
  agent: 'publickey',
  key: 'publickey',
  password: 'password',
  'keyboard-interactive': 'keyboard-interactive',
};

/** The library's own: an Error for what it can't read. */
type ParseKey = (bytes: Buffer, passphrase?: string) => ParsedKey | Error | readonly ParsedKey[];

/** Goes through the ways of being let in, one after the other, and remembers what was tried. */
export class LoginAttempts {
  readonly tried: string[] = [];
  /** What the server takes; null: it did not say. */
  accepted: readonly string[] | null = null;
  /** How we got in, once we are. */
  succeeded: string | null = null;
  failure: ExhibitError | null = null;
  readonly #user: string;
  readonly #left: Credential[];
  #asked = false;
  #passwordTries = 0;

  readonly #parseKey: ParseKey;

  constructor(user: string, credentials: readonly Credential[], parseKey: ParseKey) {
    this.#user = user;
    this.#parseKey = parseKey;
    this.#left = [...credentials];
  }

  get begun(): boolean {
    return this.#asked;
  }

  /** For ssh2: which way is next. Asking "none" first tells which ways the server takes, and costs nothing. */
  readonly handler: AuthHandlerMiddleware = (left, _partial, next) => {
    if (!this.#asked) {
      this.#asked = true;
      this.succeeded = 'none';
      next({ type: 'none', username: this.#user });
      return;
    }
    this.accepted = left;
    void this.#next().then(
      (method) => {
        next(method ?? (false as never));
      },
      (error: unknown) => {
        this.#fail(error);
        next(false as never);
      },
    );
  };

  /** Whoever is asked may be told to stop. */
  #fail(error: unknown): void {
    this.failure = error instanceof ExhibitError ? error : null;
  }

  async #next(): Promise<AnyAuthMethod | null> {
    for (let next = this.#left[0]; next !== undefined; next = this.#left[0]) {
      const method = this.#isTaken(next) ? await this.#methodOf(next) : this.#skip(next);
      if (method !== null) return method;
    }
    this.succeeded = null;
    return null;
  }

  #isTaken({ kind }: Credential): boolean {
    return this.accepted === null || this.accepted.includes(METHOD[kind]);
  }

  #skip(way: Credential): null {
    this.#left.shift();
    if (way.kind === 'key' || way.kind === 'agent') this.tried.push(`${nameOf(way)} (not offered: it takes no keys)`);
    return null;
  }

  /** Null: this way can't be tried, or not again. */
  async #methodOf(way: Credential): Promise<AnyAuthMethod | null> {
    const username = this.#user;
    switch (way.kind) {
      case 'agent':
        return this.#once(way, { type: 'agent', username, agent: way.socket });
      case 'key':
        return this.#key(way);
      case 'password': {
        const password = this.#passwordTries < TRIES ? await way.ask(this.#passwordTries) : null;
        this.#passwordTries += 1;
        if (password === null) {
          this.#left.shift();
          return null;
        }
        return this.#try(way, { type: 'password', username, password });
      }
      case 'keyboard-interactive':
        return this.#once(way, {
          type: 'keyboard-interactive',
          username,
          prompt: (name, instructions, _language, prompts, finish) => {
            const asked = prompts.map(({ prompt, echo }) => ({ text: prompt, echo: echo === true }));
            way.answer({ name, instructions, prompts: asked }).then(
              (answers) => {
                finish([...(answers ?? [])]);
              },
              (error: unknown) => {
                this.#fail(error);
                finish([]);
              },
            );
          },
        });
    }
  }

  async #key(way: Extract<Credential, { kind: 'key' }>): Promise<AnyAuthMethod | null> {
    const key = Buffer.from(way.bytes);
    for (let tries = 0; ; tries += 1) {
      const passphrase = tries === 0 ? null : await way.passphrase(tries - 1);
      if (tries > 0 && (passphrase === null || tries > TRIES)) {
        return this.#unused(way, 'its passphrase was not given');
      }
      const unfit = this.#whyUnfit(key, passphrase ?? undefined);
      if (unfit === null) {
        const secret = passphrase === null ? {} : { passphrase };
        return this.#once(way, { type: 'publickey', username: this.#user, key, ...secret });
      }
      // What OpenSSH's and PEM files say without the right passphrase.
      if (!/passphrase|encrypted|decrypt|integrity/i.test(unfit)) return this.#unused(way, visible(unfit));
    }
  }

  #unused(way: Credential, why: string): null {
    this.#left.shift();
    this.tried.push(`${nameOf(way)} (not used: ${why})`);
    return null;
  }

  /** Null: it is a private key that can sign. */
  #whyUnfit(bytes: Buffer, passphrase: string | undefined): string | null {
    const parsed = this.#parseKey(bytes, passphrase);
    if (parsed instanceof Error) return parsed.message;
    const key = Array.isArray(parsed) ? (parsed as readonly ParsedKey[])[0] : (parsed as ParsedKey);
    return key?.isPrivateKey() === true ? null : 'it is no private key';
  }

  #once(way: Credential, method: AnyAuthMethod): AnyAuthMethod {
    this.#left.shift();
    return this.#try(way, method);
  }

  #try(way: Credential, method: AnyAuthMethod): AnyAuthMethod {
    const name = nameOf(way);
    if (this.tried.at(-1) !== name) this.tried.push(name);
    this.succeeded = name;
    return method;
  }
}

function nameOf(way: Credential): string {
  return way.kind === 'key' ? `key ${way.path}` : way.kind;
}
