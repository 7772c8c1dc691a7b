import { errnoOf, ExhibitError, messageOf } from '../model/errors.ts';
import type { ListenAddress, StreamEnd, ToldEnd } from '../model/listen.ts';
import { describeBytes, groupDigits } from '../model/size.ts';
import { visible } from '../model/text.ts';

const GO_ON =
  'What was received is kept. Look at the live machine, then `exhibit resume DIR`: it prints the command that goes on from there.';

const CLOSE =
  'What was received is kept; it is not gone on with, and can be closed as it is: exhibit seal DIR --incomplete REASON';

/** Why we can't listen there. */
export function notListening({ host, port }: ListenAddress, cause: unknown): ExhibitError {
  const errno = errnoOf(cause) ?? '';
  const [code, why, hint] = MEANINGS[errno] ?? [
    'listen.failed',
    visible(messageOf(cause)),
    'Give an address of this station and a port that is free.',
  ];
  return new ExhibitError('usage', code, `Nothing can connect to ${host} port ${port}: ${why}.`, { hint, cause });
}

const MEANINGS: Readonly<Record<string, readonly [code: string, why: string, hint: string]>> = {
  EADDRINUSE: ['listen.port-taken', 'another program has this port', 'Choose another port; 0 takes any that is free.'],
  EADDRNOTAVAIL: [
    'listen.not-ours',
    'this station has no such address',
    'Give one of its own (`ip address` shows them), or all of them: 0.0.0.0, [::]',
  ],
  EACCES: ['listen.no-leave', 'this user may not take it', 'Ports below 1024 take root: choose a higher one.'],
};

/** What a stream that did not end well is called. */
export interface BadEnd {
  readonly end: Exclude<StreamEnd, 'complete' | 'left-open' | 'stopped'>;
  /** Where the stream stood on the disk. */
  readonly at: number;
  /** Of the whole disk. */
  readonly size: number;
  /** Bytes that arrived on this connection. */
  readonly received: number;
  readonly told: ToldEnd | null;
  readonly stallMs: number;
}

/** The error with which a stream ends that did not end well: `listen.` and its end, fault `damage` where hashes differ, else `source`. */
export function badEnd(bad: BadEnd): ExhibitError {
  const [message, hint] = WORDS[bad.end](bad);
  // Two hashes that should be equal are not: that is no matter of the line.
  const fault = bad.end === 'hash-differs' ? 'damage' : 'source';
  return new ExhibitError(fault, `listen.${bad.end}`, message, { hint });
}

const WORDS: Readonly<Record<BadEnd['end'], (bad: BadEnd) => readonly [message: string, hint: string]>> = {
  'ended-early': (bad) => [`The stream ended at ${placeIn(bad)}${exitOf(bad)}.`, GO_ON],
  reset: (bad) => [`The connection broke at ${placeIn(bad)}.`, GO_ON],
  stalled: (bad) => [`Nothing came for ${bad.stallMs / 1000} seconds, at ${placeIn(bad)}.`, GO_ON],
  'too-much': (bad) => [
    `More came than the ${describeBytes(bad.size)} that were promised (--expect-size); the connection was cut.`,
    `Either the size is wrong, or something else than the disk was sent along. Compare with \`blockdev --getsize64\` there, then image it anew. ${CLOSE}`,
  ],
  'sender-failed': (bad) => [
    `As many bytes came as were promised, but dd on the live machine failed${exitOf(bad)}.`,
    `The disk may be larger than --expect-size, with a bad sector behind it. Read what dd said there, then image it anew. ${CLOSE}`,
  ],
  'hash-differs': (bad) => [
    `What arrived is not what was sent${bad.at < bad.size ? ` (up to ${placeIn(bad)}, where the stream ended)` : ''}: ${differenceOf(bad)}.`,
    `${innocentCause(bad)}The bytes of this connection can not be trusted, and stand in the record as such. Image it anew, by TLS if that was plain. ${CLOSE}`,
  ],
};

function differenceOf({ told, received }: BadEnd): string {
  const bytes = told?.bytes ?? received;
  return bytes === received
    ? 'the hash that the live machine told of it is another one'
    : `the live machine says that it sent ${groupDigits(bytes)} bytes, and ${groupDigits(received)} arrived`;
}

/** A killed sender is told apart by the count alone. */
function innocentCause({ told, at, size }: BadEnd): string {
  if (at >= size || told === null || told.bytes !== null) return '';
  return 'It may be that the sender there (nc, openssl) was ended before all that was hashed had left; nobody knows, since nothing there counted those bytes (wc). ';
}

function placeIn({ at, size }: BadEnd): string {
  return `byte ${groupDigits(at)} of ${groupDigits(size)}`;
}

function exitOf({ told }: BadEnd): string {
  if (told?.exit === undefined || told.exit === null || told.exit === 0) return '';
  return ` (its exit status there: ${told.exit}; a bad sector, perhaps)`;
}
