import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { deviceNumber } from '../../src/discover/number.ts';
import { ExhibitError } from '../../src/model/errors.ts';
import type { Range } from '../../src/model/range.ts';
import type { Transport } from '../../src/model/remote.ts';
import { parseSshAddress } from '../../src/remote/address.ts';
import { probeRemote } from '../../src/remote/probe.ts';
import type { HeldSource } from '../../src/read/held-source.ts';
import type { GivenUp } from '../../src/remote/channel-pool.ts';
import type { Mismatch } from '../../src/remote/range-reader.ts';
import type { Crossing, RangeAnswer } from '../../src/remote/range-answer.ts';
import { RateLimit } from '../../src/remote/rate-limit.ts';
import { ReaderChannel, type ChannelOrder } from '../../src/remote/reader-channel.ts';
import { Unpacker } from '../../src/remote/unpack.ts';
import { systemClock } from '../../src/system/clock.ts';
import { badDisk } from '../support/bad-disk.ts';
import { attachLoop, diskBytes } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { pathOf } from '../support/programs.ts';
import { startSshd, type Sshd, type SshdOptions } from '../support/sshd.ts';
import { atEnd, tempFolder } from '../support/temp.ts';
import { connected } from './connected.ts';

export const MIB = 1024 * 1024;

/** Every way in which what is sent is hashed over there, and none. */
export const HASHERS: readonly Partial<ChannelOrder>[] = [
  { hash: 'sha256sum' },
  { hash: 'openssl' },
  { hash: null },
  { program: 'python3' },
];

export interface Options {
  readonly sshd?: SshdOptions;
  readonly server?: Sshd;
  readonly port?: number;
  readonly transport?: Transport;
  readonly change?: Partial<ChannelOrder>;
}

export async function orderOn(t: TestContext, path: string, options: Options = {}): Promise<ChannelOrder> {
  const server = options.server ?? (await startSshd(t, options.sshd));
  const address = parseSshAddress(`ssh://root@127.0.0.1:${options.port ?? server.port}`);
  const shell = await connected(t, server, options.transport, { address, hostKey: server.fingerprint });
  const facts = await probeRemote(shell, systemClock);
  const byBytes = facts.ddByBytes.known && facts.ddByBytes.value;
  return {
    shell,
    expected: foundAt(path),
    facts,
    clock: systemClock,
    path,
    dd: { byBytes, direct: true },
    hash: 'sha256sum',
    program: 'dd',
    modes: ['none'],
    limit: new RateLimit(systemClock, null),
    unpacker: new Unpacker(testPorts().commands),
    ...options.change,
  };
}

/** What the loop over there, which is here, will say of it. */
export function foundAt(path: string): ChannelOrder['expected'] {
  const { rdev, size } = statSync(path, { throwIfNoEntry: false }) ?? { rdev: 0, size: 0 };
  const node = deviceNumber(rdev);
  const sectors = rdev === 0 ? null : Number(readFileSync(`/sys/dev/block/${node}/size`, 'utf8'));
  return { bootId: null, node, size: sectors === null ? size : sectors * 512 };
}

export async function channelOn(t: TestContext, path: string, options: Options = {}): Promise<ReaderChannel> {
  const channel = new ReaderChannel(await orderOn(t, path, options));
  atEnd(t, () => {
    channel.close();
  });
  return channel;
}

/** Has a range read that crosses as it is. */
export function readBy(channel: ReaderChannel, range: Range, unit: number): Promise<RangeAnswer | 'not-read'> {
  return channel.order(range, unit, () => 'none').answer;
}

/** A disk with three bad sectors at one place and one at another. Null, and the test skipped aloud, where that can't be had. */
export async function twiceBadDisk(t: TestContext) {
  const content = diskBytes(4 * MIB);
  const bad = [
    { start: 512 * 1000, end: 512 * 1003 },
    { start: 3 * MIB + 4096, end: 3 * MIB + 4608 },
  ];
  const disk = await badDisk(t, { content, bad });
  return disk && { content, bad, node: disk.node };
}

export function loopDisk(t: TestContext, bytes: Buffer): string {
  const file = join(tempFolder(t), 'disk');
  writeFileSync(file, bytes);
  return attachLoop(t, file);
}

/** A folder that holds another program of this name; what is in it comes first. */
export function pathWith(t: TestContext, name: string, text: string): Record<string, string> {
  return pathOf(t, { [name]: text });
}

export function code(expected: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ExhibitError, String(error));
    assert.equal(error.code, expected, error.message);
    return true;
  };
}

export function proofs() {
  const taken: Range[] = [];
  const crossings: Crossing[] = [];
  const mismatches: Mismatch[] = [];
  const givenUp: GivenUp[] = [];
  let unhashed = 0;
  return {
    taken: (range: Range, hashed: boolean, crossing: Crossing) => {
      taken.push(range);
      crossings.push(crossing);
      if (!hashed) unhashed += 1;
    },
    mismatch: (mismatch: Mismatch) => void mismatches.push(mismatch),
    gaveUp: (program: GivenUp) => void givenUp.push(program),
    seen: { taken, crossings, mismatches, givenUp, unhashed: () => unhashed },
  };
}

export function held(size: number): HeldSource {
  return {
    file: null,
    kind: 'block',
    path: '/dev/there',
    size,
    logicalSector: 512,
    heldBy: 'nothing',
    close: () => Promise.resolve(),
  };
}
