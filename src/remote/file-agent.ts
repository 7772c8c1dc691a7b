import { randomBytes } from 'node:crypto';
import type { RemoteFacts } from '../model/remote.ts';
import type { Clock } from '../system/clock.ts';
import type { SshChannel } from '../system/ssh-link.ts';
import { errnoIn } from './errno.ts';
import { fileProgram, LETTER_OF, type Question } from './file-programs.ts';
import { LookCache, Unanswered } from './look-cache.ts';
import { asRoot, script } from './probe.ts';
import type { RemoteShell, Tally } from './shell.ts';

const PATIENCE_MS = 20_000;
/** Bytes that wait for the end of an answer at most: no file that is asked for is a tenth as long. */
const MOST_WAITING = 16 * 1024 * 1024;

/** Python where it was tried: it answers without a process a question. */
export type AgentFacts = Pick<RemoteFacts, 'rights' | 'python'>;

export interface Asked {
  readonly question: Question;
  readonly path: string;
}

/** A question whose answer is there, or on its way. */
export interface Put extends Asked {
  readonly answer: Promise<Buffer>;
}

interface Pending {
  readonly what: string;
  readonly resolve: (bytes: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One process over there that answers what is asked of its files, in order: the same passive questions that this
 * station's own discovery puts to its kernel, without a command a question. Started at the first question.
 */
export class FileAgent {
  readonly #shell: RemoteShell;
  readonly #facts: AgentFacts;
  readonly #clock: Clock;
  readonly #word = `exhibit-${randomBytes(12).toString('hex')}`;
  readonly #looks = new LookCache((all) => this.#putAll(all));
  #channel: Promise<SshChannel> | null = null;
  /** The one that is listened to. */
  #current: SshChannel | null = null;
  #pending: Pending[] = [];
  #parts: Buffer[] = [];
  /** Bytes in them. */
  #waiting = 0;
  #begun = false;
  /** Grows whenever an answer came, or a question was put while none was open. */
  #steps = 0;

  constructor(shell: RemoteShell, facts: AgentFacts, clock: Clock) {
    this.#shell = shell;
    this.#facts = facts;
    this.#clock = clock;
  }

  /** Work that looks at the machine once; what was asked in it is asked at once when the next one begins. */
  look<T>(work: () => Promise<T>): Promise<T> {
    return this.#looks.look(work);
  }

  /** What stands there; rejects with an error that carries the errno as `code`, as Node's own do. */
  ask(question: Question, path: string): Promise<Buffer> {
    return this.#looks.ask({ question, path });
  }

  async #putAll(all: readonly Asked[]): Promise<Put[]> {
    const broken = all.find(({ path }) => /[\n\0]/.test(path));
    if (broken !== undefined) throw failure('EINVAL', whatOf(broken), 'a path with a line break can not be asked for');
    const channel = await this.#open();
    const put = all.map((asked) => {
      const answer = new Promise<Buffer>((resolve, reject) => {
        if (this.#pending.length === 0) this.#steps += 1;
        this.#pending.push({ what: whatOf(asked), resolve, reject });
      });
      // Whoever wants to know it hears of its failure.
      answer.catch(() => undefined);
      return { ...asked, answer };
    });
    const lines = all.map(({ question, path }) => `${LETTER_OF[question]}\n${path}\n`);
    channel.stdin.write(`${all.length}\n${lines.join('')}`);
    return put;
  }

  close(): void {
    void this.#channel?.then(
      (channel) => {
        channel.stdin.end();
      },
      () => undefined,
    );
  }

  /** One that could not be opened is opened at the next question: there may be room for it then. */
  async #open(): Promise<SshChannel> {
    const opening = (this.#channel ??= this.#start());
    try {
      return await opening;
    } catch (error) {
      if (this.#channel === opening) this.#channel = null;
      throw error;
    }
  }

  async #start(): Promise<SshChannel> {
    const tally: Tally = { outputBytes: 0, stderr: '' };
    const { rights, python } = this.#facts;
    const program = fileProgram(python.known && python.value ? 'python3' : 'sh', this.#word);
    const channel = await this.#shell.open(asRoot(rights, script(...program)), tally);
    this.#current = channel;
    channel.stdin.on('error', () => undefined);
    channel.stderr.on('data', (part: Buffer) => (tally.stderr = (tally.stderr + part.toString()).slice(0, 2000)));
    channel.stdout.on('data', (part: Buffer) => {
      tally.outputBytes += part.length;
      this.#take(part, channel);
    });
    void channel.done.then(() => {
      this.#fail(channel, tally.stderr.trim());
    });
    void this.#watch(channel);
    return channel;
  }

  #take(part: Buffer, channel: SshChannel): void {
    if (channel !== this.#current) return;
    this.#parts.push(part);
    this.#waiting += part.length;
    if (this.#waiting > MOST_WAITING) {
      channel.kill();
      this.#fail(channel, 'it says more than any answer is long');
      return;
    }
    // An answer ends with a line: no need to look at every part of a long one.
    if (part.at(-1) !== 0x0a) return;
    let left: Buffer = Buffer.concat(this.#parts);
    for (let rest = this.#answer(left); rest !== null; rest = this.#answer(left)) left = rest;
    this.#parts = [left];
    this.#waiting = left.length;
  }

  /** Takes one answer off the front; null: it is not whole yet. */
  #answer(bytes: Buffer): Buffer | null {
    if (!this.#begun) {
      const line = `${this.#word}\n`;
      const at = bytes.indexOf(line);
      if (at === -1) return null;
      this.#begun = true;
      return bytes.subarray(at + line.length);
    }
    const at = bytes.indexOf(`\n${this.#word} `);
    const [head, tail] = [at + this.#word.length + 2, ` ${this.#word}\n`];
    const end = at === -1 ? -1 : bytes.indexOf(tail, head);
    if (end === -1) return null;
    const asked = this.#pending.shift();
    this.#steps += 1;
    const [status = '', ...said] = bytes.toString('utf8', head, end).split(' ');
    const complaint = said.join(' ').trim();
    if (status === '0') asked?.resolve(Buffer.from(bytes.subarray(0, at)));
    else asked?.reject(failure(errnoIn(complaint) ?? 'EIO', asked.what, complaint));
    return bytes.subarray(end + tail.length);
  }

  async #watch(channel: SshChannel): Promise<void> {
    const ended = new AbortController();
    void channel.done.then(() => {
      ended.abort();
    });
    while (!ended.signal.aborted) {
      const before = this.#steps;
      await this.#clock.sleep(PATIENCE_MS, ended.signal);
      if (this.#pending.length === 0 || before !== this.#steps) continue;
      channel.kill();
      // What hangs over there keeps its channel open for as long as it hangs.
      this.#fail(channel, `no answer within ${PATIENCE_MS / 1000} seconds`);
      return;
    }
  }

  #fail(channel: SshChannel, why: string): void {
    if (channel !== this.#current) return;
    this.#current = null;
    this.#channel = null;
    this.#begun = false;
    this.#parts = [];
    this.#waiting = 0;
    for (const { reject, what } of this.#pending.splice(0)) {
      reject(this.#shell.lost.aborted ? (this.#shell.lost.reason as Error) : new Unanswered(what, why || 'no answer'));
    }
  }
}

function whatOf({ question, path }: Asked): string {
  return `${question} '${path}'`;
}

function failure(code: string, what: string, why: string): Error {
  return Object.assign(new Error(`${code}: ${why === '' ? 'it failed' : why}, ${what}`), { code });
}
