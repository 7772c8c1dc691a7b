import { EXIT } from '../cli/exit-codes.ts';

/**
 * Exit codes of `exhibit-blocker-test`: exhibit's own where they mean the same, and one that only this program has.
 * `docs/blocker-test.md` explains each; a test holds the two together.
 */
export const TEST_EXIT = {
  /** `prepare`: marked. `run`: blocked. `verify`: verified. */
  done: EXIT.done,
  unexpected: EXIT.unexpected,
  usage: EXIT.usage,
  /** `run`: neither blocked nor not blocked. `verify`: not everything is established. */
  inconclusive: EXIT.notEstablished,
  refused: EXIT.refusedByGuard,
  disk: EXIT.sourceChanged,
  destination: EXIT.destination,
  damaged: EXIT.damaged,
  notValid: EXIT.notValid,
  notBlocked: 20,
  interrupted: EXIT.interrupted,
} as const;
