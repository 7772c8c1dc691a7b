import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { busyNow, capOf, judgePlace, LEAST, MOST } from '../../src/doctor/speed/destination.ts';
import { figuresFor, keptText, parseKept } from '../../src/doctor/speed/kept.ts';
import { bottleneckOf } from '../../src/doctor/speed/measure.ts';
import { parseCpu } from '../../src/doctor/speed/station.ts';
import { nextStep, rateOf, type Step } from '../../src/doctor/speed/steps.ts';
import { writeRate } from '../../src/doctor/speed/write-rate.ts';
import { known, unknown } from '../../src/model/device.ts';
import { systemFiles, type Files, type OpenFile } from '../../src/system/files.ts';
import { destination, MIB } from '../plan/facts.ts';
import { freshFileSystem } from '../support/loop.ts';
import { fileWith, testPorts, TestClock } from '../support/ports.ts';
import { figures, FILE_SYSTEM, STATION } from '../support/speed-figures.ts';
import { tempFolder } from '../support/temp.ts';

describe('how much is written', () => {
  /** A disk that takes so many bytes a millisecond, and so long for any step. */
  function steps(cap: number, perMs: number, latency: number): Step[] {
    const done: Step[] = [];
    for (let bytes = nextStep(done, cap); bytes > 0; bytes = nextStep(done, cap)) {
      assert.ok(Number.isSafeInteger(bytes));
      done.push({ bytes, ms: bytes / perMs + latency });
    }
    return done;
  }

  test('never more than may be, and on a disk of a steady rate never for long', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1024, max: MOST }),
        fc.double({ min: 100, max: 10_000_000, noNaN: true }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        (cap, perMs, latency) => {
          const done = steps(cap, perMs, latency);
          assert.ok(done.reduce((sum, { bytes }) => sum + bytes, 0) <= cap);
          // The first step is blind: at 100 kB/s it takes ten seconds.
          assert.ok(done.slice(1).reduce((sum, { ms }) => sum + ms, 0) < 3000 + 500 + 2700 + latency);
          assert.ok(rateOf(done).bytesPerSecond >= 1);
        },
      ),
    );
  });

  test('a fast disk is measured by the whole, a slow one by three seconds, a stick by what it takes in ten', () => {
    assert.equal(
      steps(MOST, 1_000_000, 1).reduce((sum, { bytes }) => sum + bytes, 0),
      MOST,
    );
    const slow = rateOf(steps(MOST, 20_000, 5));
    assert.ok(slow.bytesPerSecond > 19_000_000 && slow.bytesPerSecond <= 20_000_000, String(slow.bytesPerSecond));
    assert.equal(steps(MOST, 100, 0).length, 1);
  });

  test('a clock that stands still divides by nothing', () => {
    assert.ok(Number.isFinite(rateOf([{ bytes: 1, ms: 0 }]).bytesPerSecond));
    assert.ok(nextStep([{ bytes: MIB, ms: 0 }], MOST) <= 4 * MIB);
  });
});

describe('where it may be written', () => {
  const place = { ...destination, freeBytes: 100 * LEAST };

  test('a tenth of what is free and nobody else needs', () => {
    assert.equal(capOf(place), 10 * LEAST);
    assert.equal(capOf({ ...place, claimedByOthers: known(50 * LEAST) }), 5 * LEAST);
    assert.equal(capOf({ ...place, claimedByOthers: known(500 * LEAST) }), 0);
    assert.equal(capOf({ ...place, claimedByOthers: unknown('no rights') }), 0);
    assert.equal(capOf({ ...place, freeBytes: 1e15 }), MOST);
  });

  test('each refusal, and what is none', () => {
    assert.equal(judgePlace(place), null);
    for (const [change, code] of [
      [{ readOnly: true }, 'destination.read-only'],
      [{ claimedByOthers: unknown('no rights') }, 'destination.claims-unknown'],
      [{ freeBytes: 10 * LEAST - 1 }, 'destination.no-room'],
      [{ claimedByOthers: known(95 * LEAST) }, 'destination.no-room'],
    ] as const)
      assert.equal(judgePlace({ ...place, ...change })?.code, code);
  });

  test('nothing is told of a file system that came to that place since', async (t) => {
    const path = tempFolder(t);
    const now = await busyNow(testPorts(), { path, device: '0:0' });
    assert.deepEqual(now, unknown(`another file system is at ${path} now than the one that was measured`));
  });
});

describe('writing', () => {
  for (const kind of ['tmpfs', 'ext4'] as const) {
    test(`${kind}: each step is brought to disk, and that time counts; written as an image is`, async (t) => {
      const folder = kind === 'ext4' ? freshFileSystem(t, kind, 64 * MIB) : tempFolder(t, '/dev/shm');
      if (folder === null) return;
      const before = readdirSync(folder);
      const clock = new TestClock();
      const seen = { written: 0, direct: 0, synced: 0, open: 0 };
      const watched = (real: OpenFile, isDirect: boolean): OpenFile => {
        seen.open += 1;
        return fileWith(real, {
          write: async (buffer, offset, length, position) => {
            assert.equal(position, seen.written);
            seen.written += length;
            if (isDirect) seen.direct += length;
            await clock.advance(1);
            await real.write(buffer, offset, length, position);
          },
          datasync: async () => {
            seen.synced += 1;
            await clock.advance(99);
          },
          close: async () => {
            seen.open -= 1;
            await real.close();
          },
        });
      };
      const files: Files = {
        ...systemFiles,
        namelessIn: async (at) => {
          const real = await systemFiles.namelessIn(at);
          assert.deepEqual(readdirSync(at), before, 'it has a name');
          return watched(real, false);
        },
        open: async (path, mode) => watched(await systemFiles.open(path, mode), mode === 'write-direct'),
      };
      const found = await writeRate(testPorts({ clock, files }), folder, 5 * MIB, new AbortController().signal);
      // 1 MiB, which does not count, and 4 MiB in 1 + 99 ms.
      assert.deepEqual(seen, { written: 5 * MIB, direct: kind === 'ext4' ? 5 * MIB : 0, synced: 2, open: 0 });
      assert.deepEqual(found, { bytes: 4 * MIB, milliseconds: 100, bytesPerSecond: 40 * MIB });
    });
  }

  test('a disk that runs full or fails, and one that nobody may write to: said so, and closed', async (t) => {
    const folder = tempFolder(t);
    for (const [errno, code] of [
      ['ENOSPC', 'destination.full'],
      ['EDQUOT', 'destination.full'],
      ['EIO', 'destination.failed'],
      ['EACCES', 'destination.read-only'],
    ] as const) {
      const closed: string[] = [];
      const namelessIn = async (at: string): ReturnType<typeof systemFiles.namelessIn> => {
        const real = await systemFiles.namelessIn(at);
        const fail = (): Promise<void> => Promise.reject(Object.assign(new Error(errno), { code: errno }));
        const close = async (): Promise<void> => void closed.push(await real.close().then(() => errno));
        return fileWith(real, { datasync: fail, close });
      };
      const ports = testPorts({ files: { ...systemFiles, namelessIn } });
      await assert.rejects(writeRate(ports, folder, 5 * MIB, new AbortController().signal), {
        code,
        fault: 'destination',
      });
      assert.deepEqual([closed, readdirSync(folder)], [[errno], []]);
    }
  });
});

describe('what is kept', () => {
  test('comes back as it was; the same station and destination once, the newest first', () => {
    const [old, other] = [figures(), figures({ destination: { ...FILE_SYSTEM, uuid: 'other' } })];
    const now = figures({ measuredAt: '2026-03-02T00:00:00.000Z' });
    assert.deepEqual(parseKept(keptText([other, old], now)), [now, other]);
  });

  test('not without end', () => {
    const many = Array.from({ length: 40 }, (_, index) =>
      figures({ destination: { ...FILE_SYSTEM, uuid: String(index) } }),
    );
    const kept = many.reduce<ReturnType<typeof parseKept>>((before, now) => parseKept(keptText(before ?? [], now)), []);
    assert.equal(kept?.length, 32);
    assert.equal(kept[0]?.destination.uuid, '39');
  });

  test('what is not ours is nothing', () => {
    const good = JSON.parse(keptText([], figures())) as { measured: object[] };
    for (const bad of [
      null,
      [],
      {},
      { ...good, version: 2 },
      { ...good, format: 'other' },
      { ...good, more: 1 },
      { ...good, measured: [{ ...good.measured[0], measuredAt: 'yesterday' }] },
      { ...good, measured: [{ ...good.measured[0], writing: { bytes: 1, milliseconds: 1, bytesPerSecond: 0 } }] },
      { ...good, measured: [{ ...good.measured[0], alone: { native: {}, wasm: {} } }] },
    ])
      assert.equal(parseKept(JSON.stringify(bad)), null, JSON.stringify(bad));
    assert.equal(parseKept(''), null);
    assert.equal(parseKept(keptText([], figures()).slice(0, -20)), null);
    fc.assert(
      fc.property(fc.json(), (text) => {
        assert.equal(parseKept(text), null);
      }),
    );
  });

  test('of this station only; of it the newest, and the newest of this destination', () => {
    const there = figures({ measuredAt: '2026-03-03T00:00:00.000Z', station: { ...STATION, cpu: 'Another' } });
    const here = figures({ measuredAt: '2026-03-02T00:00:00.000Z', destination: { ...FILE_SYSTEM, uuid: 'x' } });
    const both = figures();
    assert.deepEqual(figuresFor([there, both, here], STATION, FILE_SYSTEM), { here, thereToo: both });
    assert.deepEqual(figuresFor([there, here], STATION, FILE_SYSTEM), { here, thereToo: null });
    assert.deepEqual(figuresFor([there], STATION, FILE_SYSTEM), { here: null, thereToo: null });
  });
});

test('the bottleneck of a station is the smaller of writing and the faster engine', () => {
  const { writing, together } = figures();
  assert.deepEqual(bottleneckOf({ writing, together }), {
    what: 'destination',
    bytesPerSecond: writing.bytesPerSecond,
  });
  const fast = { ...writing, bytesPerSecond: 2_000_000_000 };
  assert.deepEqual(bottleneckOf({ writing: fast, together }), { what: 'hashing', bytesPerSecond: together.native });
});

test('the processor, as kernels of several kinds name it', () => {
  assert.equal(
    parseCpu('processor\t: 0\nmodel\t\t: 85\nmodel name\t: Intel(R) Xeon(R)\nmodel name\t: B\n'),
    'Intel(R) Xeon(R)',
  );
  assert.equal(parseCpu('processor\t: 0\ncpu\t\t: POWER9, altivec supported\n'), 'POWER9, altivec supported');
  assert.equal(
    parseCpu('processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n\nHardware\t: BCM2711\n'),
    'BCM2711 0x41 0xd08',
  );
  assert.equal(parseCpu('processor\t: 0\n'), null);
});
