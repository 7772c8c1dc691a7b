import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { folderNames, isPlainName, repeatedNames, stemOfManifestName } from '../../src/manifest/file-names.ts';
import { formatSums, parseSums, sealOf } from '../../src/manifest/sums.ts';

const HASH = 'ab'.repeat(32);
const line = (name: string): string => `${HASH}  ${name}\n`;

describe('SHA256SUMS', () => {
  test('is what sha256sum checks', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'exhibit-sums-'));
    t.after(() => rm(folder, { recursive: true }));
    const names = ['b.txt', 'B.dd', 'a_1', '9.map'];
    for (const name of names) await writeFile(join(folder, name), name);
    const sums = names.map((name) => ({ name, sha256: createHash('sha256').update(name).digest('hex') }));
    const text = formatSums(sums);
    assert.deepEqual(
      text.split('\n').map((row) => row.slice(66)),
      ['9.map', 'B.dd', 'a_1', 'b.txt', ''],
    );
    await writeFile(join(folder, 'SHA256SUMS'), text);
    assert.equal(spawnSync('sha256sum', ['--strict', '-c', 'SHA256SUMS'], { cwd: folder }).status, 0);
    const seal = spawnSync('sha256sum', ['SHA256SUMS'], { cwd: folder }).stdout.toString();
    assert.equal(`${sealOf(Buffer.from(text))}  SHA256SUMS\n`, seal);
    await writeFile(join(folder, 'a_1'), 'other');
    assert.equal(spawnSync('sha256sum', ['--strict', '-c', 'SHA256SUMS'], { cwd: folder }).status, 1);
  });

  test('comes back as it was', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,30}[a-z0-9]$/);
    const sum = fc.record({ name, sha256: fc.stringMatching(/^[0-9a-f]{64}$/) });
    fc.assert(
      fc.property(fc.uniqueArray(sum, { minLength: 1, selector: (item) => item.name.toLowerCase() }), (sums) => {
        const text = formatSums(sums);
        const result = parseSums(text);
        assert.ok(result.ok);
        assert.equal(formatSums(result.sums), text);
        assert.deepEqual(
          new Map(result.sums.map((item) => [item.name, item.sha256])),
          new Map(sums.map((item) => [item.name, item.sha256])),
        );
      }),
    );
  });

  for (const [what, text, fault] of [
    ['nothing', '', /lists nothing|does not end/],
    ['a cut last line', line('a').slice(0, -1), /does not end/],
    ['an escaped name', `\\${line('a\\nb')}`, /line 1 is not/],
    ['a binary mark', `${HASH} *a\n`, /line 1 is not/],
    ['one space', `${HASH} a\n`, /line 1 is not/],
    ['an empty line', `${line('a')}\n`, /line 2 is not/],
    ['a carriage return', `${HASH}  a\r\n`, /not a plain file name/],
    ['a path', line('../a'), /not a plain file name/],
    ['a hidden file', line('.a'), /not a plain file name/],
    ['a space in a name', line('a b'), /not a plain file name/],
    ['an option for a name', line('-a'), /not a plain file name/],
    ['a letter that does not show', line('a\u200b'), /"a\\u\{200b\}" is not a plain file name/],
    ['an upper-case hash', line('a').toUpperCase(), /line 1 is not/],
    ['a name twice', line('a') + line('a'), /a is listed twice/],
    ['a name twice in other letters', line('A') + line('a'), /a is listed twice/],
    ['names out of order', line('b') + line('a'), /not sorted/],
    ['itself', line('SHA256SUMS'), /can't be listed/],
    ['its signature', line('SHA256SUMS.sig'), /can't be listed/],
  ] as const) {
    test(`${what} is refused`, () => {
      const result = parseSums(text);
      assert.equal(result.ok, false);
      assert.match(result.faults.join('\n'), fault);
    });
  }

  test('a file of garbage gives a short answer', () => {
    const result = parseSums('x\n'.repeat(100_000));
    assert.equal(result.ok, false);
    assert.equal(result.faults.length, 51);
    assert.equal(result.faults.at(-1), 'and 99950 more faults');
  });

  test('is not written with names that could not be read', () => {
    assert.throws(() => formatSums([{ name: 'a b', sha256: HASH }]), { code: 'internal.bug' });
  });
});

describe('names', () => {
  test('come from the stem, and give it back', () => {
    assert.equal(folderNames('I-1').manifestSignature, 'I-1.manifest.json.sig');
    assert.equal(stemOfManifestName('I-1.manifest.json'), 'I-1');
    assert.equal(stemOfManifestName('.manifest.json'), null);
    assert.equal(stemOfManifestName('I-1.manifest.json.sig'), null);
  });

  test('are plain, or not', () => {
    for (const name of ['a', 'A-1_b.c', '_x', 'a'.repeat(200)]) assert.equal(isPlainName(name), true, name);
    for (const name of ['', '.', '..', '.a', '-a', 'a.', 'a/b', 'a b', 'ä', 'a\n', 'a'.repeat(201)])
      assert.equal(isPlainName(name), false, name);
    assert.deepEqual(repeatedNames(['a', 'b', 'A', 'c', 'a']), ['A', 'a']);
  });
});
