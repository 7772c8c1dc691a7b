import type { Env } from '../../src/cli/env.ts';
import { run } from '../../src/cli/run.ts';
import { systemCommands } from '../../src/system/run-command.ts';
import type { Ports } from '../../src/system/ports.ts';
import type { Terminal } from '../../src/system/terminal.ts';
import { UnderWay, type Ended } from './exhibit.ts';
import { testPorts } from './ports.ts';

/** As a process would have ended. */
export type EndedHere = Omit<Ended, 'ms' | 'signal'>;

/** What a person types when asked, and what was asked. */
export interface Person {
  readonly answers: (string | null)[];
  readonly asked: string[];
}

/** An environment that nothing is run in yet, and what is said in it. */
export function envHere(
  ports: Ports = testPorts(),
  person: Person | null = null,
  stop: AbortSignal = new AbortController().signal,
): { env: Env; said: { stdout: string; stderr: string } } {
  const said = { stdout: '', stderr: '' };
  const answer = (question: string): Promise<string | null> => {
    person?.asked.push(question);
    return Promise.resolve(person?.answers.shift() ?? null);
  };
  const terminal: Terminal = {
    lively: false,
    canAsk: person !== null,
    columns: 120,
    colours: { out: false, display: false },
    display: null,
    say: (text) => void (said.stderr += text.endsWith('\n') ? text : `${text}\n`),
    out: (text) => void (said.stdout += text.endsWith('\n') ? text : `${text}\n`),
    outputClosed: () => false,
    ask: answer,
    askSecret: answer,
  };
  const watchSignals: Env['watchSignals'] = () => ({ stop, release: () => undefined });
  return { env: { ports, terminal, watchSignals, supervise: null }, said };
}

/**
 * Runs a command line in this process, on a station of the test's own: for plans, refusals and questions. A hundred of
 * them take the time of one real start.
 */
export async function exhibitHere(
  argv: readonly string[],
  ports: Ports = testPorts(),
  person: Person | null = null,
  stop?: AbortSignal,
): Promise<EndedHere> {
  const { env, said } = envHere(ports, person, stop);
  const code = await run(argv, env);
  return { code, ...said };
}

/** A command line under way in this process. */
export class JobHere extends UnderWay {
  readonly ended: Promise<EndedHere>;
  over = false;
  readonly #said: { readonly stdout: string; readonly stderr: string };
  readonly #stop = new AbortController();

  constructor(argv: readonly string[], path: string) {
    super();
    const { env, said } = envHere(testPorts({ commands: systemCommands(path) }), null, this.#stop.signal);
    this.#said = said;
    this.ended = run(argv, env)
      .then((code) => ({ code, ...said }))
      .finally(() => (this.over = true));
  }

  /** As Ctrl-C, once. */
  stop(): void {
    this.#stop.abort();
  }

  get stdout(): string {
    return this.#said.stdout;
  }

  get stderr(): string {
    return this.#said.stderr;
  }
}

/** Starts a job in this process, with the programs of another PATH: a gate's. */
export function startHere(argv: readonly string[], { env }: { readonly env: { readonly PATH: string } }): JobHere {
  return new JobHere(argv, env.PATH);
}
