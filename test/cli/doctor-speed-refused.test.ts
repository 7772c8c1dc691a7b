import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { describe } from 'node:test';
import { MAIN, Running } from '../support/exhibit.ts';
import { attachLoop, lacks, mount } from '../support/loop.ts';
import { tempFolder } from '../support/temp.ts';
import { MIB, scene, station } from './speed-support.ts';
import { transcriptHere } from './transcript.ts';

describe('doctor --speed, refused before anything is written', { concurrency: 2 }, () => {
  test('what is no folder: missing, a file, a device, a link to nowhere', async (t) => {
    const folder = tempFolder(t);
    writeFileSync(join(folder, 'file'), 'mine');
    symlinkSync('/nowhere/at-all', join(folder, 'dangling'));
    for (const [name, says] of [
      ['none', /does not exist/],
      ['dangling', /does not exist/],
      ['file', /is not a folder/],
      ['file/below', /can't be looked at \(ENOTDIR\)/],
      ['\u001b[2J', /\\u\{1b\}\[2J does not exist/],
    ] as const)
      await transcriptHere(['doctor', '--speed', join(folder, name)], { exit: 12, says: [says] }, station(folder));
    await transcriptHere(['doctor', '--speed', '/dev/null'], { exit: 12, says: [/is not a folder/] }, station(folder));
    await transcriptHere(['doctor', '--speed', ''], { exit: 12, says: [/does not exist/] }, station(folder));
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'mine');
    assert.deepEqual(readdirSync(folder).sort(), ['dangling', 'file']);
  });

  test('a disk', async (t) => {
    if (lacks(t, 'losetup')) return;
    const folder = tempFolder(t);
    const file = join(folder, 'disk.img');
    writeFileSync(file, '');
    truncateSync(file, MIB);
    const node = attachLoop(t, file, { writable: true });
    await transcriptHere(['doctor', '--speed', node], { exit: 12, says: [/is not a folder/] }, station(folder));
    assert.ok(readFileSync(file).equals(Buffer.alloc(MIB)));
  });

  test('mounted read-only, and with too little room', async (t) => {
    if (lacks(t, 'mount')) return;
    const home = tempFolder(t);
    const readOnly = mount(t, join(home, 'ro'), '-t', 'tmpfs', '-o', 'ro,size=200m', 'none');
    const small = mount(t, join(home, 'small'), '-t', 'tmpfs', '-o', 'size=79m', 'none');
    await transcriptHere(['doctor', '--speed', readOnly], { exit: 12, says: [/mounted read-only/] }, station(home));
    await transcriptHere(
      ['doctor', '--speed', small],
      { exit: 12, says: [/Not enough room.*82,837,504/] },
      station(home),
    );
    assert.ok(!existsSync(join(home, '.local')));
  });

  test('a folder that this user may not write to', async (t) => {
    if (lacks(t, 'setpriv')) return;
    const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
    if (spawnSync('setpriv', [...nobody, 'test', '-r', MAIN]).status !== 0) {
      t.skip('another user may not read this checkout');
      return;
    }
    const given = scene(t);
    if (given === null) return;
    chmodSync(dirname(given.to), 0o755);
    chmodSync(given.to, 0o755);
    const argv = [...nobody, process.execPath, MAIN, 'doctor', '--speed', given.to];
    const ended = await new Running('setpriv', argv).ended;
    assert.equal(ended.code, 12, ended.stderr);
    // Root's jobs are not to be seen by this user, if there are any.
    assert.match(ended.stderr, /can't be written to \(EACCES\)|could not be looked up/);
    assert.deepEqual(readdirSync(given.to), []);
  });

  test('what goes with something else', async (t) => {
    const to = tempFolder(t);
    for (const [argv, says] of [
      [['ssh://root@box'], /on another machine nothing is ever written/],
      [['--key', '/k'], /no key is tried/],
      [['--identity', '/k'], /--identity is for what is reached over SSH/],
    ] as const)
      await transcriptHere(['doctor', ...argv, '--speed', to], { exit: 2, says: [says] }, station(to));
    for (const elsewhere of ['ssh://root@box', 'SSH://root@box/dev/sda', 'listen://127.0.0.1:0'])
      await transcriptHere(
        ['doctor', '--speed', elsewhere],
        { exit: 2, says: [/on another machine nothing is ever written/] },
        station(to),
      );
    await transcriptHere(['doctor', '--speed'], { exit: 2, says: [/argument missing/] }, station(to));
    assert.deepEqual(readdirSync(to), []);
  });
});
