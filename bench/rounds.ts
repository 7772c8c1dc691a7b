import { rotated } from './stats.ts';

/** Somebody who is measured; `run` gives what one run took. */
export interface Entrant<T = number> {
  readonly name: string;
  readonly run: () => Promise<T>;
}

/**
 * Everybody in turn, so many rounds; each round begins with another: whoever is always first or always behind the same one
 * would keep that. Gives what each took, in the order of the rounds.
 */
export async function inTurn<T = number>(
  label: string,
  entrants: readonly Entrant<T>[],
  rounds: number,
): Promise<Map<string, T[]>> {
  const taken = new Map<string, T[]>(entrants.map(({ name }) => [name, []]));
  for (let at = 0; at < rounds; at += 1) {
    for (const { name, run } of rotated(entrants, at)) {
      taken.get(name)?.push(await run());
      process.stderr.write(`${label}, round ${at + 1}/${rounds}: ${name}\n`);
    }
  }
  return taken;
}
