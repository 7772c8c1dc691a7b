import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { readFrom, readInOrder, StreamEnd, type ProduceWork } from '../../src/acquire/reading/in-order.ts';
import { ReadRecorder } from '../../src/acquire/reading/read-recorder.ts';
import { Ring } from '../../src/ring/ring.ts';
import { assertCode, hold, MIB } from '../read/read-all.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';

test('nobody goes on waiting for a disk when the destination has failed meanwhile', async (t) => {
  const path = join(tempFolder(t), 'disk.img');
  writeFileSync(path, Buffer.alloc(4096));
  const held = await hold(t, path);
  const failed = new AbortController();
  let waited = 0;
  const settings = { reader: 'direct', blockSize: 65_536, retries: 0, readTimeout: null, maxBad: null };
  const work = {
    ports: testPorts(),
    plan: { size: MIB, logicalSector: 512, request: { settings } },
    attached: { held, checkPresent: () => Promise.resolve() },
    recorder: new ReadRecorder(MIB),
    stop: new AbortController().signal,
    reconnect: (_error: unknown, _position: number, { stop }: { stop: AbortSignal }) => {
      waited += 1;
      assert.ok(!stop.aborted);
      failed.abort(new Error('the destination is full'));
      assert.ok(stop.aborted, 'it would go on waiting');
      return Promise.resolve();
    },
  } as unknown as ProduceWork;
  await readInOrder(work, new StreamEnd(0, MIB), new Ring(4, 65_536, 1), failed.signal, null);
  assert.equal(waited, 1);
});

test('a disk is not read on from the middle of a sector: good sectors would count as bad', async () => {
  const plan = { logicalSector: 4096, source: { path: '/dev/sdx' } };
  const work = { plan, attached: { held: { kind: 'block' } } } as unknown as ProduceWork;
  const { signal } = new AbortController();
  const error: unknown = await readFrom(work, 512, new Ring(4, 65_536, 1), signal).catch((thrown: unknown) => thrown);
  assertCode(error, 'damage', 'resume.unaligned');
});
