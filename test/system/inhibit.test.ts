import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { inhibitSleep } from '../../src/system/inhibit.ts';
import { systemCommands } from '../../src/system/run-command.ts';
import type { Ports } from '../../src/system/ports.ts';
import { isAlive, until } from '../support/children.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';

/** A station with (or without) a running systemd, and a systemd-inhibit of the test's own. */
function station(t: TestContext, script: string | null, systemd: boolean): { ports: Ports; folder: string } {
  const folder = tempFolder(t);
  if (systemd) mkdirSync(join(folder, 'run/systemd/system'), { recursive: true });
  if (script !== null) {
    writeFileSync(join(folder, 'systemd-inhibit'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'systemd-inhibit'), 0o755);
  }
  const real = systemCommands(`${folder}:${process.env['PATH'] ?? ''}`);
  const which = (name: string): string | null =>
    name === 'systemd-inhibit' && script === null ? null : real.which(name);
  return { ports: testPorts({ root: folder, commands: { ...real, which } }), folder };
}

describe('sleep inhibitor', { timeout: 60_000 }, () => {
  test('not installed: said so, nothing to release', async (t) => {
    const inhibitor = await inhibitSleep(station(t, null, true).ports, 'x');
    assert.match(inhibitor.state, /^not inhibited: .*not installed/);
    inhibitor.release();
  });

  test('systemd does not run here: said so', async (t) => {
    const inhibitor = await inhibitSleep(station(t, 'exec sleep 30', false).ports, 'x');
    assert.match(inhibitor.state, /^not inhibited: systemd does not run/);
    inhibitor.release();
  });

  test('refused: said so, with its status', async (t) => {
    const inhibitor = await inhibitSleep(station(t, 'exit 5', true).ports, 'x');
    assert.match(inhibitor.state, /^not inhibited: .*status 5/);
  });

  test('held until it is released: what, who and why; then nobody is left', async (t) => {
    const { ports, folder } = station(
      t,
      `echo $$ > "$(dirname "$0")/pid"
for word in "$@"; do echo "$word"; done > "$(dirname "$0")/argv"
exec cat`,
      true,
    );
    const inhibitor = await inhibitSleep(ports, 'imaging item 7; $(id)');
    assert.match(inhibitor.state, /^inhibited by systemd-inhibit/);
    await until(() => readFileSync(join(folder, 'argv'), 'utf8').includes('cat\n'), 'the words');
    const words = readFileSync(join(folder, 'argv'), 'utf8').trim().split('\n');
    assert.ok(words.some((word) => /^--what=.*sleep/.test(word)));
    assert.ok(words.includes('--mode=block') && words.includes('--why=imaging item 7; $(id)'));
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    assert.ok(isAlive(pid));
    inhibitor.release();
    await until(() => !isAlive(pid), 'the inhibitor to end');
  });
});
