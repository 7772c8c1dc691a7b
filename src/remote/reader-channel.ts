import { createHash, randomBytes } from 'node:crypto';
import { ExhibitError } from '../model/errors.ts';
import { lengthOf, type Range } from '../model/range.ts';
import type { HashTool, RemoteFacts } from '../model/remote.ts';
import { placeOf } from '../model/remote-faults.ts';
import { visible } from '../model/text.ts';
import type { Clock } from '../system/clock.ts';
import type { SshChannel } from '../system/ssh-link.ts';
import { differenceTo, introduced, otherThere, type ExpectedDisk, type Hello } from './channel-hello.ts';
import { asRoot, gently, script } from './probe.ts';
import { parseTold, type Told } from './reader-answer.ts';
import { ddOperands, readerProgram, type DdWays } from './reader-program.ts';
import type { RemoteShell, Tally } from './shell.ts';

export interface ChannelOrder {
  readonly shell: RemoteShell;
  /** Null: whatever stands there. */
  readonly expected: ExpectedDisk | null;
  readonly facts: Pick<RemoteFacts, 'rights'>;
  readonly clock: Clock;
  /** Over there. */
  readonly path: string;
  readonly dd: DdWays;
  readonly hash: HashTool;
}

/** What came of one order. */
export interface RangeAnswer {
  /** As many as dd says that it gave. */
  readonly bytes: Buffer;
  readonly told: Told;
  /** SHA-256 of `bytes`, ours; null where the target told none to compare it with. */
  readonly sha256: string | null;
}

interface Pending {
  readonly id: number;
  readonly range: Range;
  readonly buffer: Buffer;
  readonly blockBytes: number;
  filled: number;
  told: Told | null;
  readonly resolve: (answer: RangeAnswer | 'not-read') => void;
  readonly reject: (error: Error) => void;
}

const HELLO_MS = 30_000;
const KEPT_STDERR = 4000;

/** One loop on the target that reads the ranges it is told to, in order, over a channel of its own. */
export class ReaderChannel {
  readonly hello: Promise<Hello>;
  /** Called when anything came from it. */
  heard: (() => void) | null = null;
  readonly #order: ChannelOrder;
  readonly #word = `exhibit-${randomBytes(16).toString('hex')}`;
  readonly #tally: Tally = { outputBytes: 0, stderr: '' };
  readonly #said = new Map<string, string>();
  #channel: SshChannel | null = null;
  #pending: Pending[] = [];
  #next = 1;
  /** Before the disk's own bytes: what start-up files print, up to our line. */
  #before: Buffer | null = Buffer.alloc(0);
  #line = '';
  #lines: string[] | null = null;
  #greet: (() => void) | null = null;
  #ended: Error | null = null;

  constructor(order: ChannelOrder) {
    this.#order = order;
    this.hello = this.#start();
    this.hello.catch(() => undefined);
  }

  /** False: it is over with, and another one has to be opened. */
  get usable(): boolean {
    return this.#ended === null;
  }

  /** What the program is at: the oldest order without an answer. */
  get current(): Range | null {
    return this.#pending[0]?.range ?? null;
  }

  /**
   * Has a range read in reads of at most `unit` bytes, after those that were ordered before. `not-read`: one before it
   * failed, and nothing was read since. Rejects when the link, or the loop, is gone, and when its account does not add up.
   */
  async read(range: Range, unit: number): Promise<RangeAnswer | 'not-read'> {
    await this.hello;
    if (this.#ended !== null) throw this.#ended;
    const { words, blockBytes } = ddOperands(range, unit, this.#order.dd);
    const id = this.#next++;
    const answer = new Promise<RangeAnswer | 'not-read'>((resolve, reject) => {
      const buffer = Buffer.allocUnsafe(lengthOf(range));
      this.#pending.push({ id, range, buffer, blockBytes, filled: 0, told: null, resolve, reject });
    });
    this.#channel?.stdin.write(`${id} ${words}\n`);
    return answer;
  }

  /** After a failure: what is ordered from now on is read again. */
  goOn(): void {
    this.#channel?.stdin.write('g\n');
  }

  close(): void {
    this.#end(new ExhibitError('interrupted', 'remote.closed', 'The reading over there was ended by us.'));
  }

  async #start(): Promise<Hello> {
    const { shell, facts, path, hash, clock } = this.#order;
    const gentle = gently(script(readerProgram(hash), this.#word, path));
    const channel = await shell.open(asRoot(facts.rights, gentle), this.#tally);
    this.#channel = channel;
    const greeted = new Promise<void>((resolve) => {
      this.#greet = resolve;
    });
    channel.stdin.on('error', () => undefined);
    channel.stderr.on('data', (part: Buffer) => {
      this.heard?.();
      this.#hear(part);
    });
    channel.stdout.on('data', (part: Buffer) => {
      this.heard?.();
      this.#tally.outputBytes += part.length;
      this.#take(part);
    });
    void channel.done.then(async ({ exit }) => {
      // A channel may be seen to end before the connection is.
      if (exit === null && !shell.lost.aborted) await clock.sleep(1000, shell.lost);
      this.#end(
        shell.lost.aborted ? (shell.lost.reason as Error) : this.#died(`it ended with status ${exit ?? 'unknown'}`),
      );
    });
    const late = new AbortController();
    const inTime = await Promise.race([
      greeted.then(() => true),
      channel.done.then(() => true),
      clock.sleep(HELLO_MS, late.signal).then(() => false),
    ]);
    late.abort();
    if (!inTime) this.#end(this.#died(`it did not begin within ${HELLO_MS / 1000} seconds`));
    if (!this.#said.has('hello')) {
      await channel.done;
      throw this.#ended ?? this.#died('it did not begin');
    }
    const hello = introduced(this.#said);
    const other = this.#order.expected === null ? null : differenceTo(this.#order.expected, hello);
    if (other !== null) {
      const error = otherThere(path, placeOf(shell.facts.address), other);
      this.#end(error);
      throw error;
    }
    return hello;
  }

  /** Disk bytes, in the order of the orders: a range is full before the next one begins. */
  #take(part: Buffer): void {
    let bytes = this.#before === null ? part : this.#afterNoise(part);
    while (bytes.length > 0) {
      const order = this.#pending.find(({ filled, buffer }) => filled < buffer.length);
      if (order === undefined) {
        this.#end(this.#died('more bytes came than were ordered'));
        return;
      }
      const taken = bytes.copy(order.buffer, order.filled);
      order.filled += taken;
      bytes = bytes.subarray(taken);
      this.#settle();
    }
  }

  #afterNoise(part: Buffer): Buffer {
    const all = Buffer.concat([this.#before ?? Buffer.alloc(0), part]);
    const line = `\n${this.#word} ready\n`;
    const at = all.indexOf(line);
    this.#before = at === -1 ? all : null;
    return at === -1 ? Buffer.alloc(0) : all.subarray(at + line.length);
  }

  #hear(part: Buffer): void {
    const lines = (this.#line + part.toString('latin1')).split('\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) this.#hearLine(line);
  }

  #hearLine(line: string): void {
    if (!line.startsWith(`${this.#word} `)) {
      if (this.#lines !== null) this.#lines.push(line);
      else this.#tally.stderr = `${this.#tally.stderr}${line}\n`.slice(-KEPT_STDERR);
      return;
    }
    const [, what = '', ...rest] = line.split(' ');
    if (what === 'a') this.#lines = [];
    else if (what === 'z') this.#told(Number(rest[0]));
    else if (what === 's') this.#skipped(Number(rest[0]));
    else this.#said.set(what, rest.join(' '));
    if (what === 'hello') this.#greet?.();
  }

  #told(id: number): void {
    const order = this.#pending.find((each) => each.told === null);
    if (order?.id !== id) {
      this.#end(this.#died('it answered what was not asked'));
      return;
    }
    order.told = parseTold(this.#lines ?? [], order.blockBytes);
    this.#lines = null;
    this.#settle();
  }

  #skipped(id: number): void {
    const index = this.#pending.findIndex((each) => each.id === id);
    const [order] = index === -1 ? [] : this.#pending.splice(index, 1);
    order?.resolve('not-read');
  }

  /** Answers what is whole: dd's account has come, and as many bytes as it tells. */
  #settle(): void {
    for (let first = this.#pending[0]; first?.told != null; first = this.#pending[0]) {
      const { told, filled, buffer } = first;
      const expected = told.exit === 0 ? (told.bytes ?? buffer.length) : told.bytes;
      if (expected === null || filled > expected) {
        const why =
          expected === null ? 'how much dd gave can not be told' : `${filled} bytes came, dd gave ${expected}`;
        this.#end(this.#died(`${why}${told.complaint === '' ? '' : ` (${told.complaint})`}`));
        return;
      }
      if (filled < expected) return;
      this.#pending.shift();
      const bytes = buffer.subarray(0, filled);
      const sha256 = told.sha256 === null ? null : createHash('sha256').update(bytes).digest('hex');
      first.resolve({ bytes, told, sha256 });
    }
  }

  #end(why: Error): void {
    if (this.#ended !== null) return;
    this.#ended = why;
    this.#channel?.stdin.end();
    this.#channel?.kill();
    for (const { reject } of this.#pending.splice(0)) reject(why);
  }

  #died(why: string): ExhibitError {
    const said = this.#tally.stderr.trim().split('\n').at(-1) ?? '';
    const { shell, path } = this.#order;
    const message = `Reading ${visible(path)} on ${placeOf(shell.facts.address)} broke off: ${visible(why)}${said === '' ? '' : ` (${visible(said)})`}.`;
    return new ExhibitError('source', 'remote.reader-died', message, {
      hint: 'No sector was marked bad for it, and what was read is kept. See what ended it over there, then: exhibit resume DIR',
    });
  }
}
