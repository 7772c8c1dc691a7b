import type { ProbeRun } from '../model/probe.ts';
import type { Ports } from '../system/ports.ts';
import type { CommandResult } from '../system/run-command.ts';

/** What a tool left behind. `why` is null when it ended by itself, whatever its status says. */
export interface Answer {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Why there is nothing to judge. */
  readonly why: string | null;
  /** True when the tool is not installed. */
  readonly missing: boolean;
}

export interface AskOptions {
  /** Milliseconds for each question. */
  readonly timeoutMs: number;
  readonly stop?: AbortSignal | undefined;
  /** Told of each question when it has ended, before the next is put: the journal. What it throws ends the probe. */
  readonly onRun?: ((run: ProbeRun) => void | Promise<void>) | undefined;
}

/** A program of exhibit's own, which is told in the journal by what it does and not by where it lies. */
export interface OwnProgram {
  readonly told: readonly string[];
  /** Its standard input. */
  readonly input: string;
}

/** Output of these tools is a few KiB; more is none of theirs. */
const MOST_OUTPUT = 1024 * 1024;
/** How long a killed tool may take to go away: one that sits in a command of the disk can't, and is left behind. */
const GRACE_MS = 1_000;

/**
 * Puts questions to the named device, one after the other, each with a time limit, each recorded. After a tool that
 * can't even be killed (it is stuck in the kernel, on the disk) no other is sent after it.
 */
export class Asker {
  readonly runs: ProbeRun[] = [];
  readonly #ports: Pick<Ports, 'commands' | 'clock'>;
  readonly #options: AskOptions;
  #stuck: string | null = null;

  constructor(ports: Pick<Ports, 'commands' | 'clock'>, options: AskOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** Why no question may be put now; null when one may. */
  get barred(): string | null {
    if (this.#options.stop?.aborted === true) return 'not asked: the job was stopped';
    return this.#stuck === null ? null : `not asked: ${this.#stuck} is stuck in the kernel, waiting for this disk`;
  }

  /** Asks the device by a tool. Its path must be absolute: `hdparm -N` would take a number that follows for an order. */
  async ask(argv: readonly string[], path: string, after: readonly string[] = []): Promise<Answer> {
    const whole = [...argv, path, ...after];
    if (path.startsWith('/')) return this.run(whole);
    await this.#record({ argv: whole, exit: null, signal: null, failure: 'refused' }, this.#ports.clock.monotonicMs());
    return noAnswer(`not asked: "${path}" is no absolute path`);
  }

  /** Runs a tool as it is: one that asks nothing of the device, or exhibit's own. */
  async run(argv: readonly string[], own: OwnProgram | null = null): Promise<Answer> {
    const { barred } = this;
    if (barred !== null) return noAnswer(barred);
    const started = this.#ports.clock.monotonicMs();
    const told = own?.told ?? argv;
    const result = await this.#run(argv, told[0] ?? '', own?.input);
    const { exit, signal, failure, stdout, stderr } = result;
    await this.#record({ argv: told, exit, signal, failure }, started);
    return { exit, stdout, stderr, why: this.#reason(told[0] ?? '', result), missing: failure === 'missing' };
  }

  async #record(run: Omit<ProbeRun, 'milliseconds'>, started: number): Promise<void> {
    const ended: ProbeRun = { ...run, milliseconds: Math.round(this.#ports.clock.monotonicMs() - started) };
    this.runs.push(ended);
    await this.#options.onRun?.(ended);
  }

  async #run(argv: readonly string[], tool: string, input: string | undefined): Promise<CommandResult> {
    const { timeoutMs, stop } = this.#options;
    const over = new AbortController();
    const result = this.#ports.commands.run(argv, {
      timeoutMs,
      maxOutput: MOST_OUTPUT,
      ...(input === undefined ? {} : { input }),
      ...(stop === undefined ? {} : { signal: stop }),
    });
    const late = this.#ports.clock.sleep(timeoutMs + GRACE_MS, over.signal).then(() => null);
    const stopped = whenAborted(stop, over.signal)
      .then(() => this.#ports.clock.sleep(GRACE_MS, over.signal))
      .then(() => null);
    const first = await Promise.race([result, late, stopped]);
    over.abort();
    if (first !== null) return first;
    this.#stuck = tool;
    const failure = stop?.aborted === true ? 'aborted' : 'timeout';
    return { argv, exit: null, signal: null, stdout: '', stderr: '', failure };
  }

  #reason(tool: string, { failure, signal }: CommandResult): string | null {
    switch (failure) {
      case null:
        return signal === null ? null : `${tool} was ended by ${signal}`;
      case 'missing':
        return `${tool} is not installed`;
      case 'timeout':
        return `${tool} gave no answer in ${this.timeoutMs / 1000} s and was killed${this.#stuck === tool ? '; it is stuck in the kernel' : ''}`;
      case 'aborted':
        return `${tool} was ended: the job was stopped`;
      case 'too-much-output':
        return `${tool} wrote more than ${MOST_OUTPUT} bytes`;
    }
  }
}

/** Resolves when `stop` aborts; `over` ends the waiting. */
function whenAborted(stop: AbortSignal | undefined, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop?.aborted === true) resolve();
    stop?.addEventListener(
      'abort',
      () => {
        resolve();
      },
      { signal: over },
    );
  });
}

/** An answer that there is none. */
function noAnswer(why: string): Answer {
  return { exit: null, stdout: '', stderr: '', why, missing: false };
}

/** The first line of a tool that says something, cut to what a reason needs. It is the tool's, or the disk's: untrusted. */
export function firstWords(...texts: readonly string[]): string {
  const line = texts
    .flatMap((text) => text.split('\n'))
    .map((each) => each.trim())
    .find((each) => each !== '');
  return (line ?? 'it says nothing').slice(0, 200).toWellFormed();
}
