import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { keepFigures, readSpeedFile } from '../../src/cli/speed-file.ts';
import { systemCommands } from '../../src/system/run-command.ts';
import type { Ports } from '../../src/system/ports.ts';
import { testPorts } from '../support/ports.ts';
import { figures, FILE_SYSTEM } from '../support/speed-figures.ts';
import { tempFolder } from '../support/temp.ts';

const at = (home: string): string => join(home, '.local/state/exhibit/speed.json');
const other = figures({ destination: { ...FILE_SYSTEM, uuid: 'other' } });

test('written whole in the place of what was there; what a writing left that was cut off is no hindrance', async (t) => {
  const home = tempFolder(t);
  const ports = testPorts({}, { env: { HOME: home } });
  assert.deepEqual(await readSpeedFile(ports), []);
  assert.equal(await keepFigures(ports, figures()), at(home));
  writeFileSync(`${at(home)}.new`, 'half');
  await keepFigures(ports, other);
  assert.deepEqual(await readSpeedFile(ports), [other, figures()]);
  assert.deepEqual(readdirSync(dirname(at(home))), ['speed.json']);
});

test('nothing is made where there is no home; what can not be replaced stays', async (t) => {
  const home = tempFolder(t);
  const none = join(home, 'none');
  await assert.rejects(keepFigures(testPorts({}, { env: { HOME: none } }), figures()), /home folder .* does not exist/);
  assert.ok(!existsSync(none));
  mkdirSync(at(home), { recursive: true });
  await assert.rejects(keepFigures(testPorts({}, { env: { HOME: home } }), figures()), { code: 'EISDIR' });
  assert.deepEqual(readdirSync(dirname(at(home))), ['speed.json']);
  assert.ok(statSync(at(home)).isDirectory());
});

test('under sudo the file is the caller’s, and made as the caller', async (t) => {
  if (process.getuid?.() !== 0) {
    t.skip('needs root');
    return;
  }
  const uid = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
  const home = tempFolder(t);
  chmodSync(home, 0o755);
  chownSync(home, uid, uid);
  const real = systemCommands();
  const commands: Ports['commands'] = {
    ...real,
    run: async (argv, options) =>
      argv[0] === 'getent'
        ? { argv, exit: 0, signal: null, stdout: `ann:x:${uid}:${uid}::${home}:/bin/sh\n`, stderr: '', failure: null }
        : real.run(argv, options),
  };
  const env = { HOME: '/root', SUDO_UID: String(uid), SUDO_USER: 'ann' };
  const ports = testPorts({ commands }, { uid: 0, env });
  for (const each of [figures(), other]) assert.equal(await keepFigures(ports, each), at(home));
  assert.deepEqual(await readSpeedFile(ports), [other, figures()]);
  assert.deepEqual([statSync(at(home)).uid, statSync(dirname(at(home))).uid], [uid, uid]);
  assert.deepEqual(readdirSync(dirname(at(home))), ['speed.json']);
  // A link of the caller's leads root nowhere that the caller could not write.
  const secret = join(tempFolder(t), 'secret');
  mkdirSync(secret);
  execFileSync('rm', ['-r', dirname(at(home))]);
  symlinkSync(secret, dirname(at(home)));
  await assert.rejects(keepFigures(ports, figures()));
  assert.deepEqual(readdirSync(secret), []);
});
