import type { Bench } from './guest/bench.ts';

/**
 * One thing that happens on the virtual bench. `setup` and `command` run in the machine, `expect` at the station, in
 * the test: what `command` gives travels as JSON.
 */
export interface Scenario<Made = unknown, Seen = unknown> {
  readonly name: string;
  readonly onRequest?: true;
  /** Plugs in what is needed. All of it is taken away when the scenario ends. */
  readonly setup: (bench: Bench) => Promise<Made>;
  /** What is run, and what is to be judged of it. */
  readonly command: (bench: Bench, made: Made) => Promise<Seen>;
  /** Throws when that is not what has to be. */
  readonly expect: (seen: Seen) => void;
}

/** A variant that the gate has no minutes for: it runs where the bench is asked for by name, `npm run test:bench`. */
export function onRequest(each: Scenario): Scenario {
  return { ...each, onRequest: true };
}

/** Ties the types of the three together, then forgets them: scenarios stand in one list. */
export function scenario<Made, Seen>(each: Scenario<Made, Seen>): Scenario {
  return each as unknown as Scenario;
}
