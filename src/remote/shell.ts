import { randomBytes } from 'node:crypto';
import { ExhibitError } from '../model/errors.ts';
import type { LinkFacts, RemoteRun } from '../model/remote.ts';
import { noAnswer } from '../model/remote-faults.ts';
import type { Clock } from '../system/clock.ts';
import type { RemoteEnd, SshChannel, SshLink } from '../system/ssh-link.ts';
import { shellLine } from './quote.ts';

/** What a command over there left behind. That it failed, hung or said too much is a value. */
export interface RemoteResult extends RemoteEnd {
  /** As it was asked for, without what is put around every command. */
  readonly argv: readonly string[];
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly failure: 'timeout' | 'too-much-output' | null;
}

/** How long a command may take, and how much it may say. */
export interface RemoteRunOptions {
  /** Default 20 s. */
  readonly timeoutMs?: number;
  /** Bytes of standard output kept at most (default 16 MiB); more is a failure, not a cut. */
  readonly maxOutput?: number;
}

/** What came of a command that is spoken with, counted by whoever reads it. */
export interface Tally {
  outputBytes: number;
  stderr: string;
}

/** The other machine's programs. Everything that is run is kept as our footprint there. */
export interface RemoteShell {
  readonly facts: LinkFacts;
  readonly lost: AbortSignal;
  readonly footprint: readonly RemoteRun[];
  /** What start-up files of the login shell print before anything runs: the first of it that was met; untrusted. */
  readonly noise: string | null;
  /** Runs a command to its end, in the language C. Rejects only when the connection is lost. */
  run(argv: readonly string[], options?: RemoteRunOptions): Promise<RemoteResult>;
  /** Starts a command that is spoken with. It stands in the footprint when it has ended, with what the speaker tallied. */
  open(argv: readonly string[], tally?: Tally): Promise<SshChannel>;
  close(): Promise<void>;
}

const PATIENCE_MS = 20_000;
const KEPT_OUTPUT = 16 * 1024 * 1024;
const KEPT_STDERR = 64 * 1024;
/** A channel may be seen to end so much before the connection is. */
export const LOSS_SEEN_MS = 1000;
/** A channel that was closed counts over there until its program has ended. */
const ROOM_WITHIN_MS = 5000;
const ASK_AGAIN_MS = 100;
/**
 * A channel with its command is two answers of the server's own: a second over the worst link that is still alive, and some
 * more where the machine swaps. Silence of the link is noticed long before.
 */
const CHANNEL_WITHIN_MS = 20_000;
const UNANSWERED = 'remote.no-answer';

/** Nobody said how the command ended. */
function isNobodys({ exit, signal, failure }: RemoteResult): boolean {
  return exit === null && signal === null && failure === null;
}

/** Says a word of ours on both outputs before the command says anything: what comes before it are start-up files. */
const MARKED = 'echo "$0"; echo "$0" >&2; exec "$@"';
const KEPT_NOISE = 2000;

/** Commands with their words quoted, over whichever transport. */
export function remoteShell(link: SshLink, clock: Clock): RemoteShell {
  const footprint: RemoteRun[] = [];
  const mark = `exhibit-${randomBytes(12).toString('hex')}`;
  let noise: string | null = null;
  const start = async (argv: readonly string[]) => {
    const began = clock.monotonicMs();
    const record = ({ exit, signal }: RemoteEnd, outputBytes: number, stderr: string): void => {
      footprint.push({ argv, exit, signal, ms: Math.round(clock.monotonicMs() - began), outputBytes, stderr });
    };
    const opening = inTime(link, argv, clock);
    try {
      return { channel: await opening, record };
    } catch (error) {
      if (hasCode(error, UNANSWERED)) record({ exit: null, signal: null }, 0, '');
      throw error;
    }
  };
  return {
    facts: link.facts,
    lost: link.lost,
    footprint,
    get noise() {
      return noise;
    },
    async run(words, options = {}) {
      const { channel, record } = await whenThereIsRoom(() => start(['sh', '-c', MARKED, mark, ...inC(words)]), clock);
      const raw = await toEnd(channel, words, options, clock);
      const [out, complaints] = [behind(raw.stdout, mark), behind(Buffer.from(raw.stderr), mark)];
      const result = { ...raw, stdout: out.rest, stderr: complaints.rest.toString() };
      const before = (out.before + complaints.before).trim();
      if (before !== '') noise ??= before.slice(0, KEPT_NOISE);
      record(result, result.stdout.length, result.stderr);
      // A channel may be seen to end before the connection is.
      if (isNobodys(result)) await clock.sleep(LOSS_SEEN_MS, link.lost);
      if (link.lost.aborted) throw link.lost.reason as Error;
      return result;
    },
    async open(words, tally = { outputBytes: 0, stderr: '' }) {
      const { channel, record } = await start(inC(words));
      void channel.done.then((end) => {
        record(end, tally.outputBytes, tally.stderr);
      });
      return channel;
    },
    close: () => link.close(),
  };
}

/**
 * A server gives so many channels at a time (MaxSessions): begins again, for a while, where it gives none. The refusal
 * is thrown on when it lasts, or when somebody says stop.
 * @param mayWait asked at the first refusal; false: nothing there will make room
 */
export async function whenThereIsRoom<T>(
  begin: () => Promise<T>,
  clock: Clock,
  stop?: AbortSignal | null,
  mayWait = () => true,
): Promise<T> {
  let until: number | null = null;
  for (;;) {
    try {
      return await begin();
    } catch (error) {
      if (!hasCode(error, 'remote.no-channel') || (until === null && !mayWait())) throw error;
      until ??= clock.monotonicMs() + ROOM_WITHIN_MS;
      if (clock.monotonicMs() > until || stop?.aborted === true) throw error;
      await clock.sleep(ASK_AGAIN_MS, stop ?? undefined);
    }
  }
}

async function inTime(link: SshLink, argv: readonly string[], clock: Clock): Promise<SshChannel> {
  const [answered, tooLate] = [new AbortController(), new AbortController()];
  void clock.sleep(CHANNEL_WITHIN_MS, answered.signal).then(() => {
    if (!answered.signal.aborted) tooLate.abort(noAnswer(link.facts.address, CHANNEL_WITHIN_MS));
  });
  try {
    return await link.exec(shellLine(argv), tooLate.signal);
  } finally {
    answered.abort();
  }
}

/** The host gives no further channel, or none that it answers for. */
export function isRefused(error: unknown): boolean {
  return hasCode(error, 'remote.no-channel') || hasCode(error, UNANSWERED);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof ExhibitError && error.code === code;
}

/** What a command said behind the mark. Without one it was never started: all that was said is why. */
function behind(said: Buffer, mark: string): { before: string; rest: Buffer } {
  const at = said.indexOf(`${mark}\n`);
  if (at === -1) return { before: '', rest: said };
  return { before: said.toString('utf8', 0, at), rest: said.subarray(at + mark.length + 1) };
}

/** What programs say is looked at. */
export function inC(argv: readonly string[]): readonly string[] {
  return ['env', 'LC_ALL=C', ...argv];
}

async function toEnd(
  channel: SshChannel,
  argv: readonly string[],
  { timeoutMs = PATIENCE_MS, maxOutput = KEPT_OUTPUT }: RemoteRunOptions,
  clock: Clock,
): Promise<RemoteResult> {
  let failure: RemoteResult['failure'] = null;
  const parts: Buffer[] = [];
  let [kept, stderr] = [0, ''];
  const giveUp = (why: RemoteResult['failure']): void => {
    failure ??= why;
    channel.kill();
  };
  channel.stdout.on('data', (part: Buffer) => {
    kept += part.length;
    if (kept <= maxOutput) parts.push(part);
    else giveUp('too-much-output');
  });
  channel.stderr.on('data', (part: Buffer) => (stderr = keep(stderr, part)));
  channel.stdin.on('error', () => undefined);
  channel.stdin.end();
  const ended = new AbortController();
  const late = clock.sleep(timeoutMs, ended.signal).then((): null => null);
  const end = await Promise.race([channel.done, late]);
  ended.abort();
  if (end === null) giveUp('timeout');
  const nobody: RemoteEnd = { exit: null, signal: null };
  return { argv, ...(end ?? nobody), stdout: Buffer.concat(parts), stderr, failure };
}

function keep(text: string, part: Buffer): string {
  return text.length >= KEPT_STDERR ? text : (text + part.toString('utf8')).slice(0, KEPT_STDERR);
}

/** How a command went, as a phrase for people; untrusted text in it. */
export function howItEnded({ exit, signal, failure, stderr }: Omit<RemoteResult, 'stdout' | 'argv'>): string {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  const end = failure ?? (exit === null ? `ended by ${signal ?? 'nobody knows what'}` : `exit ${exit}`);
  return said === '' ? end : `${end}: ${said}`;
}
