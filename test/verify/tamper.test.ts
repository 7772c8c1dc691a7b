import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import fc from 'fast-check';
import { PIECE, SIZE } from '../support/evidence-folder.ts';
import { makeBench, ranges, troubles, verify, type Bench } from './verify-support.ts';

const ACTS = ['flip', 'truncate', 'extend', 'delete'] as const;
type Act = (typeof ACTS)[number];

/** These two stand in no list: what is wrong with them is a matter of validity; all else is damage. */
const UNLISTED = ['SHA256SUMS', 'SHA256SUMS.sig'];

/** After the hash of the first line: a flip there breaks the form. A flip in a hash would look like damage of the file. */
const FLIP_IN_SUMS = 64;

function tamper(folder: string, name: string, act: Act): void {
  const path = join(folder, name);
  const bytes = readFileSync(path);
  const half = Math.floor(bytes.length / 2);
  switch (act) {
    case 'flip': {
      const at = name === 'SHA256SUMS' ? FLIP_IN_SUMS : half;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      break;
    }
    case 'truncate':
      truncateSync(path, half);
      break;
    case 'extend':
      appendFileSync(path, 'x');
      break;
    case 'delete':
      rmSync(path);
  }
}

/** What is said of the image file, by act; `half` of 299,520 lies in the third piece. */
const RAW_DAMAGE: Record<Act, string[]> = {
  flip: [`differs ${2 * PIECE}-${3 * PIECE}`],
  truncate: [`unproven ${2 * PIECE}-${SIZE / 2}`, `missing ${SIZE / 2}-${SIZE}`],
  extend: [],
  delete: [`missing 0-${SIZE}`],
};

describe('tampering', () => {
  let bench: Bench;
  before(() => {
    bench = makeBench();
  });
  after(() => {
    bench.remove();
  });

  for (const [format, signed] of [
    ['raw', true],
    ['raw', false],
    ['split', true],
  ] as const) {
    test(`every file of a ${signed ? 'signed' : 'unsigned'} ${format} folder × ${ACTS.join(', ')}`, async () => {
      const whole = bench.make({ format, key: signed ? bench.key : null });
      const names = readdirSync(whole);
      assert.equal(names.length, (format === 'raw' ? 1 : 3) + (signed ? 10 : 7));
      // What is the same in all of them is gone through once.
      const interesting = format === 'raw' && signed ? names : names.filter((name) => /\d{3}$|dd$|SUMS$/.test(name));
      const cases = interesting.flatMap((name) => ACTS.map((act) => ({ name, act })));
      await inTurns(cases, async ({ name, act }) => {
        const folder = bench.copy(whole);
        tamper(folder, name, act);
        const report = await verify(folder, { signersFile: bench.signers });
        const due = UNLISTED.includes(name) ? 14 : 13;
        assert.equal(report.exit, due, `${act} ${name}: ${report.exit}\n${troubles(report)}`);
        const damaged = /\.(dd|00\d)$/.test(name);
        if (!damaged) assert.deepEqual(report.damage, [], `${act} ${name} is no damage of the image`);
        if (name.endsWith('.dd')) assert.deepEqual(ranges(report), RAW_DAMAGE[act], act);
        if (damaged) assert.match(troubles(report), new RegExp(`damaged image-files: ${name.replaceAll('.', '\\.')} `));
        rmSync(folder, { recursive: true });
      });
    });
  }

  test('a flipped bit names the sectors, the file and the place in it', async () => {
    const folder = bench.make({ format: 'split' });
    flipAt(join(folder, 'ITEM-7.002'), 40_000);
    const report = await verify(folder, { signersFile: bench.signers });
    assert.equal(report.exit, 13);
    // Byte 102,400 + 40,000 lies in the third piece, which starts in the second segment and ends in it.
    assert.deepEqual(report.damage, [
      {
        kind: 'differs',
        start: 131_072,
        end: 196_608,
        firstSector: 256,
        endSector: 384,
        places: [{ file: 'ITEM-7.002', offset: 28_672, length: 65_536 }],
      },
    ]);
  });

  test('damage in several places is found in one run, neighbours joined', async () => {
    const folder = bench.make({ format: 'split' });
    flipAt(join(folder, 'ITEM-7.001'), 0);
    flipAt(join(folder, 'ITEM-7.001'), 102_399);
    flipAt(join(folder, 'ITEM-7.003'), 94_719);
    flipAt(join(folder, 'ITEM-7.txt'), 0);
    rmSync(join(folder, 'VERIFY.txt'));
    const report = await verify(folder, { signersFile: bench.signers });
    assert.equal(report.exit, 13);
    assert.deepEqual(ranges(report), ['differs 0-102400', `differs ${4 * PIECE}-${SIZE}`]);
    // The second piece reaches into the second segment, whose own hash proves it right.
    assert.deepEqual(report.damage[0]?.places, [{ file: 'ITEM-7.001', offset: 0, length: 102_400 }]);
    assert.match(troubles(report), /ITEM-7\.txt is not the file/);
    assert.match(troubles(report), /VERIFY\.txt is missing/);
  });

  test('a missing segment does not hide damage in the others', async () => {
    const folder = bench.make({ format: 'split' });
    rmSync(join(folder, 'ITEM-7.002'));
    flipAt(join(folder, 'ITEM-7.003'), 94_719);
    const report = await verify(folder, { signersFile: bench.signers });
    assert.equal(report.exit, 13);
    assert.deepEqual(ranges(report), [
      'missing 102400-204800',
      `unproven 204800-${4 * PIECE}`,
      `differs ${4 * PIECE}-${SIZE}`,
    ]);
  });

  test('a changed hash in SHA256SUMS looks like damage of the file that it names', async () => {
    const folder = bench.make();
    const path = join(folder, 'SHA256SUMS');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, (text.startsWith('0') ? '1' : '0') + text.slice(1));
    const report = await verify(folder, { signersFile: bench.signers });
    assert.equal(report.exit, 13, troubles(report));
    assert.match(troubles(report), /invalid sums-signature/);
  });

  test('no change of any one byte of any file is ever called verified', async () => {
    const whole = bench.make({ format: 'split' });
    const names = readdirSync(whole);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (name, at, change) => {
          const folder = bench.copy(whole);
          const path = join(folder, name);
          const bytes = readFileSync(path);
          const place = at % bytes.length;
          bytes[place] = (bytes[place] ?? 0) ^ change;
          writeFileSync(path, bytes);
          const report = await verify(folder, { signersFile: bench.signers });
          rmSync(folder, { recursive: true });
          assert.ok(report.exit === 13 || report.exit === 14, `${name} at ${place} ^ ${change}: exit ${report.exit}`);
        },
      ),
      { numRuns: 15 },
    );
  });
});

function flipAt(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

/** All of them, three at a time: each waits for ssh-keygen most of its life. */
async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const run = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all([run(), run(), run()]);
}
