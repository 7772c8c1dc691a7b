import type { Fault } from '../model/errors.ts';

/** Exit codes, a contract: scripts are built on them. `docs/scripting.md` explains each; a test holds the two together. */
export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  unreadableRanges: 3,
  notEstablished: 4,
  refusedByGuard: 10,
  sourceChanged: 11,
  destination: 12,
  damaged: 13,
  notValid: 14,
  remoteIdentity: 15,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_FAULT: Readonly<Record<Fault, ExitCode>> = {
  unexpected: EXIT.unexpected,
  usage: EXIT.usage,
  guard: EXIT.refusedByGuard,
  source: EXIT.sourceChanged,
  destination: EXIT.destination,
  damage: EXIT.damaged,
  signature: EXIT.notValid,
  remote: EXIT.remoteIdentity,
  interrupted: EXIT.interrupted,
};

export function exitOf(fault: Fault): ExitCode {
  return BY_FAULT[fault];
}
