import { openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Range } from '../../src/model/range.ts';

/**
 * A program of its own: a disk with behaviour, as an NBD server (the protocol's fixed newstyle handshake and simple
 * replies). It answers one read at a time, as a drive does, and writes each one down.
 */
export interface Behaviour {
  /** Bytes that give EIO, always. */
  readonly bad?: readonly Range[];
  /** Bytes that give EIO for the first `times` reads that touch them. */
  readonly flaky?: readonly { readonly range: Range; readonly times: number }[];
  /** What a failing read takes, in milliseconds. */
  readonly failMs?: number;
  /** Bytes whose reading takes so long. */
  readonly slow?: readonly { readonly range: Range; readonly ms: number }[];
  /** Bytes that come inverted after the first `after` reads that touch them. */
  readonly changing?: readonly { readonly range: Range; readonly after: number }[];
  /** From the n-th read on, every read fails: the electronics are there, the heads are not. */
  readonly deadAfter?: number;
}

interface Config extends Behaviour {
  readonly base: string;
  readonly socket: string;
  readonly log: string;
  readonly size: number;
}

const EIO = 5;
const config = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Config;
const file = openSync(config.base, 'r');
const touched = new Map<object, number>();
const log = openSync(config.log, 'a');
let reads = 0;

const touches = (range: Range, start: number, end: number): boolean => start < range.end && range.start < end;

/** How often a rule's range was touched, this read included. */
function count(rule: { range: Range }, start: number, end: number): number {
  const times = (touched.get(rule) ?? 0) + (touches(rule.range, start, end) ? 1 : 0);
  touched.set(rule, times);
  return touches(rule.range, start, end) ? times : 0;
}

async function read(start: number, end: number): Promise<Buffer | null> {
  reads += 1;
  let fails = reads > (config.deadAfter ?? Infinity);
  if (config.bad?.some((range) => touches(range, start, end)) === true) fails = true;
  for (const rule of config.flaky ?? []) {
    const times = count(rule, start, end);
    if (times > 0 && times <= rule.times) fails = true;
  }
  const slow = (config.slow ?? []).filter(({ range }) => touches(range, start, end)).map(({ ms }) => ms);
  const ms = Math.max(0, ...slow, fails ? (config.failMs ?? 0) : 0);
  if (ms > 0) await sleep(ms);
  writeSync(log, `${start} ${end - start} ${fails ? 'failed' : 'good'}\n`);
  if (fails) return null;
  const bytes = Buffer.allocUnsafe(end - start);
  readSync(file, bytes, 0, bytes.length, start);
  for (const rule of config.changing ?? []) {
    if (count(rule, start, end) <= rule.after) continue;
    for (let at = Math.max(start, rule.range.start); at < Math.min(end, rule.range.end); at += 1) {
      bytes[at - start] = (bytes[at - start] ?? 0) ^ 0xff;
    }
  }
  return bytes;
}

/** A connection: what it sent, taken piece by piece. */
class Peer {
  readonly #socket: Socket;
  #parts = Buffer.alloc(0);
  #wake: (() => void) | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (data: Buffer) => {
      this.#parts = Buffer.concat([this.#parts, data]);
      this.#wake?.();
    });
    socket.on('error', () => undefined);
  }

  async take(length: number): Promise<Buffer> {
    while (this.#parts.length < length) await new Promise<void>((resolve) => (this.#wake = resolve));
    const taken = this.#parts.subarray(0, length);
    this.#parts = this.#parts.subarray(length);
    return taken;
  }

  send(...parts: Buffer[]): void {
    for (const part of parts) this.#socket.write(part);
  }
}

function numbers(...fields: readonly (readonly [number, 2 | 4 | 8])[]): Buffer {
  return Buffer.concat(
    fields.map(([value, bytes]) => {
      const field = Buffer.alloc(8);
      field.writeBigUInt64BE(BigInt(value));
      return field.subarray(8 - bytes);
    }),
  );
}

const OPTION_REPLY = Buffer.from('0003e889045565a9', 'hex');

async function handshake(peer: Peer): Promise<void> {
  peer.send(Buffer.from('NBDMAGICIHAVEOPT'), numbers([3, 2]));
  await peer.take(4);
  for (;;) {
    const head = await peer.take(16);
    const option = head.readUInt32BE(8);
    await peer.take(head.readUInt32BE(12));
    const reply = (type: number, data: Buffer): void => {
      peer.send(OPTION_REPLY, numbers([option, 4], [type, 4], [data.length, 4]), data);
    };
    if (option !== 7) {
      reply(0x8000_0001, Buffer.alloc(0));
      continue;
    }
    // NBD_OPT_GO: the size; has flags, read-only.
    reply(3, numbers([0, 2], [config.size, 8], [3, 2]));
    reply(1, Buffer.alloc(0));
    return;
  }
}

let last = Promise.resolve();

async function serve(peer: Peer): Promise<void> {
  await handshake(peer);
  for (;;) {
    const request = await peer.take(28);
    if (request.readUInt16BE(6) !== 0) continue;
    const cookie = Buffer.from(request.subarray(8, 16));
    const start = Number(request.readBigUInt64BE(16));
    const length = request.readUInt32BE(24);
    last = last.then(async () => {
      const bytes = await read(start, start + length);
      peer.send(numbers([0x6744_6698, 4], [bytes === null ? EIO : 0, 4]), cookie, bytes ?? Buffer.alloc(0));
    });
  }
}

createServer((socket) => void serve(new Peer(socket))).listen(config.socket);
