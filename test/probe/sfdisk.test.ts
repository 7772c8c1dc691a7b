import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { known } from '../../src/model/device.ts';
import { parseSfdisk } from '../../src/probe/partition-table.ts';
import { capture, said, silence } from './captures.ts';
import { unknownFor } from './unknown-for.ts';

describe('sfdisk', () => {
  test('GPT and MBR, bytes instead of sectors, hostile names kept', () => {
    const gpt = parseSfdisk(capture('sfdisk-gpt'), 512);
    assert.ok(gpt.known);
    const type = '0FC63DAF-8483-4772-8E79-3D69D8477DE4';
    assert.deepEqual(gpt.value, {
      label: 'gpt',
      by: 'sfdisk',
      entries: [
        { start: 1_048_576, size: 2_097_152, type, name: 'a\u001b[31m b' },
        { start: 3_145_728, size: 4_194_304, type, name: null },
      ],
    });
    const dos = parseSfdisk(capture('sfdisk-dos'), 512);
    assert.deepEqual(dos.known && dos.value.entries.map((entry) => entry.type), ['7', '5', '83']);
  });

  test('no table that it knows; sectors of a disk whose size an old sfdisk does not tell', () => {
    assert.deepEqual(parseSfdisk(capture('sfdisk-none'), 512), known({ label: null, by: 'sfdisk', entries: [] }));
    const old = capture('sfdisk-dos').stdout.replace('"sectorsize": 512,', '');
    const fact = parseSfdisk(said(old), 4096);
    assert.equal(fact.known && fact.value.entries[0]?.start, 2048 * 4096);
  });

  test('bad answers', () => {
    const { stdout } = capture('sfdisk-dos');
    for (const [what, answer, why] of [
      ['silence', silence('sfdisk is not installed'), /not installed/],
      ['no rights', said('', 1, 'sfdisk: cannot open /dev/sdb: Permission denied'), /Permission denied/],
      ['cut off', said(stdout.slice(0, 200)), /does not tell/],
      ['no start', said(stdout.replace('"start": 2048', '"start": "2048"')), /without a place/],
      [
        'a start past all numbers',
        said(stdout.replace('"start": 2048', '"start": 9007199254740991')),
        /without a place/,
      ],
      ['cylinders', said(stdout.replace('"sectors"', '"cylinders"')), /does not tell/],
    ] as const) {
      unknownFor(parseSfdisk(answer, 512), why, what);
    }
  });
});
