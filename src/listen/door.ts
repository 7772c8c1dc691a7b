import { isAllowed, type IpNet } from '../model/ip-address.ts';
import type { Caller, ListenAddress, Refusal, RefusedCaller, ToldEnd } from '../model/listen.ts';
import { visible } from '../model/text.ts';
import type { Arrival } from '../system/arrival.ts';
import { utc, type Clock } from '../system/clock.ts';
import type { Knock, Listener, OpenListener, ServerIdentity } from '../system/listener.ts';
import { notListening } from './faults.ts';
import { isSameToken, LINE_LIMIT, looksLikeTls, parseFirstLine, type FirstLine } from './words.ts';
import { unlessStopped, within } from './within.ts';

/** Where a door is to be, and who may come in. */
export interface DoorOrder {
  readonly open: OpenListener;
  readonly address: ListenAddress;
  /** Null: plain. */
  readonly identity: ServerIdentity | null;
  /** None: nobody's address is looked at, the token alone decides. */
  readonly allowed: readonly IpNet[];
  readonly clock: Clock;
  /** Milliseconds within which a connection has to tell whose it is, the handshake of TLS included twice. */
  readonly lineMs: number;
  /** Told of the first {@link MOST_TOLD}; the rest is counted. */
  readonly refused: (caller: RefusedCaller) => void;
}

/** A stream that was let in. */
export interface LiveStream {
  readonly caller: Caller;
  readonly arrival: Arrival;
  readonly offset: number;
  /** Its end will be told in a connection of its own. */
  readonly tells: boolean;
  /** Resolves when it was told; never rejects. */
  readonly end: Promise<ToldEnd>;
  /** Nothing more is wanted of it: the next connection may be let in. */
  release(): void;
}

interface Ticket {
  readonly token: string;
  readonly offset: number;
  readonly enter: (stream: LiveStream) => void;
}

/** A connection that has not told who it is. */
interface Waiting {
  readonly knock: Knock;
  /** It made room for another one, and is refused. */
  sentAway: boolean;
}

/** What is known of the stream that lives. */
interface Live {
  readonly token: string;
  /** Whose it is: nobody else tells its end. */
  readonly address: string;
  /** Null: it was told, or never promised. */
  tell: ((end: ToldEnd) => void) | null;
}

const MOST_WAITING = 8;
/** Somebody who scans all night must not fill the record. */
const MOST_TOLD = 100;
const MOST_SAID = 60;

/** Lets in one stream at a time, and of connections only those that tell the right word. */
export class Door {
  readonly #order: DoorOrder;
  readonly #closed = new AbortController();
  #listener: Listener | null = null;
  #ticket: Ticket | null = null;
  #live: Live | null = null;
  /** Who has not told yet who they are, the oldest first. */
  readonly #waiting = new Set<Waiting>();
  #refused = 0;

  /** @throws ExhibitError `listen.port-taken`, `listen.not-ours`, `listen.no-leave`, `listen.failed` */
  static async open(order: DoorOrder): Promise<Door> {
    const door = new Door(order);
    const { host, port } = order.address;
    const onKnock = (knock: Knock): void => void door.#admit(knock);
    door.#listener = await order.open({ host, port, identity: order.identity, onKnock }).catch((cause: unknown) => {
      throw notListening(order.address, cause);
    });
    return door;
  }

  private constructor(order: DoorOrder) {
    this.#order = order;
  }

  get listener(): Pick<Listener, 'address' | 'port' | 'reachable'> {
    if (this.#listener === null) throw new Error('the door is not open');
    return this.#listener;
  }

  /** Connections that were not let in. */
  get refused(): number {
    return this.#refused;
  }

  /** Waits for the stream that tells this token and offset, for as long as it takes. */
  async take(
    { token, offset }: { readonly token: string; readonly offset: number },
    stop: AbortSignal,
  ): Promise<LiveStream | 'stopped'> {
    const come = new Promise<LiveStream>((enter) => {
      this.#ticket = { token, offset, enter };
    });
    const over = AbortSignal.any([stop, this.#closed.signal]);
    const stream = await unlessStopped(over, come);
    this.#ticket = null;
    // It may have come in the very moment in which nobody waited any more.
    if (typeof stream === 'string')
      void come.then((late) => {
        late.arrival.cut();
        late.release();
      });
    return stream;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#ticket = null;
    await this.#listener?.close();
  }

  async #admit(knock: Knock): Promise<void> {
    const refuse = (refusal: Refusal, said = ''): void => {
      this.#refuse(knock, null, refusal, said);
      knock.refuse();
    };
    if (!isAllowed(knock.address, this.#order.allowed)) {
      refuse('not-allowed');
      return;
    }
    if (this.#live?.tell === null) {
      refuse('second-connection');
      return;
    }
    if (this.#waiting.size >= MOST_WAITING) this.#makeRoom();
    const waiting: Waiting = { knock, sentAway: false };
    this.#waiting.add(waiting);
    try {
      const entered = await knock.enter(this.#order.lineMs);
      if (!('why' in entered)) await this.#listen(waiting, entered);
      else if (!waiting.sentAway) refuse(entered.why, entered.said);
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  /**
   * Sends away the oldest that waits, of the address of which most do: a crowd that says nothing must not keep out the
   * one that we wait for, who tells its line at once.
   */
  #makeRoom(): void {
    const all = [...this.#waiting];
    const countOf = (one: Waiting): number => all.filter(({ knock }) => knock.address === one.knock.address).length;
    const away = all.reduce((most, each) => (countOf(each) > countOf(most) ? each : most));
    away.sentAway = true;
    this.#waiting.delete(away);
    this.#refuse(away.knock, null, 'too-many', '');
    away.knock.refuse();
  }

  async #listen(waiting: Waiting, arrival: Arrival): Promise<void> {
    const { knock } = waiting;
    const { line, began } = await this.#firstLine(arrival);
    if (waiting.sentAway) {
      arrival.cut();
      return;
    }
    const refusal = this.#judge(knock, arrival, line);
    if (refusal === null) return;
    const why = refusal === 'no-token' && arrival.tls === null && looksLikeTls(began) ? 'tls-on-plain-port' : refusal;
    this.#refuse(knock, arrival, why, visible(Buffer.from(began.subarray(0, MOST_SAID)).toString('latin1')));
    arrival.cut();
  }

  /** Null: it is let in, or was the end that was waited for. */
  #judge(knock: Knock, arrival: Arrival, line: FirstLine): Refusal | null {
    const live = this.#live;
    if (live !== null) {
      if (line.kind !== 'end' || live.tell === null || !isSameToken(line.token, live.token)) return 'second-connection';
      if (knock.address !== live.address) return 'end-from-elsewhere';
      live.tell(line.end);
      live.tell = null;
      arrival.close();
      return null;
    }
    if (line.kind === 'foreign') return 'no-token';
    const ticket = this.#ticket;
    if (line.kind === 'end' || ticket === null || !isSameToken(line.token, ticket.token)) return 'wrong-token';
    if (line.offset !== ticket.offset) return 'wrong-token';
    // A word is good for one stream.
    this.#ticket = null;
    ticket.enter(this.#begin(knock, arrival, line));
    return null;
  }

  #begin(knock: Knock, arrival: Arrival, line: Extract<FirstLine, { kind: 'stream' }>): LiveStream {
    const live: Live = { token: line.token, address: knock.address, tell: null };
    const end = new Promise<ToldEnd>((resolve) => {
      if (line.told) live.tell = resolve;
    });
    this.#live = live;
    const release = (): void => {
      if (this.#live === live) this.#live = null;
    };
    return { caller: this.#callerOf(knock, arrival), arrival, offset: line.offset, tells: line.told, end, release };
  }

  async #firstLine(arrival: Arrival): Promise<{ line: FirstLine; began: Uint8Array }> {
    const { clock, lineMs } = this.#order;
    const deadline = clock.monotonicMs() + lineMs;
    let began = Buffer.alloc(0);
    while (began.length <= LINE_LIMIT) {
      const left = Math.max(0, deadline - clock.monotonicMs());
      const got = await within(clock, left, this.#closed.signal, arrival.next());
      if (!(got instanceof Uint8Array)) break;
      began = Buffer.concat([began, got]);
      const at = began.indexOf('\n');
      if (at < 0) continue;
      if (at > LINE_LIMIT) break;
      const line = parseFirstLine(began.toString('latin1', 0, at));
      if (line.kind === 'stream') arrival.unread(began.subarray(at + 1));
      return { line, began };
    }
    return { line: { kind: 'foreign' }, began };
  }

  #refuse(knock: Knock, arrival: Arrival | null, refusal: Refusal, said: string): void {
    this.#refused += 1;
    if (this.#refused <= MOST_TOLD && !this.#closed.signal.aborted)
      this.#order.refused({ ...this.#callerOf(knock, arrival), refusal, said });
  }

  #callerOf(knock: Knock, arrival: Arrival | null): Caller {
    const at = utc(this.#order.clock.wallMs());
    return { address: knock.address, port: knock.port, at, tls: arrival?.tls ?? null };
  }
}
