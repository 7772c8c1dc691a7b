import { rotated } from './stats.ts';

/** Somebody who is measured: gives the seconds that one run took. */
export interface Entrant {
  readonly name: string;
  readonly run: () => Promise<number>;
}

/**
 * Everybody in turn, so many rounds; each round begins with another: whoever is always first or always behind the same one
 * would keep that. Gives the seconds of each, in the order of the rounds.
 */
export async function inTurn(
  label: string,
  entrants: readonly Entrant[],
  rounds: number,
): Promise<Map<string, number[]>> {
  const seconds = new Map<string, number[]>(entrants.map(({ name }) => [name, []]));
  for (let at = 0; at < rounds; at += 1) {
    for (const { name, run } of rotated(entrants, at)) {
      seconds.get(name)?.push(await run());
      process.stderr.write(`${label}, round ${at + 1}/${rounds}: ${name}\n`);
    }
  }
  return seconds;
}
