/** Words of a disk that is sent to us over a plain or TLS connection: by nc, bash or openssl on the live machine. */

/** Where we wait for the live machine to connect. */
export interface ListenAddress {
  /** An IP address; IPv6 without brackets. */
  readonly host: string;
  /** 0: the kernel chooses one that is free. */
  readonly port: number;
  /** The disk over there; null: not said, whoever types the command puts it in. */
  readonly path: string | null;
}

/** A disk that another machine is to send: nothing of it is known but what the operator said. */
export interface ListenRequest {
  readonly address: ListenAddress;
  /** Bytes of the disk (`--expect-size`). */
  readonly size: number;
  /** Addresses and networks that may connect, as they are written; none: nobody's address is looked at. */
  readonly allowed: readonly string[];
  /** Why it is sent plain; null: by TLS. */
  readonly plaintext: string | null;
  /** By which address of ours the other machine reaches us; null: the one we listen at. */
  readonly reachedBy: string | null;
}

/** A connection that was not let in, and why. */
export const REFUSALS = [
  /** Its address is not on the list. */
  'not-allowed',
  /** A stream is being received, or was; this one is no word about its end. */
  'second-connection',
  /** It told the end of the stream that lives, by its token, and came from another address. */
  'end-from-elsewhere',
  /** It told a token, but not that of the command printed last. */
  'wrong-token',
  /** It told no token: nothing came in time, it ended, or what came is something else. */
  'no-token',
  /** To a TLS port came what is not TLS. */
  'not-tls',
  /** TLS began and failed; a client that does not find the fingerprint it was given ends it so. */
  'tls-failed',
  /** To a plain port came TLS. */
  'tls-on-plain-port',
  /** Too many were waiting to tell who they are, and it had waited longest. */
  'too-many',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** How a stream that was let in came to its end. */
export const STREAM_ENDS = [
  /** As many bytes as were promised, and then its end. */
  'complete',
  /** As many bytes as were promised; the sender did not close, so we did. */
  'left-open',
  'ended-early',
  /** The connection was reset before all was there. */
  'reset',
  /** More bytes came than were promised. */
  'too-much',
  /** Nothing came for so long. */
  'stalled',
  /** dd over there told of a failure, though as many bytes came as were promised. */
  'sender-failed',
  /** What was told of the bytes that were sent, by hash or by count, is not what arrived; however the stream ended. */
  'hash-differs',
  /** We were told to stop, or failed ourselves. */
  'stopped',
] as const;
export type StreamEnd = (typeof STREAM_ENDS)[number];

/** Ends after which nobody goes on: what is in the image is not what was sent, or what was sent is not the disk that was named. */
export const FATAL_ENDS = ['too-much', 'sender-failed', 'hash-differs'] as const satisfies StreamEnd[];
export type FatalEnd = (typeof FATAL_ENDS)[number];

/** What was found by such an end, as a phrase. */
export const FATAL_WORDS: Readonly<Record<FatalEnd, string>> = {
  'too-much': 'more was sent than the disk has by --expect-size',
  'sender-failed': 'dd on the other machine failed, though as many bytes came as were promised',
  'hash-differs': 'what arrived on a stream is not what the other machine says it sent',
};

export function isFatalEnd(end: StreamEnd): end is FatalEnd {
  return FATAL_ENDS.some((fatal) => fatal === end);
}

/** Whether a stream that has ended so gave all that it was to give. */
export function isWholeEnd(end: StreamEnd): boolean {
  return end === 'complete' || end === 'left-open';
}

/** Who connected. */
export interface Caller {
  readonly address: string;
  readonly port: number;
  /** RFC 3339. */
  readonly at: string;
  /** Null: nothing was encrypted. */
  readonly tls: { readonly protocol: string; readonly cipher: string } | null;
}

export interface RefusedCaller extends Caller {
  readonly refusal: Refusal;
  /** The first of what it said, or the reason of TLS; empty: nothing. */
  readonly said: string;
}

/** What the target told of what it sent, in a connection of its own. Told by the target: no proof of what is on its disk. */
export interface ToldEnd {
  /** dd's exit status there; null: it could not be told. */
  readonly exit: number | null;
  /** Of the disk's bytes that were sent on this connection; null: nothing there could make one. */
  readonly sha256: string | null;
  /** How many bytes that hash is of, or would have been; null: nothing there could count them. */
  readonly bytes: number | null;
}

/**
 * What was told of a stream, held against what arrived. A sender that is killed leaves bytes behind that were hashed
 * there and never came: by the count that is known, and then nothing can be compared. Without a count nobody can tell
 * that from bytes that were changed on their way, and the worse of both is taken.
 */
export function compareTold(stream: ToldStream): 'same' | 'differs' | 'not-compared' {
  const { end, received, told, sha256 } = stream;
  // Of what was too much not all was hashed here.
  if (told === null || end === 'too-much') return 'not-compared';
  if (told.bytes !== null && told.bytes !== received) {
    const allCame = isWholeEnd(end) || end === 'sender-failed' || end === 'hash-differs';
    return told.bytes > received && !allCame ? 'not-compared' : 'differs';
  }
  if (told.sha256 === null || sha256 === null) return 'not-compared';
  return told.sha256 === sha256 ? 'same' : 'differs';
}

/** As much of a {@link ReceivedStream} as a comparison takes. */
export type ToldStream = Pick<ReceivedStream, 'end' | 'received' | 'told' | 'sha256'>;

/** A stream that was let in, when it was. */
export interface AdmittedStream extends Caller {
  /** Offset on the disk of its first byte. */
  readonly offset: number;
  /** Its command said that it would tell of its end, and the hash of what it sent. */
  readonly tells: boolean;
}

/** A stream that was let in, when it has ended. */
export interface ReceivedStream extends AdmittedStream {
  /** Bytes of the disk that arrived, those that were not taken among them. */
  readonly received: number;
  readonly end: StreamEnd;
  /** Null: nothing was told. */
  readonly told: ToldEnd | null;
  /** SHA-256 of what arrived; null where nothing was told to compare it with. */
  readonly sha256: string | null;
}
