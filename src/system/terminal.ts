import { closeSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';

/** The person's terminal, or what stands in its place. Results go to `out`, words to a person to `say`. */
export interface Terminal {
  /** A person can be shown a moving display (standard error is a terminal). */
  readonly lively: boolean;
  /** A person can be asked (standard input and standard error are terminals). */
  readonly canAsk: boolean;
  readonly columns: number;
  /** Whether standard output, and the display, show colours. */
  readonly colours: { readonly out: boolean; readonly display: boolean };
  /** Where a display may draw; null when standard error is not a terminal. */
  readonly display: NodeJS.WriteStream | null;
  say(text: string): void;
  out(text: string): void;
  /**
   * Nobody reads standard output any more, which is noticed when something is written. For what would run on for nobody;
   * a job goes on all the same.
   */
  outputClosed(): boolean;
  /** One line typed in answer; null at the end of input. */
  ask(question: string, signal: AbortSignal): Promise<string | null>;
  /** As `ask`, for what nobody may read over a shoulder: nothing of it is shown. */
  askSecret(question: string, signal: AbortSignal): Promise<string | null>;
}

/** A closed terminal or pipe (EIO, EPIPE) must not end a job of nine hours: what can't be shown is in the journal. */
export function systemTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined);
  let failed = false;
  stdout.on('error', () => {
    failed = true;
  });
  // The types say always true; it is undefined when there is no terminal.
  const isTerminal = (stderr.isTTY as boolean | undefined) === true;
  // A terminal that does not tell its width (0: serial consoles, some wrappers) can't be drawn on.
  const lively = isTerminal && stderr.columns > 0;
  // no-color.org: whatever its value, unless that is empty.
  const wanted = (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
  const canAsk = isTerminal && (stdin.isTTY as boolean | undefined) === true;
  leaveDeadTerminals();
  return {
    lively,
    canAsk,
    columns: lively ? stderr.columns : 120,
    colours: { out: (stdout.isTTY as boolean | undefined) === true && wanted, display: lively && wanted },
    display: lively ? stderr : null,
    say: (text) => void stderr.write(text.endsWith('\n') ? text : `${text}\n`),
    out: (text) => void stdout.write(text.endsWith('\n') ? text : `${text}\n`),
    outputClosed: () => failed,
    ask: (question, signal) => askLine(stderr, question, signal),
    async askSecret(question, signal) {
      stderr.write(question);
      // readline itself echoes what is typed, into nowhere.
      const nowhere = new Writable({
        write: (_chunk, _encoding, done) => {
          done();
        },
      });
      const typed = await askLine(nowhere, '', signal).finally(() => stderr.write('\n'));
      return typed;
    },
  };
}

async function askLine(output: Writable, question: string, signal: AbortSignal): Promise<string | null> {
  const { stdin } = process;
  const reader = createInterface({ input: stdin, output, ...(output === process.stderr ? {} : { terminal: true }) });
  try {
    return await new Promise<string | null>((resolve, reject) => {
      reader.once('close', () => {
        resolve(null);
      });
      // readline takes Ctrl-C for itself; the program's own handler must see it.
      reader.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
      reader.question(question, { signal }).then(resolve, reject);
    });
  } finally {
    reader.close();
  }
}

/**
 * Node puts the terminal's settings back when it ends, and aborts (SIGABRT, status 134) when the terminal is gone: the
 * exit code of a job that outlived its terminal would be lost. A descriptor that is closed it leaves alone.
 */
function leaveDeadTerminals(): void {
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  process.once('exit', () => {
    for (const fd of terminals) if (!isatty(fd)) closeSync(fd);
  });
}
