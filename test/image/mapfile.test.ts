import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, describe } from 'node:test';
import fc from 'fast-check';
import { formatMapfile, parseMapfile } from '../../src/image/mapfile.ts';
import { ReadMap, type ReadStatus } from '../../src/model/read-map.ts';

const STATUSES: readonly ReadStatus[] = ['not-tried', 'failed-large', 'failed-small', 'unreadable', 'good'];

const maps = fc
  .array(
    fc.record({
      length: fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 2 ** 46 })),
      status: fc.constantFrom(...STATUSES),
    }),
    {
      minLength: 1,
      maxLength: 30,
    },
  )
  .map((parts) => {
    let end = 0;
    const entries = parts.map(({ length, status }) => ({ start: end, end: (end += length), status }));
    return new ReadMap(end, entries);
  });

describe('the mapfile', () => {
  test('is written like this', () => {
    const map = new ReadMap(1024 * 1024, [
      { start: 0, end: 4096, status: 'good' },
      { start: 4096, end: 4608, status: 'unreadable' },
      { start: 4608, end: 8192, status: 'failed-large' },
    ]);
    assert.equal(
      formatMapfile(map, '0.1.0\u001b\n'),
      [
        '# Mapfile. Created by exhibit 0.1.0\\u{1b}\\u{a}',
        '# current_pos  current_status  current_pass',
        '0x00002000     ?               1',
        '#      pos        size  status',
        '0x00000000  0x00001000  +',
        '0x00001000  0x00000200  -',
        '0x00001200  0x00000E00  *',
        '0x00002000  0x000FE000  ?',
        '',
      ].join('\n'),
    );
  });

  test('says what comes next, and when nothing does', () => {
    const head = (...statuses: ReadStatus[]): string | undefined => {
      const map = new ReadMap(
        statuses.length,
        statuses.map((status, start) => ({ start, end: start + 1, status })),
      );
      return formatMapfile(map, '1').split('\n')[2]?.replace(/\s+/g, ' ');
    };
    assert.equal(head('good', 'failed-small', 'failed-large', 'not-tried'), '0x00000003 ? 1');
    assert.equal(head('good', 'failed-small', 'failed-large'), '0x00000002 * 1');
    assert.equal(head('good', 'failed-small', 'unreadable'), '0x00000001 / 1');
    assert.equal(head('good', 'unreadable'), '0x00000000 + 1');
    assert.equal(head('good'), '0x00000000 + 1');
  });

  test('comes back as it was', () => {
    fc.assert(
      fc.property(maps, (map) => {
        const result = parseMapfile(formatMapfile(map, '1'));
        assert.ok(result.ok);
        assert.equal(result.map.size, map.size);
        assert.deepEqual(result.map.entries, map.entries);
      }),
    );
  });

  test("ddrescue's own is read: comments, decimal numbers, no pass", () => {
    const result = parseMapfile('# Rescue Logfile\n#\n512 +  # at\n0 512 +\n0x200\t0x200 -\n');
    assert.ok(result.ok);
    assert.deepEqual(result.map.entries, [
      { start: 0, end: 512, status: 'good' },
      { start: 512, end: 1024, status: 'unreadable' },
    ]);
  });

  for (const [what, text, fault] of [
    ['nothing', '', /no "current_pos current_status"/],
    ['no blocks', '0 + 1\n', /no blocks/],
    ['no status line', '0x0 0x10 +\n', /no "current_pos current_status"/],
    ['a cut line', '0 + 1\n0 0x10 +', /does not end/],
    [
      'a gap',
      '0 + 1\n0 0x10 +\n0x20 0x10 +\n',
      /block at 0x00000020 does not start where the one before ends \(0x00000010\)/,
    ],
    ['an overlap', '0 + 1\n0 0x10 +\n0x8 0x10 +\n', /does not start/],
    ['a late start', '0 + 1\n0x10 0x10 +\n', /does not start/],
    ['an empty block', '0 + 1\n0 0x10 +\n0x10 0 -\n', /is empty/],
    ['an unknown status', '0 + 1\n0 0x10 x\n', /line 2 is not "pos size status"/],
    ['a number that is octal to some', '0 + 1\n0 010 +\n', /line 2 is not/],
    ['a number too large', '0 + 1\n0 0xFFFFFFFFFFFFFF +\n', /line 2 is not/],
    ['a long line', `0 + 1\n0 ${' '.repeat(130)}0x10 +\n`, /longer than 127/],
  ] as const) {
    test(`${what} is refused`, () => {
      const result = parseMapfile(text);
      assert.equal(result.ok, false);
      assert.match(result.faults.join('\n'), fault);
    });
  }
});

describe(
  'ddrescuelog takes it',
  { skip: spawnSync('ddrescuelog', ['--version']).status === 0 ? false : 'ddrescuelog is not installed' },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'exhibit-map-'));
    const file = join(folder, 'x.map');
    after(() => {
      rmSync(folder, { recursive: true });
    });
    const judge = (map: ReadMap, ...options: string[]): { status: number | null; text: string } => {
      writeFileSync(file, formatMapfile(map, '0.1.0'));
      const { status, stdout } = spawnSync('ddrescuelog', [...options, file], { env: { ...process.env, LC_ALL: 'C' } });
      return { status, text: stdout.toString() };
    };

    test('whatever the map, and counts as we do', () => {
      fc.assert(
        fc.property(maps, (map) => {
          const { status, text } = judge(map, '-t');
          assert.equal(status, 0);
          const counts = new Map(
            STATUSES.map((name) => [name, map.entries.filter((entry) => entry.status === name).length]),
          );
          for (const [label, name] of [
            ['non-tried', 'not-tried'],
            ['rescued', 'good'],
            ['non-trimmed', 'failed-large'],
            ['non-scraped', 'failed-small'],
            ['bad-sector', 'unreadable'],
          ] as const) {
            assert.match(text, new RegExp(`${label}:.*in\\s+${counts.get(name) ?? 0} area`));
          }
        }),
        { numRuns: 60 },
      );
    });

    test('a whole one is done, one with a bad sector is not', () => {
      const map = new ReadMap(10_000, [{ start: 0, end: 10_000, status: 'good' }]);
      assert.equal(judge(map, '-D').status, 0);
      assert.match(judge(map, '-t').text, /current status: finished/);
      map.mark({ start: 512, end: 1024 }, 'unreadable');
      assert.equal(judge(map, '-D').status, 1);
      assert.match(judge(map, '-t').text, /current status: finished/);
    });

    test('an empty source', () => {
      const { status } = judge(new ReadMap(0), '-t');
      assert.equal(status, 0);
      const result = parseMapfile(formatMapfile(new ReadMap(0), '1'));
      assert.equal(result.ok && result.map.size, 0);
    });
  },
);
