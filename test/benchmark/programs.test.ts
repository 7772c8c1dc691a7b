import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { acquireContestants, acquireOptions, removeLeft } from '../../bench/acquire.ts';
import { KINDS, makeData, writeRandom, writeSparse } from '../../bench/data.ts';
import { holdingMemory } from '../../bench/held-memory.ts';
import { measure, measureMemory } from '../../bench/measure.ts';
import type { StageOrder, StageTime } from '../../bench/stage-order.ts';
import { onPath } from '../../bench/station.ts';
import { packageRoot } from '../support/root.ts';
import { tempFolder } from '../support/temp.ts';

const MIB = 1024 ** 2;
const exhibit = `${process.execPath} ${join(packageRoot, 'dist', 'bin', 'exhibit.js')}`;
const built = join(packageRoot, 'dist', 'bench');

describe('whom the benchmark measures', () => {
  for (const { name, needs } of acquireContestants('', '', '')) {
    const skip = needs !== null && !onPath(needs) ? `${needs} is not installed` : false;
    const what = needs === 'ddrescue' ? 'a whole image' : 'a whole image, its MD5 and SHA-256';
    test(`${name} makes ${what}, and leaves nothing behind`, { skip }, (t) => {
      const folder = tempFolder(t);
      const source = join(folder, 'source');
      writeRandom(source, 5);
      const { command } = acquireContestants(exhibit, source, folder).find((each) => each.name === name)!;
      const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      const bytes = readFileSync(source);
      const file = (path: string): string => join(folder, path);
      const image = ['out', 'bench/out/out.dd'].map(file).find((path) => existsSync(path));
      // What is stored in a container is its own affair; nothing is left out of it.
      if (name === 'ewfacquire') assert.ok(statSync(file('out.E01')).size > bytes.length);
      else assert.ok(readFileSync(image!).equals(bytes));
      const told = [stdout, stderr, existsSync(file('out.md5')) ? readFileSync(file('out.md5'), 'utf8') : ''].join();
      for (const algorithm of needs === 'ddrescue' ? [] : ['md5', 'sha256'])
        assert.ok(told.includes(createHash(algorithm).update(bytes).digest('hex')), `${algorithm}\n${told}`);
      removeLeft(folder);
      rmSync(source);
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  test('a command that fails is no measurement', async () => {
    for (const command of ['false', 'false | cat', 'cat /nonexistent | tee /dev/null | cat'])
      await assert.rejects(measure(command), /failed \(1\)/, command);
  });

  test('memory is that of the whole tree, and not of the shell that takes the time', async () => {
    const hold = `${process.execPath} -e 'const held = Buffer.alloc(${100 * MIB}, 1); setTimeout(() => held, 700)'`;
    const { memory } = await measureMemory(`sh -c "${hold}; true"`);
    assert.ok(memory !== null && memory.peakMemory > 100 * MIB && memory.peakResident >= memory.peakMemory);
  });

  test('what was over before anybody looked has no memory, and its time', async () => {
    // Nothing below the shell that takes the time.
    const { seconds, memory } = await measureMemory('true');
    assert.deepEqual([seconds >= 0, memory], [true, null]);
  });
});

describe('what it measures on', () => {
  for (const kind of KINDS) {
    const skip = kind === 'file system image' && !onPath('mke2fs') ? 'mke2fs is not installed' : false;
    test(`${kind}: as long as it was asked for`, { skip }, (t) => {
      const folder = tempFolder(t);
      const path = makeData(kind, folder, 16)!;
      assert.equal(statSync(path).size, 16 * MIB);
      const used = readFileSync(path).some((byte) => byte !== 0);
      assert.equal(used, kind !== 'zeros');
      // ext4's magic number.
      if (kind === 'file system image') assert.equal(readFileSync(path).readUInt16LE(1024 + 56), 0xef53);
    });
  }
});

describe('memory that is held', () => {
  const skip = existsSync('/dev/shm') ? false : 'needs /dev/shm';
  test(
    'a page of each MiB while it is used, the rest is free; nothing afterwards, however it went',
    { skip },
    async (t) => {
      const folder = mkdtempSync('/dev/shm/exhibit-test-');
      t.after(() => {
        rmSync(folder, { recursive: true });
      });
      const held = await holdingMemory(folder, 16, () =>
        Promise.resolve(readdirSync(folder).map((name) => statSync(join(folder, name)).size / 4096)),
      );
      // What the programs take beside is held, too.
      assert.equal(held.length, 1);
      assert.ok((held[0] ?? 0) > 16);
      await assert.rejects(
        holdingMemory(folder, 1, () => Promise.reject(new Error('as asked for'))),
        /as asked for/,
      );
      assert.deepEqual(readdirSync(folder), []);
    },
  );
});

describe('the programs of the benchmark', () => {
  test('stages alone: what is written is the source', (t) => {
    const folder = tempFolder(t);
    const source = join(folder, 'source');
    writeRandom(source, 9);
    for (const reader of ['direct', 'dd'] as const) {
      const to = join(folder, reader);
      mkdirSync(to);
      assertTime(stage({ kind: 'pipeline', source, reader, to, lanes: ['md5', 'sha256', 'pieces'], engine: 'native' }));
      assert.ok(readFileSync(join(to, 'image.partial')).equals(readFileSync(source)));
      assertTime(stage({ kind: 'pipeline', source, reader, to: null, lanes: ['md5', 'pieces'], engine: 'wasm' }));
      assertTime(stage({ kind: 'pipeline', source, reader, to: null, lanes: [], engine: 'native' }));
      assertTime(stage({ kind: 'pipeline', source, reader, to: null, lanes: ['pieces'], engine: 'native' }));
    }
    assertTime(stage({ kind: 'hash', algorithm: 'sha256', engine: 'wasm', mebibytes: 9 }));
  });

  test('an image that is discarded has its length and no bytes; the rest of the folder is there', (t) => {
    const folder = tempFolder(t);
    const source = join(folder, 'source');
    writeSparse(source, 64 * MIB);
    const program = join(built, 'bin', 'discarding-child.js');
    const argv = acquireOptions(source, folder).split(' ');
    const { status, stderr } = spawnSync(process.execPath, [program, ...argv], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const image = statSync(join(folder, 'bench', 'out', 'out.dd'));
    assert.deepEqual([image.size, image.blocks], [64 * MIB, 0]);
    assert.ok(existsSync(join(folder, 'bench', 'out', 'out.manifest.json')));
  });
});

function stage(order: StageOrder): StageTime {
  const out = execFileSync(process.execPath, [join(built, 'stages-child.js'), JSON.stringify(order)], {
    encoding: 'utf8',
  });
  return JSON.parse(out) as StageTime;
}

function assertTime({ seconds, cpu }: StageTime): void {
  assert.ok(seconds > 0 && cpu >= 0 && Number.isFinite(seconds + cpu));
}
