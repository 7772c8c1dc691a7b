import { ExhibitError, messageOf } from '../model/errors.ts';
import type { Finding } from '../model/plan.ts';
import { safeJson, tame, visible } from '../model/text.ts';
import type { Env } from './env.ts';
import { EXIT, exitOf, type ExitCode } from './exit-codes.ts';
import { mapLines } from './screen/read-map.ts';
import { snakeKeys } from './snake-keys.ts';

/** A read map, as `mapCells` gives it, and the bytes that it is of. */
export interface ShownMap {
  readonly cells: string;
  readonly size: number;
}

/** One JSON object a line on standard output, the last of type `result`; people's words on standard error. */
export class Output {
  readonly #env: Env;
  readonly json: boolean;

  constructor(env: Env, json: boolean) {
    this.#env = env;
    this.json = json;
  }

  /** To a person. With `--json` standard error still carries it. */
  say(text: string): void {
    this.#env.terminal.say(tame(text));
  }

  /** The result itself: JSON for a program, text for a person, with a read map below it if there is one to show. */
  result(value: object, text: string, map: ShownMap | null = null): void {
    if (this.json) {
      this.line({ type: 'result', ...(snakeKeys(value) as object) });
      return;
    }
    const { terminal } = this.#env;
    terminal.out(tame(text));
    // Not tamed: its colours are ours.
    if (map !== null) terminal.out(mapLines(map.cells, map.size, terminal.columns, terminal.colours.out).join('\n'));
  }

  line(value: object): void {
    this.#env.terminal.out(safeJson(value));
  }

  /** What happened, to what, and what to do now; gives the exit code. */
  failure(error: unknown): ExitCode {
    const known = error instanceof ExhibitError ? error : null;
    const code = known === null ? EXIT.unexpected : exitOf(known.fault);
    // Errors of our own are escaped where they are made; anything else may carry any text.
    const message = known === null ? visible(messageOf(error)) : known.message;
    this.say(`exhibit: ${message}`);
    if (known?.hint !== undefined) this.say(`  ${known.hint}`);
    if (known === null && error instanceof Error && error.stack !== undefined)
      this.say(visible(error.stack).replaceAll('\\u{a}', '\n'));
    if (this.json) {
      this.line({
        type: 'result',
        ok: false,
        exit: code,
        code: known?.code ?? 'unexpected',
        message,
        hint: known?.hint ?? null,
      });
    }
    return code;
  }

  /** All refusals at once; the first one's fault gives the exit code. */
  refused(refusals: readonly Finding[], findings: readonly Finding[]): ExitCode {
    const code = exitOf(refusals[0]?.fault ?? 'unexpected');
    for (const { message, hint } of refusals) {
      this.say(`Refused: ${message}`);
      if (hint !== undefined) this.say(`  ${hint}`);
    }
    for (const { level, message } of findings) this.say(`${level}: ${message}`);
    if (this.json)
      this.line({ type: 'result', ok: false, exit: code, code: refusals[0]?.code ?? 'refused', refusals, findings });
    return code;
  }
}
