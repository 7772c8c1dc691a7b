import assert from 'node:assert/strict';
import { lengthOf, normalise, type Range } from '../../src/model/range.ts';
import type { ReadMap } from '../../src/model/read-map.ts';
import { type ReadStatus } from '../../src/model/read-map.ts';
import type { HeldSource } from '../../src/read/held-source.ts';
import type { Unreadable } from '../../src/read/reader.ts';
import type { RescueLog, RescueOrder, RescuePass } from '../../src/read/rescue/order.ts';
import { testPorts } from '../support/ports.ts';

/** What a rescue gave and told. */
export class Rescued implements RescueLog {
  readonly map: ReadMap;
  readonly bytes: Buffer;
  readonly delivered: Range[] = [];
  readonly unreadables = new Map<number, Unreadable>();
  readonly again: [Range, string][] = [];
  readonly failures: number[] = [];
  readonly passes: RescuePass[] = [];
  onPass: (pass: RescuePass) => void | Promise<void> = () => undefined;
  onDeliver: (range: Range) => void | Promise<void> = () => undefined;

  constructor(map: ReadMap) {
    this.map = map;
    this.bytes = Buffer.alloc(map.size);
  }

  mark(range: Range, status: ReadStatus): void {
    if (status === 'good') assert.deepEqual(this.delivered.at(-1), range, 'good is what was delivered before');
    this.map.mark(range, status);
  }
  unreadable(range: Unreadable): void {
    this.unreadables.set(range.start, range);
  }
  readAgain(range: Range, why: string): void {
    this.again.push([range, why]);
  }
  failedRead(ms: number): void {
    this.failures.push(ms);
  }
  async pass(pass: RescuePass): Promise<void> {
    this.passes.push(pass);
    await this.onPass(pass);
  }
  async deliver(offset: number, bytes: Uint8Array): Promise<void> {
    const range = { start: offset, end: offset + bytes.length };
    this.delivered.push(range);
    this.bytes.set(bytes, offset);
    await this.onDeliver(range);
  }

  get bad(): Range[] {
    return this.map.ranges('unreadable');
  }
}

export function rescueOrder(source: HeldSource, log: Rescued, change: Partial<RescueOrder> = {}): RescueOrder {
  return {
    ports: testPorts(),
    source,
    blockBytes: 1024 ** 2,
    retries: 0,
    readTimeoutMs: null,
    maxBadSectors: null,
    map: log.map,
    deliver: (offset, bytes) => log.deliver(offset, bytes),
    log,
    checkPresent: () => Promise.resolve(),
    stop: new AbortController().signal,
    ...change,
  };
}

/** Every byte that was to be read came once and is the disk's; what is unreadable is what is bad, to the sector. */
export function assertRescued(log: Rescued, content: Uint8Array, bad: readonly Range[], before?: ReadMap): void {
  assert.ok(
    log.map.entries.every(({ status }) => status === 'good' || status === 'unreadable'),
    'nothing is left open',
  );
  assert.deepEqual(normalise(log.bad), normalise(bad), 'what is unreadable');
  const known = before?.ranges('good') ?? [];
  const expected = Buffer.from(content);
  for (const { start, end } of [...known, ...bad]) expected.fill(0, start, end);
  assert.ok(log.bytes.equals(expected), 'every good byte is the disk’s');
  const whole = normalise(log.delivered).reduce((sum, range) => sum + lengthOf(range), 0);
  const parts = log.delivered.reduce((sum, range) => sum + lengthOf(range), 0);
  assert.equal(parts, whole, 'every byte comes once');
  for (const range of log.unreadables.values()) assert.ok(range.attempts >= 1 && range.errno !== '');
}
