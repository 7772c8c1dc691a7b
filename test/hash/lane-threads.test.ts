import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import test, { describe } from 'node:test';
import { warmThreads } from '../../src/hash/lane-threads.ts';
import { runPipeline } from '../../src/hash/pipeline.ts';
import { feeder, spec } from './pipeline-support.ts';

describe('threads that are started before there is anything to hash', { timeout: 60_000 }, () => {
  const bytes = randomBytes(300_001);
  const hashed = async (): Promise<(string | null)[]> => {
    const { digests } = await runPipeline(spec({ hashes: ['md5', 'sha256'], producer: feeder(bytes, [5000]) }));
    return digests.map(({ hex }) => hex);
  };
  const due = ['md5', 'sha256'].map((algorithm) => createHash(algorithm).update(bytes).digest('hex'));

  for (const warm of [0, 1, 2, 5]) {
    test(`${warm} of them: the hashes are the same, of one job and of the next`, async () => {
      warmThreads(warm);
      assert.deepEqual(await hashed(), due);
      assert.deepEqual(await hashed(), due);
    });
  }

  test('nobody takes them: they keep no process from ending', () => {
    const module = new URL('../../src/hash/lane-threads.js', import.meta.url).href;
    const script = `import { warmThreads } from ${JSON.stringify(module)}; warmThreads(2);`;
    const ended = spawnSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 20_000 });
    assert.equal(ended.status, 0, String(ended.stderr));
  });
});
