import type { Env } from '../../src/cli/env.ts';
import { run } from '../../src/cli/run.ts';
import type { Ports } from '../../src/system/ports.ts';
import type { Terminal } from '../../src/system/terminal.ts';
import type { Ended } from './exhibit.ts';
import { testPorts } from './ports.ts';

/** What a person types when asked, and what was asked. */
export interface Person {
  readonly answers: (string | null)[];
  readonly asked: string[];
}

/**
 * Runs a command line in this process, on a station of the test's own: for plans, refusals and questions. A hundred of
 * them take the time of one real start.
 */
export async function exhibitHere(
  argv: readonly string[],
  ports: Ports = testPorts(),
  person: Person | null = null,
): Promise<Omit<Ended, 'ms' | 'signal'>> {
  const said = { stdout: '', stderr: '' };
  const terminal: Terminal = {
    lively: false,
    canAsk: person !== null,
    columns: 120,
    display: null,
    say: (text) => void (said.stderr += text.endsWith('\n') ? text : `${text}\n`),
    out: (text) => void (said.stdout += text.endsWith('\n') ? text : `${text}\n`),
    ask: (question) => {
      person?.asked.push(question);
      return Promise.resolve(person?.answers.shift() ?? null);
    },
  };
  const env: Env = {
    ports,
    terminal,
    watchSignals: () => ({ stop: new AbortController().signal, release: () => undefined }),
    supervise: null,
  };
  const code = await run(argv, env);
  return { code, ...said };
}
