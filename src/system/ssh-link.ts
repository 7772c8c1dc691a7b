import type { Readable, Writable } from 'node:stream';
import type { HostKey, LinkFacts, RemoteAddress, ShellLine } from '../model/remote.ts';

/** How a command over there ended. Both null: the connection ended first, or nobody said. */
export interface RemoteEnd {
  readonly exit: number | null;
  readonly signal: string | null;
}

/** A running command of another machine, without a terminal: its three streams apart. */
export interface SshChannel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves, never rejects, when the channel is closed. End of output is not success. */
  readonly done: Promise<RemoteEnd>;
  /** Closes our end at once; the command over there finds its standard input ended and its output gone. */
  kill(): void;
  /**
   * Lets more be on its way to us than is usual, where that can be had; for whoever takes what comes at once, to be called with
   * every part. Absent: it is as wide as it is.
   */
  widen?(): void;
}

/** An authenticated connection to a host whose key was checked. */
export interface SshLink {
  readonly facts: LinkFacts;
  /**
   * Aborts when the connection is gone, however that came; its reason is an ExhibitError: `remote.link-lost`,
   * `remote.silent`, or `remote.closed` when we closed it ourselves.
   */
  readonly lost: AbortSignal;
  /**
   * Starts a command in a channel of its own. Rejects when the host gives no further channel, or with `lost`'s reason; with
   * that of `tooLate` once nobody waits for it any longer: a channel that comes later is closed.
   */
  exec(line: ShellLine, tooLate: AbortSignal): Promise<SshChannel>;
  close(): Promise<void>;
}

/** One way to be let in. The secrets are asked for when the server wants this way, and not before. */
export type Credential =
  | { readonly kind: 'agent'; readonly socket: string }
  | {
      readonly kind: 'key';
      readonly path: string;
      readonly bytes: Uint8Array;
      /** Asked while it does not fit; null: the person has none, or gave up. */
      readonly passphrase: (tries: number) => Promise<string | null>;
    }
  | { readonly kind: 'password'; readonly ask: (tries: number) => Promise<string | null> }
  | {
      readonly kind: 'keyboard-interactive';
      /** Null: the person gave up. */
      readonly answer: (round: Challenge) => Promise<readonly string[] | null>;
    };

/** What a server asks in keyboard-interactive authentication. All of it is untrusted text. */
export interface Challenge {
  readonly name: string;
  readonly instructions: string;
  readonly prompts: readonly { readonly text: string; readonly echo: boolean }[];
}

export interface SshOrder {
  readonly address: RemoteAddress & { readonly user: string };
  /** Types of host keys that are known for it: asked for first, since a host has several. */
  readonly keyTypes: readonly string[];
  /** The key, and who vouches for it, as a phrase; throws the refusal. */
  readonly checkHostKey: (blob: Uint8Array) => { readonly key: HostKey; readonly judgedBy: string };
  readonly credentials: readonly Credential[];
  /** Milliseconds without a byte from there, though it was asked something, after which the link is dead. */
  readonly silentMs: number;
  readonly signal: AbortSignal;
}

/**
 * Connects, checks the host's key before anything is said to it, and logs in.
 * @throws ExhibitError `remote.unreachable`, `remote.no-such-host`, `remote.not-ssh` (fault `source`); what
 *   `checkHostKey` throws; `remote.auth-refused` (fault `remote`) with the ways that were tried
 */
export type ConnectSsh = (order: SshOrder) => Promise<SshLink>;
