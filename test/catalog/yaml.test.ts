import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { z } from 'zod';
import { listFaults, parseYaml, type Scalars } from '../../src/catalog/yaml.ts';

const schema = z.strictObject({
  name: z.string(),
  count: z.int().optional(),
  list: z.array(z.enum(['a', 'b'], { error: 'must be one of a, b' })).optional(),
  inner: z.strictObject({ on: z.boolean() }).optional(),
});

function faults(text: string, scalars: Scalars = 'typed'): string {
  const parsed = parseYaml(text, schema, scalars);
  return parsed.ok ? '' : listFaults('f', parsed.faults);
}

describe('yaml', () => {
  test('a good file is its value', () => {
    const parsed = parseYaml('name: x\ncount: 3\nlist: [a, b]\ninner:\n  on: true\n', schema);
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.value, { name: 'x', count: 3, list: ['a', 'b'], inner: { on: true } });
    assert.deepEqual(parsed.placeOf(['list', 1]), { line: 3, column: 11 });
    assert.deepEqual(parsed.placeOf(['inner', 'on']), { line: 5, column: 7 });
    assert.deepEqual(parsed.placeOf(['nowhere']), { line: 1, column: 1 });
  });

  test('every fault at once, each where it stands', () => {
    const text = [
      'name: 12',
      'nmae: x',
      'count: many',
      'count: 3',
      'list:',
      '  - a',
      '  - c',
      'inner:',
      '  of: 1',
      '',
    ].join('\n');
    assert.equal(
      faults(text),
      [
        'f:1:7: name: must be text (in quotes, where it looks like a number)',
        'f:2:1: nmae: not a key that is known here',
        'f:4:1: this key stands here a second time',
        'f:7:5: list.1: must be one of a, b',
        'f:9:3: inner.on: is missing',
        'f:9:3: inner.of: not a key that is known here',
      ].join('\n'),
    );
  });

  // One row a way of being no such file.
  const rows: [string, string, string][] = [
    ['empty', '', 'f:1:1: must be a list of keys with values'],
    ['only a comment', '# nothing\n', 'f:1:1: must be a list of keys with values'],
    ['a list', '- name\n', 'f:1:1: must be a list of keys with values'],
    ['missing key', 'count: 1\n', 'f:1:1: name: is missing'],
    [
      'alias',
      'name: &n x\ninner: *n\n',
      'f:2:8: inner: aliases (*name) have no place here: write the value\nf:2:8: inner: must be a list of keys with values',
    ],
    ['a tag of its own', 'name: !secret x\n', 'f:1:7: unknown tag (Unresolved tag: !secret)'],
    ['a directive', '%YAML 1.1\n---\nname: x\n', 'f:1:1: a %YAML directive has no place here'],
    ['a key that is a list', 'name: x\n? [a]\n: 1\n', 'f:2:3: not a key that is known here'],
    ['__proto__', 'name: x\n__proto__: {}\n', 'f:2:1: not a key that is known here'],
    ['escape codes in a key', 'name: x\n"\\e[2J": 1\n', 'f:2:1: \\u{1b}[2J: not a key that is known here'],
    ['an integer too large to be exact', 'name: x\ncount: 9007199254740993\n', 'f:2:8: count: '],
  ];
  for (const [what, text, expected] of rows) {
    test(what, () => {
      const told = faults(text);
      assert.ok(told === expected || (expected.endsWith(': ') && told.startsWith(expected)), told);
    });
  }

  test('no YAML at all: the parser says where, and nothing is called missing that it may have lost', () => {
    const told = faults('count: [1,\nname x\n');
    assert.match(told, /^f:\d+:\d+: not YAML: /m);
    assert.doesNotMatch(told, /missing/);
  });

  test('two documents are one too many', () => {
    assert.match(faults('name: x\n---\nname: y\n'), /^f:2:1: not YAML: .*multiple documents/);
  });

  test('as text, a value stands as it was written', () => {
    const strings = z.record(z.string(), z.string());
    const parsed = parseYaml('a: 0012\nb: 1e5\nc: 0x1F\nd: true\ne: "7"\n', strings, 'text');
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.value, { a: '0012', b: '1e5', c: '0x1F', d: 'true', e: '7' });
  });
});
