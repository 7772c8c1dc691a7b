import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import fc from 'fast-check';
import { countedWrites, parseStat, writeCounters } from '../../src/guard/counters.ts';
import { ProtectionWatch } from '../../src/guard/watch.ts';
import { known } from '../../src/model/device.ts';
import { madeUpStation } from '../discover/made-up-station.ts';
import { device, partition } from '../plan/facts.ts';

// Captured from Linux 6.18; fields as in Documentation/block/stat.rst.
const STAT = '  1234 0 9872 50 7 1 56 3 0 40 60 2 0 16 1 0 0\n';
const SYS = '/sys/class/block';
const disk = { ...device, size: 1024 * 1024, partitions: [partition(1)] };

function station(t: TestContext) {
  const files = (name: string) => ({ [`${SYS}/${name}/stat`]: STAT, [`${SYS}/${name}/ro`]: '1\n' });
  return madeUpStation(t, {
    files: { ...files('sdx'), ...files('sdx1'), [`${SYS}/sdx/size`]: '2048\n', [`${SYS}/sdx1/size`]: '2048\n' },
  });
}

describe('write counters', () => {
  test('read for the disk and its partitions', async (t) => {
    const counters = await writeCounters(station(t), disk);
    const one = { writes: 7, writtenSectors: 56, discards: 2, discardedSectors: 16 };
    assert.deepEqual(
      counters,
      known([
        { device: '/dev/sdx', ...one },
        { device: '/dev/sdx1', ...one },
      ]),
    );
  });

  test('of the disk around a partition: only where nobody may write to its other partitions', async (t) => {
    const inside = (readOnly: boolean) => ({
      ...device,
      name: 'sdx1',
      path: '/dev/sdx1',
      around: { path: '/dev/sdx', name: 'sdx', readOnly: known(readOnly) },
    });
    const counted = async (readOnly: boolean) => {
      const counters = await writeCounters(station(t), inside(readOnly));
      return counters.known && counters.value.map(({ device: path }) => path);
    };
    assert.deepEqual(await counted(true), ['/dev/sdx1', '/dev/sdx']);
    assert.deepEqual(await counted(false), ['/dev/sdx1']);
  });

  test('a line that is not understood, or is not there, is unknown', async (t) => {
    assert.equal(parseStat('x', '1 2 3'), null);
    assert.equal(parseStat('x', ''), null);
    assert.equal(parseStat('x', `${STAT} x`), null);
    const ports = station(t);
    writeFileSync(join(ports.root, `${SYS}/sdx/stat`), 'none');
    assert.equal((await writeCounters(ports, disk)).known, false);
    assert.equal((await writeCounters(ports, { ...disk, name: 'sdq' })).known, false);
  });

  test('every write and discard that was counted is told, nothing else', () => {
    const count = fc.nat({ max: 1000 });
    const one = fc.record({ writes: count, writtenSectors: count, discards: count, discardedSectors: count });
    fc.assert(
      fc.property(one, one, (before, after) => {
        const told = countedWrites([{ device: 'a', ...before }], [{ device: 'a', ...after }]);
        const same =
          before.writes === after.writes &&
          before.discards === after.discards &&
          before.writtenSectors === after.writtenSectors;
        assert.equal(told === null, same);
      }),
    );
  });
});

describe('watching while it is read', () => {
  const signs: [string, (root: string) => void, string][] = [
    [
      'a flag that is cleared',
      (root) => {
        writeFileSync(join(root, `${SYS}/sdx1/ro`), '0\n');
      },
      'guard.flag-flipped',
    ],
    [
      'another capacity',
      (root) => {
        writeFileSync(join(root, `${SYS}/sdx/size`), '2047\n');
      },
      'guard.capacity-changed',
    ],
    [
      'a write',
      (root) => {
        writeFileSync(join(root, `${SYS}/sdx1/stat`), STAT.replace(' 7 1 56 ', ' 8 1 64 '));
      },
      'guard.write-counted',
    ],
  ];
  for (const [what, happens, code] of signs)
    test(`${what} ends the job`, async (t) => {
      const ports = station(t);
      const before = await writeCounters(ports, disk);
      const clock = { ...ports.clock, sleep: async () => undefined };
      const watch = new ProtectionWatch({ ...ports, clock }, disk, before.known ? before.value : null);
      t.after(() => watch.stop());
      assert.equal(watch.signal.aborted, false);
      happens(ports.root);
      await new Promise((resolve) => {
        watch.signal.addEventListener('abort', resolve);
      });
      const reason: unknown = watch.signal.reason;
      assert.equal((reason as { code?: string }).code, code);
    });

  test('a write that is counted after the last look is found by the one at the end', async (t) => {
    const ports = station(t);
    const before = await writeCounters(ports, disk);
    const watch = new ProtectionWatch(ports, disk, before.known ? before.value : null);
    writeFileSync(join(ports.root, `${SYS}/sdx/stat`), STAT.replace(' 7 1 56 ', ' 8 1 64 '));
    assert.equal((await watch.stop())?.code, 'guard.write-counted');
    assert.equal((await watch.stop())?.code, 'guard.write-counted');
  });

  test('a partition that is gone does not hide what its disk counts', async (t) => {
    const ports = station(t);
    const before = await writeCounters(ports, disk);
    const watch = new ProtectionWatch(ports, disk, before.known ? before.value : null);
    rmSync(join(ports.root, `${SYS}/sdx1`), { recursive: true });
    writeFileSync(join(ports.root, `${SYS}/sdx/stat`), STAT.replace(' 7 1 56 ', ' 8 1 64 '));
    assert.equal((await watch.stop())?.code, 'guard.write-counted');
  });

  test('nothing: no sign, and it stops at once', async (t) => {
    const ports = station(t);
    const before = await writeCounters(ports, disk);
    const watch = new ProtectionWatch(ports, disk, before.known ? before.value : null);
    assert.equal(await watch.stop(), null);
    assert.equal(watch.signal.aborted, false);
  });
});
