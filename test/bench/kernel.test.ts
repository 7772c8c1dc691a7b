import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { atEnd, tempFolder } from '../support/temp.ts';
import { benchKernel } from './host/kernel.ts';

const NAME = 'linux-image-6.1.0-56-amd64';

/** Programs of these names and contents, before all others on PATH, until the test ends. */
function withPrograms(t: TestContext, programs: Record<string, string>): string {
  const folder = tempFolder(t);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const [name, script] of Object.entries(programs))
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const path = process.env['PATH'];
  process.env['PATH'] = `${bin}:${path ?? ''}`;
  atEnd(t, () => (process.env['PATH'] = path));
  return join(folder, 'cache');
}

function whyNot(cache: string): string {
  const answer = benchKernel(cache);
  assert.equal(typeof answer, 'string');
  return answer as string;
}

test('no network to the archive: says so, and leaves nothing half unpacked', (t) => {
  const cache = withPrograms(t, {
    'apt-cache': `echo '  Depends: ${NAME}'`,
    'apt-get': 'echo "E: Failed to fetch it, Temporary failure resolving" >&2; exit 100',
  });
  assert.equal(
    benchKernel(cache),
    `${NAME} can't be downloaded: apt-get: E: Failed to fetch it, Temporary failure resolving`,
  );
  assert.deepEqual(readdirSync(cache), []);
});

test('package lists without a kernel: says so', (t) => {
  const cache = withPrograms(t, { 'apt-cache': 'exit 0', 'apt-get': 'exit 0' });
  assert.match(whyNot(cache), /name no kernel that linux-image-amd64 depends on/);
});

test('a package that is no package: says so, and leaves nothing half unpacked', (t) => {
  const cache = withPrograms(t, {
    'apt-cache': `echo '  Depends: ${NAME}'`,
    'apt-get': `echo nonsense >'${NAME}_1_amd64.deb'`,
  });
  assert.match(whyNot(cache), new RegExp(`${NAME} can't be unpacked`));
  assert.deepEqual(readdirSync(cache), []);
});
