import { exitOf } from '../cli/exit-codes.ts';
import type { Env } from '../cli/env.ts';
import { ExhibitError, messageOf } from '../model/errors.ts';
import type { Finding } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import { TEST_EXIT } from './exit-codes.ts';

/** Words to people on standard error; the result on standard output, as text or as one line of JSON. */
export class Voice {
  readonly #env: Env;
  readonly #json: boolean;

  constructor(env: Env, json: boolean) {
    this.#env = env;
    this.#json = json;
  }

  say(text: string): void {
    this.#env.terminal.say(text);
  }

  /** @param value keys as scripts read them (snake_case) */
  result(value: object, text: string): void {
    this.#env.terminal.out(this.#json ? JSON.stringify({ type: 'result', ...value }) : text);
  }

  /** All refusals at once; gives the exit code. */
  refused(refusals: readonly Finding[]): number {
    for (const { message, hint } of refusals) {
      this.say(`Refused: ${message}`);
      if (hint !== undefined) this.say(`  ${hint}`);
    }
    const exit = TEST_EXIT.refused;
    if (this.#json) this.result({ ok: false, exit, code: refusals[0]?.code ?? 'refused', refusals }, '');
    return exit;
  }

  /** What happened, to what, and what to do now; gives the exit code. */
  failure(error: unknown): number {
    const ours = error instanceof ExhibitError ? error : null;
    const exit = ours === null ? TEST_EXIT.unexpected : exitOf(ours.fault);
    const message = ours === null ? visible(messageOf(error)) : ours.message;
    this.say(`exhibit-blocker-test: ${message}`);
    if (ours?.hint !== undefined) this.say(`  ${ours.hint}`);
    if (ours === null && error instanceof Error && error.stack !== undefined)
      this.say(visible(error.stack).replaceAll('\\u{a}', '\n'));
    if (this.#json)
      this.result({ ok: false, exit, code: ours?.code ?? 'unexpected', message, hint: ours?.hint ?? null }, '');
    return exit;
  }
}
