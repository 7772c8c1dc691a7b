import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { IpNet } from '../../src/model/ip-address.ts';
import type { AdmittedStream, ReceivedStream, RefusedCaller } from '../../src/model/listen.ts';
import type { Range } from '../../src/model/range.ts';
import { makeCertificate } from '../../src/listen/certificate.ts';
import { variantsOf, type Invitation, type Variant } from '../../src/listen/command.ts';
import { Door } from '../../src/listen/door.ts';
import { listenReader } from '../../src/listen/reader.ts';
import type { StreamLimits } from '../../src/listen/stream.ts';
import { systemClock } from '../../src/system/clock.ts';
import { openListener } from '../../src/system/listener.ts';
import { Log, readAll, type ReadAll } from '../read/read-all.ts';
import { until } from '../support/children.ts';
import { testPorts } from '../support/ports.ts';
import { atEnd, tempFolder } from '../support/temp.ts';
import { held } from '../remote/ranges-support.ts';

/** Short ones: nothing on loopback takes long. */
const QUICK: StreamLimits = { stallMs: 1500, endMs: 1000, tellMs: 1500 };

export interface Ways {
  readonly tls?: boolean;
  readonly host?: string;
  readonly port?: number;
  readonly allowed?: readonly IpNet[];
  readonly lineMs?: number;
  readonly limits?: Partial<StreamLimits>;
  readonly range?: Range;
  readonly disk?: string;
  readonly stop?: AbortSignal;
  /** Puts an end on record; absent: at once. */
  readonly onEnd?: () => Promise<void>;
}

/** A reader that listens, and everything that it told. */
export interface Waiting {
  readonly invitation: Invitation;
  readonly variants: readonly Variant[];
  readonly done: Promise<ReadAll>;
  readonly log: Log;
  readonly refused: readonly RefusedCaller[];
  readonly admitted: readonly AdmittedStream[];
  readonly received: readonly ReceivedStream[];
  readonly door: Door;
}

/** Begins to wait for a disk of this size. */
export async function waiting(t: TestContext, size: number, ways: Ways = {}): Promise<Waiting> {
  const certificate = ways.tls === true ? await makeCertificate(testPorts()) : null;
  const refused: RefusedCaller[] = [];
  const [admitted, received]: [AdmittedStream[], ReceivedStream[]] = [[], []];
  const door = await Door.open({
    open: openListener,
    address: { host: ways.host ?? '127.0.0.1', port: ways.port ?? 0, path: null },
    identity: certificate?.identity ?? null,
    allowed: ways.allowed ?? [],
    clock: systemClock,
    lineMs: ways.lineMs ?? 3000,
    refused: (caller) => void refused.push(caller),
  });
  atEnd(t, () => door.close());
  const invited: Invitation[] = [];
  const reader = listenReader({
    door,
    disk: ways.disk ?? null,
    reachedBy: null,
    tls: certificate && { fingerprint: certificate.fingerprint, certificate: certificate.base64 },
    limits: { ...QUICK, ...ways.limits },
    invite: (invitation) => Promise.resolve(void invited.push(invitation)),
    admitted: (stream) => Promise.resolve(void admitted.push(stream)),
    received: (stream) => {
      received.push(stream);
      return ways.onEnd?.() ?? Promise.resolve();
    },
  });
  const log = new Log();
  const { range, stop } = ways;
  const done = readAll(reader, held(size), {
    blockBytes: 65_536,
    log,
    ...(range === undefined ? {} : { range }),
    ...(stop === undefined ? {} : { stop }),
  });
  await until(() => invited.length > 0, 'the command is printed');
  const invitation = invited[0]!;
  return { invitation, variants: variantsOf(invitation), done, log, refused, admitted, received, door };
}

export interface Ran {
  readonly exit: number | null;
  readonly stderr: string;
}

/** Runs a printed command as it stands, as somebody at the live machine would. */
export function runLine(line: string, env: Readonly<Record<string, string>> = {}, shell = 'sh'): Promise<Ran> {
  const child = spawn(shell, ['-c', line], {
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 25_000,
  });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  return new Promise((resolve) =>
    child.on('close', (exit) => {
      resolve({ exit, stderr });
    }),
  );
}

/** A PATH whose folder holds nothing but these links; what the name stands for is the program linked to. */
export function onlyPrograms(t: TestContext, links: Readonly<Record<string, string>>): Record<string, string> {
  const bin = join(tempFolder(t), 'bin');
  mkdirSync(bin);
  for (const [name, program] of Object.entries(links)) symlinkSync(program, join(bin, name));
  return { PATH: bin };
}

export function diskFile(t: TestContext, bytes: Uint8Array, name = 'disk'): string {
  const file = join(tempFolder(t), name);
  writeFileSync(file, bytes);
  return file;
}

/** A connection of a test's own, which says what it likes. */
export async function caller(t: TestContext, to: Pick<Invitation, 'host' | 'port'>, from?: string): Promise<Socket> {
  const socket = connect({ host: to.host, port: to.port, ...(from === undefined ? {} : { localAddress: from }) });
  socket.on('error', () => undefined);
  atEnd(t, () => socket.destroy());
  // Who is reset at once may never see that it was connected.
  await new Promise<void>((resolve) =>
    socket.once('connect', resolve).once('close', () => {
      resolve();
    }),
  );
  // What is not read does not see its end.
  socket.resume();
  return socket;
}

/** What a sender has to know. */
type Called = Pick<Invitation, 'host' | 'port' | 'token' | 'offset'>;

/** The line with which a stream begins. */
export function firstLine({ token, offset }: Called, way: 'alone' | 'told' = 'alone'): string {
  return `exhibit ${token} ${offset} ${way}\n`;
}

/** Whether the other side has ended the connection, so long after. */
export async function isEnded(socket: Socket, ms = 3000): Promise<boolean> {
  await until(() => socket.destroyed || socket.readableEnded, 'the connection is ended', ms);
  return true;
}

/** A sender of the test's own: says the line, sends so much, and leaves the rest to the test. */
export async function send(t: TestContext, to: Called, bytes: Uint8Array, way: 'alone' | 'told'): Promise<Socket> {
  const socket = await caller(t, to);
  socket.write(firstLine(to, way));
  socket.write(bytes);
  return socket;
}

export function sending(t: TestContext, there: Waiting, bytes: Uint8Array, way: 'alone' | 'told' = 'alone') {
  return send(t, there.invitation, bytes, way);
}

/** What the reader gave is the disk's beginning, in whole sectors, and never all of it. */
export function assertPart(read: ReadAll, content: Uint8Array, length: number): void {
  assert.equal(read.bytes.length, length);
  assert.ok(read.bytes.equals(content.subarray(0, length)));
  assert.ok(length < content.length, 'what did not end well is never whole');
  const told = read.log.goodRanges.at(-1);
  assert.equal(told?.end ?? 0, length);
}
