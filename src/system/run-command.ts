import type { Socket } from 'node:net';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { execa } from 'execa';
import { openBulkPipe } from './bulk-pipe.ts';
import { findProgram } from './find-program.ts';

/** What a finished command left behind. A command that fails, hangs or is missing is a value, never an exception. */
export interface CommandResult {
  readonly argv: readonly string[];
  /** Exit status, or null when a signal or a missing program ended it. */
  readonly exit: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Why there is no regular exit status to judge. */
  readonly failure: 'missing' | 'timeout' | 'aborted' | 'too-much-output' | null;
}

export interface RunOptions {
  readonly timeoutMs?: number;
  readonly input?: string | Uint8Array;
  /** Added to the environment; `LC_ALL=C` is always set. */
  readonly env?: Readonly<Record<string, string>>;
  /** Our descriptors that the command inherits, as its 3, 4, … */
  readonly inheritFds?: readonly number[];
  /** The descriptor it gets as standard input. */
  readonly stdinFd?: number;
  /** Standard input and error stay the terminal's: the command may ask the person. Standard output is still captured. */
  readonly interactive?: boolean;
  readonly signal?: AbortSignal;
  /** Bytes of output kept at most (default 16 MiB); more is a failure, not a cut. */
  readonly maxOutput?: number;
  readonly cwd?: string;
}

/** How a streamed command is started. */
export interface StreamOptions extends Pick<RunOptions, 'stdinFd' | 'inheritFds' | 'env'> {
  readonly pipeStdin?: boolean;
  /** Its standard error comes as a stream, and is not kept. */
  readonly pipeStderr?: boolean;
  /** What it says stays to be read after its end; Node throws away what nobody listened to by then. */
  readonly keepUnread?: boolean;
}

/** A running command whose standard output is a stream of bytes. End of stream is not success: judge `done`. */
export interface StreamedCommand {
  readonly argv: readonly string[];
  readonly pid: number | undefined;
  readonly stdout: Readable;
  /** A pipe to its standard input, when `pipeStdin` asked for one. */
  readonly stdin: Writable | null;
  /** Its standard error, when `pipeStderr` asked for it. */
  readonly stderr: Readable | null;
  /** Resolves, never rejects, when the command has ended. `stdout` of the result is empty. */
  readonly done: Promise<CommandResult>;
  /** Kills at once (SIGKILL), with what it has started; does not wait for a child stuck in the kernel. */
  kill(): void;
}

/** A running command that delivers a great deal. End of output is not success: judge `done`. */
export interface BulkCommand {
  readonly argv: readonly string[];
  /** The next bytes of its standard output, valid until the next call; null at the end. */
  next(): Promise<Uint8Array | null>;
  readonly done: Promise<CommandResult>;
  /** Kills at once and stops reading; does not wait for a child stuck in the kernel. */
  kill(): void;
}

/**
 * Programs of the station. Children are started in a session of their own, so that a terminal's Ctrl-C reaches only
 * us; with `setpriv --pdeathsig` where it exists, so that they die with us even by SIGKILL.
 */
export interface Commands {
  /** Absolute path of a program on PATH (and the sbin folders), or null. */
  which(name: string): string | null;
  run(argv: readonly string[], options?: RunOptions): Promise<CommandResult>;
  stream(argv: readonly string[], options?: StreamOptions): StreamedCommand;
  /** As `stream`, for gigabytes. */
  streamBulk(argv: readonly string[], options?: Omit<StreamOptions, 'pipeStdin' | 'pipeStderr'>): Promise<BulkCommand>;
}

const KEPT_OUTPUT = 16 * 1024 * 1024;
const KEPT_UNREAD = 65_536;

export function systemCommands(path: string = process.env['PATH'] ?? ''): Commands {
  const which = (name: string): string | null => findProgram(name, path);
  const leash = which('setpriv');

  const launchArgv = (argv: readonly string[], leashed: boolean): [string, string[]] | null => {
    const [name = '', ...rest] = argv;
    const program = which(name);
    if (program === null) return null;
    return leashed && leash !== null ? [leash, ['--pdeathsig', 'KILL', '--', program, ...rest]] : [program, rest];
  };

  /** A child in a session of its own, whose standard error is kept and whose standard output goes where it is told. */
  const start = (argv: readonly string[], options: StreamOptions, stdout: 'pipe' | Socket) => {
    const launch = launchArgv(argv, true);
    if (launch === null) throw new Error(`${argv[0] ?? ''} is not installed`);
    const stdin = options.stdinFd ?? (options.pipeStdin === true ? 'pipe' : 'ignore');
    const child = execa(launch[0], launch[1], {
      stdio: [stdin, stdout, 'pipe', ...(options.inheritFds ?? [])] as never,
      env: { ...options.env, LC_ALL: 'C' },
      reject: false,
      encoding: 'buffer',
      buffer: { stdout: false, stderr: options.pipeStderr !== true },
      stripFinalNewline: false,
      detached: true,
      cleanup: true,
      forceKillAfterDelay: false,
    });
    let ended = false;
    const done = child.then((result) => {
      ended = true;
      return toResult(argv, result as unknown as RawResult);
    });
    const kill = (): void => {
      if (!ended) killGroup(child.pid);
    };
    return { child, done, kill };
  };

  return {
    which,
    async run(argv, options = {}) {
      const launch = launchArgv(argv, options.interactive !== true);
      if (launch === null) return missing(argv);
      const interactive = options.interactive === true;
      const child = execa(launch[0], launch[1], {
        stdio: stdioOf(options) as never,
        ...(options.input === undefined ? {} : { input: options.input }),
        env: { ...options.env, LC_ALL: 'C' },
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        reject: false,
        stripFinalNewline: false,
        detached: !interactive,
        cleanup: !interactive,
        killSignal: 'SIGKILL',
        forceKillAfterDelay: false,
        maxBuffer: options.maxOutput ?? KEPT_OUTPUT,
        ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
        ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
      });
      const unleash = interactive ? () => undefined : killGroupAfter(child.pid, options);
      const result = await child.finally(unleash);
      return toResult(argv, result as unknown as RawResult);
    },
    stream(argv, options = {}) {
      const { child, done, kill } = start(argv, options, 'pipe');
      const keep = (stream: Readable): Readable => (options.keepUnread === true ? kept(stream) : stream);
      return {
        argv: [...argv],
        pid: child.pid,
        stdout: keep(child.stdout),
        stdin: child.stdin,
        stderr: options.pipeStderr === true ? keep(child.stderr) : null,
        done,
        kill,
      };
    },
    async streamBulk(argv, options = {}) {
      const pipe = await openBulkPipe();
      try {
        const { done, kill } = start(argv, options, pipe.childEnd);
        return {
          argv: [...argv],
          next: () => pipe.next(),
          done,
          kill: () => {
            kill();
            pipe.close();
          },
        };
      } catch (error) {
        pipe.close();
        throw error;
      } finally {
        pipe.childEnd.destroy();
      }
    },
  };
}

function kept(stream: Readable): Readable {
  const copy = new PassThrough({ highWaterMark: KEPT_UNREAD });
  stream.on('error', () => undefined).once('close', () => copy.end());
  return stream.pipe(copy);
}

/** At the time limit or the abort: execa ends the command itself, this ends what it has started. */
function killGroupAfter(pid: number | undefined, { timeoutMs, signal }: RunOptions): () => void {
  const kill = (): void => {
    killGroup(pid);
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(kill, timeoutMs);
  signal?.addEventListener('abort', kill);
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
  };
}

/** A command with everything it has started: what is left would hold its pipes open, and we would wait for it. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: all of them have ended.
  }
}

interface RawResult {
  exitCode?: number;
  signal?: string;
  stdout?: string | Uint8Array;
  stderr?: string | Uint8Array;
  timedOut: boolean;
  isCanceled: boolean;
  isMaxBuffer: boolean;
  code?: string;
}

function stdioOf(options: RunOptions): (string | number)[] {
  const interactive = options.interactive === true;
  const stdin = options.stdinFd ?? (interactive ? 'inherit' : options.input === undefined ? 'ignore' : 'pipe');
  return [stdin, 'pipe', interactive ? 'inherit' : 'pipe', ...(options.inheritFds ?? [])];
}

function toResult(argv: readonly string[], raw: RawResult): CommandResult {
  return {
    argv: [...argv],
    exit: raw.exitCode ?? null,
    signal: raw.signal ?? null,
    stdout: decode(raw.stdout),
    stderr: decode(raw.stderr),
    failure: failureOf(raw),
  };
}

function failureOf(raw: RawResult): CommandResult['failure'] {
  if (raw.timedOut) return 'timeout';
  if (raw.isCanceled) return 'aborted';
  if (raw.isMaxBuffer) return 'too-much-output';
  return raw.exitCode === undefined && raw.signal === undefined ? 'missing' : null;
}

function decode(output: string | Uint8Array | undefined): string {
  return output === undefined || typeof output === 'string' ? (output ?? '') : Buffer.from(output).toString('utf8');
}

function missing(argv: readonly string[]): CommandResult {
  return { argv: [...argv], exit: null, signal: null, stdout: '', stderr: '', failure: 'missing' };
}
