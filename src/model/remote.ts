/** Where another machine is reached, and what of it is meant. */
export interface RemoteAddress {
  /** Null: not given. */
  readonly user: string | null;
  /** A name or an IP address; IPv6 without brackets. */
  readonly host: string;
  /** Null: not given; 22, or what the transport's own configuration says. */
  readonly port: number | null;
  /** A path over there; null: the machine itself is meant. */
  readonly path: string | null;
}

/** Which program speaks SSH: the library in this process, or the system's `ssh` with its own configuration. */
export const TRANSPORTS = ['ssh2', 'openssh'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** The key by which a host proved who it is. */
export interface HostKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, … */
  readonly type: string;
  /** As OpenSSH prints it: `SHA256:` and base64 without padding. */
  readonly fingerprint: string;
}

/** One command that was run on the other machine: our footprint there. */
export interface RemoteRun {
  readonly argv: readonly string[];
  /** Exit status; null: a signal ended it, or the connection did. */
  readonly exit: number | null;
  readonly signal: string | null;
  readonly ms: number;
  /** Bytes that it gave on standard output. */
  readonly outputBytes: number;
  readonly stderr: string;
}

/** A command line for the login shell of another machine. Only `src/remote/quote.ts` makes one. */
export type ShellLine = string & { readonly __brand: 'shell line' };

/** What is known of a connection once it stands. */
export interface LinkFacts {
  readonly transport: Transport;
  readonly address: Pick<RemoteAddress, 'user' | 'host' | 'port'>;
  readonly hostKey: HostKey;
  /** Who says that this key is the host's: `known_hosts` and where, or `--host-key`. */
  readonly judgedBy: string;
  /** As the server names itself; null: not told. */
  readonly serverVersion: string | null;
  /** What encrypts the bytes that come from there; null: not told. */
  readonly cipher: string | null;
  /** How we were let in: `agent`, `key /path`, `password`, …; null: not told. */
  readonly authentication: string | null;
}
