/** What was asked of a source that is sent to us, as far as it can be wrong. */
export interface ListenRequest {
  readonly tls: boolean;
  /** `--allow-plaintext REASON`; null: not given. */
  readonly plaintextReason: string | null;
  /** Null: not given. */
  readonly expectSize: number | null;
  /** Further reads of a sector that failed. */
  readonly retries: number;
  /** The passes over a dying disk. */
  readonly rescue: boolean;
  /** A second pass over the source, to compare. */
  readonly secondPass: boolean;
}

/** Something that can't be done, with its remedy. */
export interface ListenRefusal {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Everything that speaks against it, at once. */
export function refusalsOfListen(request: ListenRequest): ListenRefusal[] {
  return RULES.flatMap((rule) => rule(request) ?? []);
}

const RULES: readonly ((request: ListenRequest) => ListenRefusal | null)[] = [
  ({ expectSize }) =>
    expectSize !== null
      ? null
      : {
          code: 'listen.no-size',
          message: 'A stream does not tell when it is whole: the size of the disk has to be given.',
          hint: 'Ask the other machine (blockdev --getsize64 /dev/sda) and give it: --expect-size BYTES',
        },
  ({ tls, plaintextReason }) =>
    tls || plaintextReason !== null
      ? null
      : {
          code: 'listen.plaintext',
          message: 'A plain stream is open to everybody on its way, and nothing proves who sent it.',
          hint: 'Send it by TLS (openssl s_client on the live machine), or say why not: --allow-plaintext REASON',
        },
  ({ plaintextReason }) =>
    plaintextReason === null || plaintextReason.trim() !== ''
      ? null
      : { code: 'listen.no-reason', message: '--allow-plaintext has no reason.', hint: 'Say why, in a few words.' },
  ({ tls, plaintextReason }) =>
    !tls || plaintextReason === null
      ? null
      : {
          code: 'listen.both-ways',
          message: '--allow-plaintext stands beside TLS: which of the two is meant?',
          hint: 'Leave one of them out: nothing falls back to plaintext by itself.',
        },
  ({ retries }) =>
    retries === 0
      ? null
      : {
          code: 'listen.no-retries',
          message: 'A stream has gone by: no sector of it can be read again.',
          hint: 'Leave --retries out. Where sectors are bad, pull the disk by ssh:// instead.',
        },
  ({ rescue }) =>
    !rescue
      ? null
      : {
          code: 'listen.no-rescue',
          message: 'A stream is read in its own order: there are no passes over it.',
          hint: 'Leave --rescue out. A dying disk is pulled by ssh://, or attached here.',
        },
  ({ secondPass }) =>
    !secondPass
      ? null
      : {
          code: 'listen.no-second-pass',
          message: 'A stream comes once: there is no second pass to compare it with.',
          hint: 'Use the command that sends the hash of what was sent, or pull the disk by ssh://.',
        },
];
