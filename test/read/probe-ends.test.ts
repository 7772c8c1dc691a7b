import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Probe } from '../../src/read/probe.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';
import { hold } from './read-all.ts';

test('a probe that is closed waits for nothing any more: a job makes one for every place that it compares', async (t) => {
  const path = join(tempFolder(t), 'disk.img');
  writeFileSync(path, Buffer.alloc(4096, 7));
  const source = await hold(t, path);
  const { signal: stop } = new AbortController();
  const probe = new Probe({ ports: testPorts(), source, readTimeoutMs: null, stop });
  assert.equal((await probe.read({ start: 0, end: 4096 })).bytes.length, 4096);
  probe.close();
  assert.deepEqual(getEventListeners(stop, 'abort'), []);
});
