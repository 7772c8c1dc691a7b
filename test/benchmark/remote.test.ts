import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { hashedBeside, OUT, receive } from '../../bench/elsewhere.ts';
import { untilGone } from '../../bench/netcat.ts';
import { tempFolder } from '../support/temp.ts';

const bash = (script: string): string => execFileSync('bash', ['-c', script], { encoding: 'utf8', timeout: 20_000 });

describe('a disk of another machine, as people pipe it', { concurrency: true }, () => {
  test('what came is whole, or the run failed; nothing of it stays', async (t) => {
    const folder = tempFolder(t);
    const pipe = (bytes: number): string => {
      const { before, to, after } = hashedBeside(join(folder, OUT));
      return `${before}; head -c ${bytes} /dev/zero | ${to} && ${after}`;
    };
    assert.ok((await receive(pipe(1_048_576), { folder, mebibytes: 1, received: OUT })) > 0);
    assert.ok(!existsSync(join(folder, OUT)));
    await assert.rejects(receive(pipe(1_048_575), { folder, mebibytes: 1, received: OUT }), /only 1048575 bytes came/);
  });

  test('who sends tries for as long as somebody may listen', () => {
    // The third attempt succeeds; and a listener that ends before gives its own status.
    const third = bash(`n=0; sleep 60 & job=$!; ${untilGone('[ $((n += 1)) = 3 ]')}; kill $job; echo $n`);
    assert.equal(third.trim(), '3');
    assert.equal(bash(`(sleep 0.2; exit 7) & job=$!; ${untilGone('false')}; wait $job || echo $?`).trim(), '7');
  });
});
