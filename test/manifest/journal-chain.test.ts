import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { checkChain, formatRecord, hashLine } from '../../src/manifest/journal-chain.ts';

const ZEROS = '0'.repeat(64);

function journalOf(...types: string[]): Buffer {
  let prev = ZEROS;
  const lines = types.map((type, n) => {
    const data = { size: 4096, note: 'ä' };
    const line = formatRecord({ n, prev, at: `2026-03-01T09:15:0${n}.000Z`, mono_ms: n * 1000, type, data });
    prev = hashLine(line);
    return line;
  });
  return Buffer.concat(lines);
}

describe('checking', () => {
  test('an empty journal has no records', () => {
    assert.deepEqual(checkChain(Buffer.alloc(0)), { ok: true, records: [], head: ZEROS, faults: [], torn: null });
  });

  test('a flip of any bit shows: in the chain, in the head, or as a torn tail', () => {
    const bytes = journalOf('start', 'step', 'end');
    const { head } = checkChain(bytes);
    for (let at = 0; at < bytes.length * 8; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at % 8));
      const chain = checkChain(flipped);
      assert.ok(!chain.ok || chain.head !== head || chain.torn !== null, `bit ${at}`);
      const last = bytes.lastIndexOf(10, bytes.length - 2) + 1;
      if (at >> 3 < last) assert.equal(chain.ok, false, `bit ${at}: the chain alone must show it`);
    }
  });

  test('cut anywhere, it shows', () => {
    const bytes = journalOf('start', 'step', 'end');
    const { head } = checkChain(bytes);
    for (let length = 0; length < bytes.length; length += 1)
      assert.notEqual(checkChain(bytes.subarray(0, length)).head, head);
  });

  test('records removed, doubled, swapped are named', () => {
    const bytes = journalOf('start', 'step', 'other', 'end');
    const [a, b, c, d] = bytes.toString('utf8').split(/(?<=\n)/);
    const faults = (...lines: (string | undefined)[]): string =>
      checkChain(Buffer.from(lines.join(''))).faults.join('\n');
    assert.match(faults(a, c, d), /record 1 \(byte \d+\) does not hold the hash of the record before/);
    assert.match(faults(b, c, d), /record 0 \(byte 0\) says that it is number 1/);
    assert.match(faults(a, b, b, c, d), /record 2 .* says that it is number 1/);
    assert.match(faults(a, c, b, d), /record 1 .* says that it is number 2/);
    assert.equal(faults(a, b, c, d), '');
  });

  test('a record in another form is named', () => {
    const [line = ''] = journalOf('start').toString('utf8').split('\n');
    for (const other of [
      '',
      'null',
      '[]',
      line.replace(':', ': '),
      line.replace('"n":0', '"n":0,"n":0'),
      line.replace('"n":0', '"n":0.0'),
      line.replace('"n":0', '"n":"0"'),
      line.replace('"type":"start"', '"type":"start","x":1'),
      line.replace('"data":{', '"data":[{').replace('},"mono', '}],"mono'),
      line.replace('"type":"start"', '"type":""'),
      `\ufeff${line}`,
    ]) {
      assert.notEqual(other, line);
      assert.match(checkChain(Buffer.from(`${other}\n`)).faults.join(), /record 0 \(byte 0\) is not a record/, other);
    }
  });

  test('a last line without its line feed is a torn tail, and no fault', () => {
    const bytes = journalOf('start', 'end');
    const start = bytes.indexOf(10) + 1;
    const chain = checkChain(bytes.subarray(0, -1));
    assert.deepEqual(
      { ok: chain.ok, count: chain.records.length, torn: chain.torn },
      { ok: true, count: 1, torn: { offset: start, bytes: bytes.length - 1 - start } },
    );
  });

  test('a record is formatted as it is checked', () => {
    const record = {
      n: 0,
      prev: ZEROS,
      at: '2026-03-01T09:15:00.000Z',
      mono_ms: 0,
      type: 'x',
      data: { '\u2028': '\n' },
    };
    assert.deepEqual(checkChain(formatRecord(record)).records, [record]);
  });
});
