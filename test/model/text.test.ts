import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { shellQuote, visible } from '../../src/model/text.ts';

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
