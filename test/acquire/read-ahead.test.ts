import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { readAheadDuring } from '../../src/acquire/reading/read-ahead.ts';
import type { RingWriter } from '../../src/ring/ring.ts';
import { ImageWriter } from '../../src/sink/image-writer.ts';
import { diskBytes } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';

const SLOT = 64 * 1024;
const SIZE = 100 * SLOT;
const NEVER = new AbortController().signal;

/** Gives slot after slot from `from` on, until it is told to stop. */
function source(content: Uint8Array, from: number) {
  const state = { at: from };
  const give = async (out: RingWriter, length: number): Promise<void> => {
    const slot = await out.slot();
    slot.bytes.set(content.subarray(state.at, state.at + length));
    out.publish(state.at, length);
    state.at += length;
  };
  const read = async (out: RingWriter, stop: AbortSignal): Promise<void> => {
    while (state.at < content.length && !stop.aborted) await give(out, Math.min(SLOT, content.length - state.at));
  };
  return { read, state };
}

describe('reading ahead while the image is hashed again', () => {
  const order = { slotBytes: SLOT, stop: NEVER };

  test('what was read is in the image at its place, with the hash it had; nothing is lost or twice there', async (t) => {
    const content = diskBytes(SIZE);
    const folder = tempFolder(t);
    const writer = new ImageWriter(testPorts().files, folder, [{ name: 'x.dd', offset: 0, length: SIZE }]);
    const from = 3 * SLOT;
    const { read, state } = source(content, from);
    const enough = async (): Promise<void> => {
      while (state.at < 9 * SLOT) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    const { extents } = await readAheadDuring(enough, read, writer, order);
    await writer.finish();
    const image = readFileSync(join(folder, 'x.dd.partial'));
    let at = from;
    for (const { start, end, sha256 } of extents) {
      assert.equal(start, at);
      assert.equal(createHash('sha256').update(image.subarray(start, end)).digest('hex'), sha256);
      at = end;
    }
    assert.equal(at, state.at);
    assert.deepEqual(image.subarray(from, at), Buffer.from(content.subarray(from, at)));
    assert.equal(
      image.subarray(0, from).every((byte) => byte === 0),
      true,
    );
  });

  test('a source that fails ends it: what came until then counts, and why is told', async (t) => {
    const content = diskBytes(SIZE);
    const writer = new ImageWriter(testPorts().files, tempFolder(t), [{ name: 'x.dd', offset: 0, length: SIZE }]);
    const read = async (out: RingWriter): Promise<void> => {
      (await out.slot()).bytes.set(content.subarray(0, SLOT));
      out.publish(0, SLOT);
      throw new Error('gone');
    };
    const { extents, failure } = await readAheadDuring(
      () => new Promise((resolve) => setTimeout(resolve, 50)),
      read,
      writer,
      order,
    );
    await writer.finish();
    assert.deepEqual(
      extents.map(({ start, end }) => [start, end]),
      [[0, SLOT]],
    );
    assert.match(String(failure?.error), /gone/);
  });

  test('a destination that fails is thrown, after what was waited for', async (t) => {
    const ports = testPorts();
    const files: typeof ports.files = {
      ...ports.files,
      open: async (path, mode) => {
        const file = await ports.files.open(path, mode);
        const full = (): Promise<never> => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }));
        return {
          fd: file.fd,
          path: file.path,
          stat: () => file.stat(),
          write: full,
          datasync: () => file.datasync(),
          sync: () => file.sync(),
          close: () => file.close(),
        } as unknown as typeof file;
      },
    };
    const writer = new ImageWriter(files, tempFolder(t), [{ name: 'x.dd', offset: 0, length: SIZE }]);
    let waited = false;
    const meanwhile = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      waited = true;
    };
    await assert.rejects(readAheadDuring(meanwhile, source(diskBytes(SIZE), 0).read, writer, order), {
      code: 'destination.full',
    });
    assert.equal(waited, true);
    await writer.finish().catch(() => undefined);
  });

  test('an image that is not what was read: that is thrown, and the reader is stopped', async (t) => {
    const writer = new ImageWriter(testPorts().files, tempFolder(t), [{ name: 'x.dd', offset: 0, length: SIZE }]);
    const { read, state } = source(diskBytes(SIZE), 0);
    const changed = async (): Promise<void> => {
      while (state.at < 5 * SLOT) await new Promise((resolve) => setTimeout(resolve, 1));
      throw new Error('changed');
    };
    await assert.rejects(readAheadDuring(changed, read, writer, order), /changed/);
    assert.ok(state.at < SIZE);
    await writer.finish();
  });
});
