import type { Fact } from './device.ts';

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

/** Whose build a tool is: options and messages differ. */
export type ToolKind = 'gnu' | 'busybox' | 'toybox' | 'uutils' | 'bsd' | 'openssl' | 'other';

/** A program of another machine. */
export interface RemoteTool {
  readonly path: string;
  readonly kind: ToolKind;
  /** The first line of what it says of itself; null: nothing that looks like it. */
  readonly version: string | null;
}

/** As whom commands run that take root: we are root, or by `sudo -n`; `nobody`: neither. */
export type Rights = 'root' | 'sudo' | 'nobody';

/** What another machine is, as it told itself. */
export interface RemoteFacts {
  readonly hostname: Fact<string>;
  /** `uname -srvm`. */
  readonly system: Fact<string>;
  /** `Linux`, `FreeBSD`, `Darwin`, … */
  readonly kernel: Fact<string>;
  readonly uid: Fact<number>;
  readonly rights: Rights;
  /** What `sudo -n` said when it was asked; null: it was not. */
  readonly sudo: string | null;
  /** New at every start of the machine (random(4)). */
  readonly bootId: Fact<string>;
  readonly clock: Fact<RemoteClock>;
  /** By name; null: it has none of that name. */
  readonly tools: Readonly<Record<string, RemoteTool | null>>;
  /** dd takes ranges by bytes, and whole blocks from a pipe (`skip_bytes`, `count_bytes`, `fullblock`). */
  readonly ddByBytes: Fact<boolean>;
  /** What hashes as it is asked to, tried with a known answer; the faster one first. */
  readonly hashTools: readonly Exclude<HashTool, null>[];
  /** A python3 that reads past the page cache, and hashes. */
  readonly python: Fact<boolean>;
  /** A pipe can be opened by `/dev/fd`: what is sent can be hashed on its way. */
  readonly devFd: Fact<boolean>;
}

/** Its clock against ours, in milliseconds. */
export interface RemoteClock {
  readonly theirs: number;
  /** When half of the way there and back had passed. */
  readonly ours: number;
  /** Theirs less ours; right to half of the round trip and their clock's own steps. */
  readonly offset: number;
  readonly roundTrip: number;
  /** The smallest step it tells: 1000 where `date` knows no fractions. */
  readonly step: number;
}

/** What hashes over there what is sent, if anything does. */
export type HashTool = 'sha256sum' | 'openssl' | null;

/** What reads a disk over there: dd, and what else is there hashes; or python3, which hashes what it sends itself. */
export const REMOTE_PROGRAMS = ['dd', 'python3'] as const;
export type RemoteProgram = (typeof REMOTE_PROGRAMS)[number];

/** How what is sent is packed on its way: `auto`: while that helps. */
export const COMPRESSIONS = ['auto', 'none', 'zstd', 'gzip'] as const;
export type Compression = (typeof COMPRESSIONS)[number];
export const WIRE_MODES = ['none', 'zstd', 'gzip'] as const;
export type WireMode = (typeof WIRE_MODES)[number];

/** How a disk over there is read. */
export interface RemoteWays {
  /** dd takes ranges by bytes; else blocks that fit. */
  readonly byBytes: boolean;
  /** Past the page cache over there: a bad sector costs a sector. */
  readonly direct: boolean;
  /** Reads what is not packed; what is packed dd reads. */
  readonly program: RemoteProgram;
  /** Hashes what dd gives. */
  readonly hash: HashTool;
  /** Channels that read at the same time. */
  readonly connections: number;
  /** As it was asked for, and what that comes to with what both machines have: where there are two, what helps. */
  readonly compress: Compression;
  readonly modes: readonly WireMode[];
  /** Bytes a second that are read there at most; null: no limit. */
  readonly limitRate: number | null;
}

/** What of the bytes that cross nothing over there hashes: python3 hashes what it sends plain, and packs nothing. */
export function unhashed({ program, hash, modes }: Pick<RemoteWays, 'program' | 'hash' | 'modes'>) {
  if (hash !== null) return 'nothing';
  if (program === 'dd' || !modes.includes('none')) return 'all';
  return modes.some((mode) => mode !== 'none') ? 'packed' : 'nothing';
}

/** A disk of another machine, as it was found there, and how it will be read. */
export interface RemoteDisk {
  /** With the path over there. */
  readonly address: RemoteAddress & { readonly path: string };
  readonly link: LinkFacts;
  readonly machine: RemoteFacts;
  /** True: that machine is this very station. */
  readonly here?: boolean;
  /** Bytes, by other ways than sysfs, which all discovery goes by. */
  readonly sizes: { readonly blockdev: Fact<number>; readonly lsblk: Fact<number> };
  /** One sector was read past the page cache. */
  readonly direct: Fact<boolean>;
  /** Mapper devices that show it, or a partition of it, decrypted. */
  readonly unlocked: Fact<readonly UnlockedLayer[]>;
  readonly ways: RemoteWays;
}

/** An encrypted device that is open: while the machine runs, its content can be read. */
export interface UnlockedLayer {
  /** The device that holds the ciphertext, and the one that shows the content. */
  readonly device: string;
  readonly mapper: string;
  /** What device-mapper calls it: `CRYPT-LUKS2-…`. */
  readonly uuid: string;
  /** The one that shows the content, as a source is named: `ssh://…`. */
  readonly address: string;
}

/** What was asked for of a source on another machine. */
export interface RemoteRequest {
  /** `dd`: no other program is to read the disk there. */
  readonly program: 'auto' | 'dd';
  /** Null: as the transport and the machine suggest. */
  readonly connections: number | null;
  readonly compress: Compression;
  /** Bytes a second; null: no limit. */
  readonly limitRate: number | null;
  /** Why the disk is said not to change while it is read; null: it is live. */
  readonly frozen: string | null;
  /** Why the ciphertext is read although the content can be; null: it is not. */
  readonly ciphertext: string | null;
  /** Why it is gone on with although the machine was started anew; null: it is not. */
  readonly rebooted: string | null;
}
