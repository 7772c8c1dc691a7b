import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { total } from '../../src/model/range.ts';
import { diskBytes } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';
import { hold, Log, MIB, READERS } from './read-all.ts';

for (const [name, reader] of READERS) {
  test(`reader ${name}: what is in the ring was told before, also while the ring is full in the middle of a read`, async (t) => {
    const path = join(tempFolder(t), 'disk.img');
    writeFileSync(path, diskBytes(MIB));
    const source = await hold(t, path);
    const log = new Log();
    let published = 0;
    const behind: string[] = [];
    const look = (): void => {
      const told = total(log.goodRanges);
      if (told < published) behind.push(`${published} bytes are in the ring, ${told} were told`);
    };
    // A slot that no read fits: after a bad place, nothing lies even in them.
    const slot = new Uint8Array(50_000);
    await reader({
      ports: testPorts(),
      source,
      range: { start: 0, end: MIB },
      blockBytes: 65_536,
      retries: 0,
      readTimeoutMs: 30_000,
      maxBadSectors: null,
      out: {
        slotBytes: slot.length,
        slot: async () => {
          await pause(1);
          look();
          return { bytes: slot };
        },
        publish: (offset, length) => {
          published = offset + length;
        },
      },
      log,
      checkPresent: () => Promise.resolve(),
      stop: new AbortController().signal,
    });
    assert.equal(published, MIB);
    assert.deepEqual(behind, []);
  });
}
