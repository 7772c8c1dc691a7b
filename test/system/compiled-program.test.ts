import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { loadProgram, sealed, wrapped } from '../../src/system/compiled-program.ts';
import { tempFolder } from '../support/temp.ts';

const SAYS_ONE = Buffer.from("exports.says = 'one';");
/** As long, which is all of a text that V8 itself looks at. */
const SAYS_TWO = Buffer.from("exports.says = 'two';");
const BIN = fileURLToPath(new URL('../../bin/', import.meta.url));

function compiledOf(text: Buffer): Buffer {
  return new Script(wrapped(text)).createCachedData();
}

describe('a program and what V8 made of it when it was built', () => {
  /** What the program says with this beside it. */
  function saidWith(t: test.TestContext, beside: Buffer | null): string {
    const path = join(tempFolder(t), 'program.cjs');
    writeFileSync(path, SAYS_ONE);
    if (beside !== null) writeFileSync(`${path}.compiled`, beside);
    return (loadProgram(pathToFileURL(path)) as { says: string }).says;
  }

  test('with nothing beside it the text is the program', (t) => {
    assert.equal(saidWith(t, null), 'one');
  });

  test('what is sealed with the text is taken instead of it', (t) => {
    assert.equal(saidWith(t, sealed(SAYS_ONE, compiledOf(SAYS_ONE))), 'one');
    // Nobody but a forger makes this one; it shows that what lies there is really taken.
    assert.equal(saidWith(t, sealed(SAYS_ONE, compiledOf(SAYS_TWO))), 'two');
  });

  test('of another text of the same length: never taken', (t) => {
    assert.equal(saidWith(t, sealed(SAYS_TWO, compiledOf(SAYS_TWO))), 'one');
  });

  test('one bit wrong anywhere, cut off, empty: never taken', (t) => {
    // What would be taken, if it were not for the bit.
    const whole = sealed(SAYS_ONE, compiledOf(SAYS_TWO));
    for (let at = 0; at < whole.length; at += 7) {
      const wrong = Buffer.from(whole);
      wrong[at] = wrong[at]! ^ (1 << (at % 8));
      assert.equal(saidWith(t, wrong), 'one', `byte ${at}`);
    }
    for (const length of [0, 1, 31, 32, 33, whole.length - 1])
      assert.equal(saidWith(t, whole.subarray(0, length)), 'one', `${length} bytes`);
  });

  test('by another Node: never taken, though V8 itself would', (t) => {
    assert.equal(saidWith(t, sealed(SAYS_ONE, compiledOf(SAYS_TWO), 'another Node')), 'one');
  });

  test('whole, but of another V8: the text is compiled', (t) => {
    assert.equal(saidWith(t, sealed(SAYS_ONE, Buffer.from('of another V8'))), 'one');
  });

  test('it stands on its own feet: require, its name and its folder', (t) => {
    const path = join(tempFolder(t), 'program.cjs');
    writeFileSync(path, "module.exports = { base: require('node:path').basename(__filename), folder: __dirname };");
    const { base, folder } = loadProgram(pathToFileURL(path)) as { base: string; folder: string };
    assert.deepEqual([base, join(folder, base)], ['program.cjs', path]);
  });
});

test('what is installed is as strict as the modules that it is made of', () => {
  for (const name of ['exhibit.cjs', 'exhibit-blocker-test.cjs'])
    assert.match(readFileSync(join(BIN, name), 'utf8'), /^'use strict';/);
});

test('this Node takes what was built for it, of every program', () => {
  for (const name of ['exhibit.cjs', 'exhibit-blocker-test.cjs']) {
    const text = readFileSync(join(BIN, name));
    const beside = readFileSync(join(BIN, `${name}.compiled`));
    const cachedData = beside.subarray(32);
    assert.deepEqual(beside, sealed(text, cachedData));
    assert.equal(new Script(wrapped(text), { cachedData }).cachedDataRejected, false, name);
  }
});
