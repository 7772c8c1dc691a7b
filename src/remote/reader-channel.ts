import { randomBytes } from 'node:crypto';
import { ExhibitError, messageOf } from '../model/errors.ts';
import { lengthOf, type Range } from '../model/range.ts';
import type { HashTool, RemoteFacts, RemoteProgram, WireMode } from '../model/remote.ts';
import { placeOf } from '../model/remote-faults.ts';
import type { Clock } from '../system/clock.ts';
import type { SshChannel } from '../system/ssh-link.ts';
import { ChannelBytes } from './channel-bytes.ts';
import { brokeOff, differenceTo, introduced, otherThere, type ExpectedDisk, type Hello } from './channel-hello.ts';
import { ChannelWords } from './channel-words.ts';
import { asRoot, gently, script } from './probe.ts';
import { parseTold, type Told } from './reader-answer.ts';
import type { RateLimit } from './rate-limit.ts';
import { faultOf, mostOfAll, type PendingOrder, RangeAnswer, type SentOrder } from './range-answer.ts';
import { pythonLoop, pythonOperands } from './python-program.ts';
import { ddOperands, LETTERS, readerProgram, type DdWays } from './reader-program.ts';
import { LOSS_SEEN_MS, type RemoteShell, type Tally } from './shell.ts';
import type { Unpacker } from './unpack.ts';

export interface ChannelOrder {
  readonly shell: RemoteShell;
  readonly expected: ExpectedDisk;
  readonly facts: Pick<RemoteFacts, 'rights'>;
  readonly clock: Clock;
  /** Over there. */
  readonly path: string;
  readonly dd: DdWays;
  readonly hash: HashTool;
  readonly program: RemoteProgram;
  /** How what is sent may be packed; what is not named is not asked for. */
  readonly modes: readonly WireMode[];
  readonly unpacker: Unpacker;
  readonly limit: RateLimit;
}

const HELLO_MS = 30_000;

/** One loop on the target that reads the ranges it is told to, in order, over a channel of its own. */
export class ReaderChannel {
  /** Rejects with what ended it before it said who it is: a disk that hangs there is no reason to wait for good. */
  readonly hello: Promise<Hello>;
  /** Called when anything came from it. */
  heard: (() => void) | null = null;
  readonly #order: ChannelOrder;
  readonly #word = `exhibit-${randomBytes(16).toString('hex')}`;
  readonly #tally: Tally = { outputBytes: 0, stderr: '' };
  readonly #words: ChannelWords;
  #channel: SshChannel | null = null;
  readonly #came: ChannelBytes;
  /** When the answer before the next one was whole. */
  #answeredMs = 0;
  #pending: PendingOrder[] = [];
  #next = 1;
  #greet: (() => void) | null = null;
  #ended: Error | null = null;
  readonly #closed = new AbortController();

  constructor(order: ChannelOrder) {
    this.#order = order;
    this.#came = new ChannelBytes(this.#word);
    this.#words = new ChannelWords(this.#word, {
      greeted: () => this.#greet?.(),
      told: (id, lines) => {
        this.#told(id, lines);
      },
      skipped: (id) => {
        this.#skipped(id);
      },
    });
    this.hello = this.#unlessOver(this.#start());
    this.hello.catch((error: unknown) => {
      this.#end(error as Error);
    });
  }

  /** Aborts when it is over with; its reason is why. */
  get over(): AbortSignal {
    return this.#closed.signal;
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
   * Has a range read in reads of at most `unit` bytes, after those that were ordered before. `answer`: `not-read` when one
   * before it failed, and nothing was read since; it rejects when the link, or the loop, is gone, and when its account does
   * not add up. `sent`: it was ordered, which a limit may hold back; never rejects. The way is asked for then.
   */
  order(range: Range, unit: number, mode: () => WireMode): SentOrder {
    const answer = this.#permitted(range).then(() => {
      const ordered = this.#send(range, unit, mode());
      return () => ordered;
    });
    const sent = answer.then(
      () => undefined,
      () => undefined,
    );
    return { sent, answer: answer.then((ordered) => ordered()) };
  }

  async #permitted(range: Range): Promise<void> {
    await this.hello;
    await this.#order.limit.take(lengthOf(range), this.#closed.signal);
    if (this.#ended !== null) throw this.#ended;
  }

  #send(range: Range, unit: number, mode: WireMode): Promise<RangeAnswer | 'not-read'> {
    const { program, dd } = this.#order;
    const { words, blockBytes } =
      program === 'python3' && mode === 'none' ? pythonOperands(range, unit) : ddOperands(range, unit, dd);
    const id = this.#next++;
    const sinceMs = this.#order.clock.monotonicMs();
    const answer = new Promise<RangeAnswer | 'not-read'>((resolve, reject) => {
      this.#pending.push({ id, range, mode, blockBytes, sinceMs, told: null, resolve, reject });
    });
    this.#channel?.stdin.write(`${id} ${LETTERS[mode]} ${words}\n`);
    return answer;
  }

  /** After a failure: what is ordered from now on is read again. */
  goOn(): void {
    this.#channel?.stdin.write('g\n');
  }

  close(): void {
    this.#end(new ExhibitError('interrupted', 'remote.closed', 'The reading over there was ended by us.'));
  }

  #program(): [script: string, ...more: string[]] {
    const { program, hash, modes, dd } = this.#order;
    return program === 'python3' ? pythonLoop(hash, modes, dd.direct) : [readerProgram(hash, modes)];
  }

  async #start(): Promise<Hello> {
    const { clock, path, shell, expected } = this.#order;
    const greeted = new Promise<void>((resolve) => {
      this.#greet = resolve;
    });
    this.#listen(await this.#open());
    const begun = new AbortController();
    await Promise.race([greeted, clock.sleep(HELLO_MS, AbortSignal.any([begun.signal, this.over]))]);
    begun.abort();
    if (!this.#words.said.has('hello')) this.#end(this.#died(`it did not begin within ${HELLO_MS / 1000} seconds`));
    if (this.#ended !== null) throw this.#ended;
    const hello = introduced(this.#words.said);
    const other = differenceTo(expected, hello);
    if (other !== null) throw otherThere(path, placeOf(shell.facts.address), other);
    return hello;
  }

  async #open(): Promise<SshChannel> {
    const { shell, facts, path } = this.#order;
    const [text, ...more] = this.#program();
    const gentle = gently(script(text, this.#word, path, ...more));
    const channel = await shell.open(asRoot(facts.rights, gentle), this.#tally);
    channel.stdin.on('error', () => undefined);
    // It was given up meanwhile: nobody else ends what runs there now.
    if (this.#ended !== null) channel.kill();
    this.#channel = channel;
    return channel;
  }

  #listen(channel: SshChannel): void {
    channel.stderr.on('data', (part: Buffer) => {
      const what = this.#words.hear(part);
      this.#tally.stderr = this.#words.others;
      // What others say there is no sign of reading.
      if (what === 'word') this.heard?.();
      else if (what === 'too-much')
        this.#end(this.#died('more was said there than any program that reads a disk says'));
    });
    channel.stdout.on('data', (part: Buffer) => {
      this.heard?.();
      this.#tally.outputBytes += part.length;
      channel.widen?.();
      this.#take(part);
    });
    void channel.done.then(async ({ exit }) => {
      const { shell, clock } = this.#order;
      // A channel may be seen to end before the connection is.
      if (exit === null && !shell.lost.aborted) await clock.sleep(LOSS_SEEN_MS, shell.lost);
      this.#end(
        shell.lost.aborted ? (shell.lost.reason as Error) : this.#died(`it ended with status ${exit ?? 'unknown'}`),
      );
    });
  }

  #unlessOver<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.over.addEventListener('abort', () => {
        reject(this.over.reason as Error);
      });
      work.then(resolve, reject);
    });
  }

  /** Bytes, in the order of the orders: what belongs to which is known when their number is told. */
  #take(part: Buffer): void {
    if (!this.#came.push(part)) {
      this.#end(this.#died('what is printed there before it begins comes to no end'));
      return;
    }
    if (this.#came.length > mostOfAll(this.#pending, (id) => this.#came.endBytes(id)))
      this.#end(this.#died('more bytes came than were ordered'));
    else this.#settle();
  }

  #told(id: number, lines: readonly string[]): void {
    const order = this.#pending.find((each) => each.told === null);
    if (order?.id !== id) {
      this.#end(this.#died('it answered what was not asked'));
      return;
    }
    order.told = parseTold(lines, order.blockBytes);
    this.#settle();
  }

  /** Something there hashes what is sent. */
  #hashes(mode: WireMode): boolean {
    const { program, hash } = this.#order;
    return hash !== null || (program === 'python3' && mode === 'none');
  }

  #skipped(id: number): void {
    const index = this.#pending.findIndex((each) => each.id === id);
    const [order] = index === -1 ? [] : this.#pending.splice(index, 1);
    order?.resolve('not-read');
  }

  /** Answers what is whole: dd's account has come, as many bytes as it tells, and behind them our line. */
  #settle(): void {
    for (let first = this.#pending[0]; first?.told != null; first = this.#pending[0]) {
      const { told, range, mode } = first;
      const length = told.exit === 0 ? (told.bytes ?? lengthOf(range)) : told.bytes;
      const wire = mode === 'none' ? length : told.wire;
      const end = this.#came.endBytes(first.id);
      const fault = faultOf(first, { length, wire, came: this.#came.length - end, hashed: this.#hashes(mode) });
      if (fault !== null || length === null || wire === null) {
        this.#end(this.#died(`${fault ?? ''}${told.complaint === '' ? '' : ` (${told.complaint})`}`));
        return;
      }
      if (this.#came.length < wire + end) return;
      const parts = this.#came.cut(first.id, wire);
      if (parts === null) {
        this.#end(this.#died('something else was printed among the bytes of the disk'));
        return;
      }
      this.#pending.shift();
      void this.#answer(first, told, parts, length);
    }
    if (this.#pending.length === 0 && this.#came.length > 0) this.#end(this.#died('more bytes came than were ordered'));
  }

  async #answer(
    { mode, sinceMs, resolve, reject }: PendingOrder,
    told: Told,
    parts: Buffer[],
    length: number,
  ): Promise<void> {
    const now = this.#order.clock.monotonicMs();
    const ms = now - Math.max(sinceMs, this.#answeredMs);
    this.#answeredMs = now;
    if (mode === 'none') {
      resolve(new RangeAnswer(parts, told, { mode, wire: length, ms }));
      return;
    }
    const packed = Buffer.concat(parts);
    try {
      const bytes = await this.#order.unpacker.unpack(mode, packed, length, this.#closed.signal);
      resolve(new RangeAnswer([bytes], told, { mode, wire: packed.length, ms }));
    } catch (error) {
      const why = this.#ended ?? this.#died(`what came can not be unpacked by ${mode}: ${messageOf(error)}`);
      reject(why);
      this.#end(why);
    }
  }

  #end(why: Error): void {
    if (this.#ended !== null) return;
    this.#ended = why;
    this.#closed.abort(why);
    this.#channel?.stdin.end();
    this.#channel?.kill();
    for (const { reject } of this.#pending.splice(0)) reject(why);
  }

  #died(why: string): ExhibitError {
    const { shell, path } = this.#order;
    return brokeOff(path, placeOf(shell.facts.address), why, this.#tally.stderr);
  }
}
