import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type ssh2Package from 'ssh2';
import type { Client, ClientChannel } from 'ssh2';
import { ExhibitError, messageOf } from '../model/errors.ts';
import type { HostKey, LinkFacts, ShellLine } from '../model/remote.ts';
import { authRefused, linkClosed, linkLost, linkSilent, noChannel, notSsh } from '../model/remote-faults.ts';
import { collectLessOften } from './collector.ts';
import { reach } from './reach.ts';
import type { SshChannel, SshLink, SshOrder } from './ssh-link.ts';
import { LoginAttempts } from './ssh2-login.ts';
import { watchSilence } from './silence.ts';
import { keepWide } from './ssh2-window.ts';

/** By `require`: to import it, Node looks through its code for names first, which takes 70 ms [measured]. */
const ssh2 = createRequire(import.meta.url)('ssh2') as typeof ssh2Package;

/** It greets, and exchanges keys, by itself: nobody thinks there. */
const GREETING_SILENT_MS = 15_000;
/** Until we are in, a server may think for long: its own limit is usually 120 s. */
const LOGIN_SILENT_MS = 150_000;
/** Makes a living server say something. ssh2 itself never gives up by it: on a full slow link its answer waits. */
const ASK_EVERY_MS = 1000;
const NEVER = 1e9;
/** Fast ones first: with AES in hardware twice as fast as chacha20. */
const CIPHERS = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  'aes128-ctr',
  'aes256-ctr',
] as const;
const HOST_KEYS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const;

/** SSH in this process, by the library ssh2, which accepts any host key unless it is told how to judge one. */
export async function connectSsh2(order: SshOrder): Promise<SshLink> {
  const socket = await reach(order.address, order.signal);
  const client = new ssh2.Client();
  // Every packet is decrypted into a buffer of its own.
  collectLessOften();
  try {
    return await logIn(order, client, socket);
  } catch (error) {
    client.on('error', () => undefined);
    socket.destroy();
    throw error;
  }
}

/** What came to light of a connection while it was made. */
interface Seen {
  hostKey: HostKey | null;
  judgedBy: string;
  refusal: unknown;
  cipher: string | null;
  shaken: boolean;
}

async function logIn(order: SshOrder, client: Client, socket: Socket): Promise<SshLink> {
  const { address } = order;
  const seen: Seen = { hostKey: null, judgedBy: '', refusal: null, cipher: null, shaken: false };
  const attempts = new LoginAttempts(address.user, order.credentials, ssh2.utils.parseKey);
  const letIn = untilIn(order, client, socket, { seen, attempts });
  // Options that the library does not take it throws at once.
  letIn.catch(() => undefined);
  client.connect({
    sock: socket,
    username: address.user,
    readyTimeout: 0,
    keepaliveInterval: ASK_EVERY_MS,
    keepaliveCountMax: NEVER,
    algorithms: { cipher: [...CIPHERS], serverHostKey: keyOrder(order.keyTypes) },
    hostVerifier: (blob: Buffer) => isKnown(order, seen, blob),
    authHandler: attempts.handler,
  });
  await letIn;
  if (seen.hostKey === null) throw notSsh(address, 'it showed no host key');
  const facts: LinkFacts = {
    transport: 'ssh2',
    address: { user: address.user, host: address.host, port: address.port },
    hostKey: seen.hostKey,
    judgedBy: seen.judgedBy,
    serverVersion: serverVersion(client),
    cipher: seen.cipher,
    authentication: attempts.succeeded,
  };
  return linkOver(order, client, socket, facts);
}

/** Resolves when the server has let us in; rejects with why it did not, and when the person stops. */
function untilIn(
  order: SshOrder,
  client: Client,
  socket: Socket,
  { seen, attempts }: { readonly seen: Seen; readonly attempts: LoginAttempts },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      reject(whyNotIn(order, seen, attempts, error));
    };
    const stop = (): void => {
      reject(linkClosed(order.address));
    };
    order.signal.addEventListener('abort', stop, { once: true });
    socket.setTimeout(GREETING_SILENT_MS);
    socket.on('timeout', () => {
      const seconds = (seen.shaken ? LOGIN_SILENT_MS : GREETING_SILENT_MS) / 1000;
      failed(new Error(`nothing came for ${seconds} seconds while we logged in`));
    });
    client
      .once('ready', () => {
        order.signal.removeEventListener('abort', stop);
        socket.setTimeout(0);
        resolve();
      })
      .on('error', failed)
      .once('close', () => {
        failed(new Error('it ended the connection'));
      })
      .once('handshake', ({ sc }) => {
        seen.shaken = true;
        socket.setTimeout(LOGIN_SILENT_MS);
        seen.cipher = sc.cipher;
      });
  });
}

/** The same key at every exchange of keys, and one that the order vouches for. */
function isKnown(order: SshOrder, seen: Seen, blob: Buffer): boolean {
  try {
    const { key, judgedBy } = order.checkHostKey(blob);
    if (seen.hostKey !== null && seen.hostKey.fingerprint !== key.fingerprint) return false;
    Object.assign(seen, { hostKey: key, judgedBy });
    return true;
  } catch (error) {
    seen.refusal = error;
    return false;
  }
}

/** What is known of a host is asked for first: it has keys of several types, and shows one. */
function keyOrder(known: readonly string[]): (typeof HOST_KEYS)[number][] {
  const isFirst = (type: string): boolean =>
    known.includes(type) || (known.includes('ssh-rsa') && type.startsWith('rsa-'));
  return [...HOST_KEYS.filter(isFirst), ...HOST_KEYS.filter((type) => !isFirst(type))];
}

function whyNotIn(order: SshOrder, seen: Seen, attempts: LoginAttempts, error: Error): ExhibitError {
  if (seen.refusal instanceof ExhibitError) return seen.refusal;
  if (attempts.failure !== null) return attempts.failure;
  const { address } = order;
  if (!seen.shaken) return notSsh(address, messageOf(error));
  if (attempts.begun) return authRefused(address, attempts.tried, attempts.accepted, messageOf(error));
  return linkLost(address, messageOf(error), error);
}

function serverVersion(client: Client): string | null {
  const version = (client as unknown as { _remoteVer?: unknown })._remoteVer;
  return typeof version === 'string' ? version : null;
}

function linkOver({ address, silentMs }: SshOrder, client: Client, socket: Socket, facts: LinkFacts): SshLink {
  const lost = new AbortController();
  const lose = (why: ExhibitError): void => {
    if (!lost.signal.aborted) lost.abort(why);
    // Not `end`: what is still to be sent would be waited for.
    socket.destroy();
  };
  const closed = new Promise<void>((resolve) => {
    client.once('close', () => {
      resolve();
      lose(linkLost(address, 'it was closed from there'));
    });
  });
  client.on('error', (error) => {
    lose(linkLost(address, messageOf(error), error));
  });
  watchSilence(socket, silentMs, lost.signal, (ms) => {
    lose(linkSilent(address, ms));
  });
  return {
    facts,
    lost: lost.signal,
    exec: (line, tooLate) => openChannel(client, line, { lost: lost.signal, tooLate }, address),
    async close() {
      if (!lost.signal.aborted) lost.abort(linkClosed(address));
      client.end();
      const timer = setTimeout(() => socket.destroy(), 1000);
      await closed;
      clearTimeout(timer);
    },
  };
}

function openChannel(
  client: Client,
  line: ShellLine,
  { lost, tooLate }: Readonly<Record<'lost' | 'tooLate', AbortSignal>>,
  address: SshOrder['address'],
): Promise<SshChannel> {
  return new Promise((resolve, reject) => {
    const either = AbortSignal.any([lost, tooLate]);
    const fail = (): void => {
      reject(either.reason as Error);
    };
    if (either.aborted) {
      fail();
      return;
    }
    either.addEventListener('abort', fail, { once: true });
    client.exec(line, (error, channel) => {
      either.removeEventListener('abort', fail);
      if (error !== undefined) {
        reject(noChannel(address, error.message, error));
        return;
      }
      const opened = channelOver(channel, lost);
      if (either.aborted) opened.kill();
      else resolve(opened);
    });
  });
}

function channelOver(channel: ClientChannel, lost: AbortSignal): SshChannel {
  // A closed channel shows in `done`; the streams' own errors add nothing.
  channel.on('error', () => undefined);
  channel.stderr.on('error', () => undefined);
  const done = new Promise<Awaited<SshChannel['done']>>((resolve) => {
    let end: Awaited<SshChannel['done']> = { exit: null, signal: null };
    channel.once('exit', (code: number | null, signal?: string) => {
      end = { exit: code, signal: signal ?? null };
    });
    const finish = (): void => {
      lost.removeEventListener('abort', finish);
      resolve(end);
    };
    channel.once('close', finish);
    lost.addEventListener('abort', finish);
    if (lost.aborted) finish();
  });
  const kill = (): void => {
    channel.destroy();
    // It is closed once its ends were read, and nobody reads them any more.
    channel.resume();
    channel.stderr.resume();
  };
  const widen = (): void => {
    keepWide(channel);
  };
  return { stdin: channel, stdout: channel, stderr: channel.stderr, done, kill, widen };
}
