import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { safeJson, shellQuote, tame, visible } from '../../src/model/text.ts';

test('a quoted word never acts on a terminal, and bash reads it back as it was', () => {
  for (const word of ['plain', "it's", 'x\u001b[2J\u001b[HVERIFIED', 'a\nb', "q\\\u0007'", 'left\u202eright']) {
    const quoted = shellQuote(word);
    assert.equal(quoted.search(/[\p{Cc}\p{Cf}]/u), -1, visible(quoted));
    const read = execFileSync('bash', ['-c', `printf %s ${quoted}`], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    assert.equal(read, word);
  }
});

test('JSON that meets a terminal: every control, format and separator letter is written by number, and read back as it was', () => {
  const ranges = [
    [0x00, 0x1f],
    [0x7f, 0x9f],
    [0xad, 0xad],
    [0x61c, 0x61c],
    [0x200b, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x2069],
    [0xe000, 0xe000],
    [0xfeff, 0xfeff],
    [0xe0001, 0xe007f],
  ] as const;
  const hostile = ranges.flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, step) => String.fromCodePoint(from + step)),
  );
  const value = { [hostile.join('')]: [hostile.join('-'), 'Дело "7" \\ 🙂', 1, null] };
  const text = safeJson(value);
  assert.equal(text.search(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u), -1);
  assert.deepEqual(JSON.parse(text), value);
  assert.ok(text.includes('Дело') && text.includes('🙂'), 'what shows stays as it is');
  assert.equal(safeJson({ a: '\u009b\u{e0041}' }), '{"a":"\\u009b\\udb40\\udc41"}');
});

test('the last look leaves line breaks and what is escaped already', () => {
  assert.equal(tame('a\nb\\u{1b}\u001b[2J\u202e\tc'), 'a\nb\\u{1b}\\u{1b}[2J\\u{202e}\\u{9}c');
});
