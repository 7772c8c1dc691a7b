import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import type { Examination } from '../../src/doctor/examination.ts';
import { observeProcesses } from '../../src/doctor/processes.ts';
import { ARMED, EXCEPTIONS, RULES, RUNS, inPlace, judgeRules, observeRules } from '../../src/doctor/udev-rules.ts';
import type { Ports } from '../../src/system/ports.ts';
import { packageRoot } from '../support/root.ts';
import { FIRST_NAMESPACE, INIT, stationOf, type Tree } from './made-up-station.ts';

const SHIPPED = readFileSync(join(packageRoot, 'hardware/udev', RULES), 'utf8');
const [ETC, RUN, LOCAL, USR] = ['/etc', '/run', '/usr/local/lib', '/usr/lib'].map(
  (folder) => `${folder}/udev/rules.d/${RULES}`,
);
const UDEVD = { '/proc/300/comm': 'systemd-udevd\n' };
/** Everything that the rules need but themselves. */
const READY: Tree = { [ARMED]: '', [RUNS]: 'a program', ...INIT, ...FIRST_NAMESPACE, ...UDEVD };

interface Said {
  readonly said: readonly Examination[];
  readonly place: boolean;
}

async function look(ports: Ports): Promise<Said> {
  const seen = await observeRules(ports);
  return { said: judgeRules(seen, await observeProcesses(ports)), place: inPlace(seen) };
}

function found({ said }: Said, what: string): string {
  const one = said.filter((each) => each.what === what);
  assert.equal(one.length, 1, JSON.stringify(said));
  return `${one[0]?.state}: ${one[0]?.found}`;
}

function failing(ports: Ports, name: 'lstat' | 'statOrNull' | 'readBytes', part: string): Ports {
  const real = ports.files[name].bind(ports.files) as (path: string, ...rest: unknown[]) => Promise<unknown>;
  const fake = (path: string, ...rest: unknown[]): Promise<unknown> =>
    path.includes(part)
      ? Promise.reject(Object.assign(new Error(`EACCES: ${part}`), { code: 'EACCES' }))
      : real(path, ...rest);
  const files = Object.assign(Object.create(ports.files) as typeof ports.files, { [name]: fake });
  return { ...ports, files };
}

async function station(t: TestContext, tree: Tree): Promise<Said> {
  return look(stationOf(t, READY, tree));
}

describe('the rules for new disks', () => {
  test('are in place when they are as shipped, in any folder of udev; disks that are there already are spoken of', async (t) => {
    for (const path of [ETC, RUN, LOCAL, USR, `/lib/udev/rules.d/${RULES}`]) {
      const said = await station(t, { [path!]: SHIPPED });
      assert.ok(said.place);
      assert.ok(found(said, 'read-only rules').startsWith(`ok: in place: ${path}, for disks plugged in from now on; `));
      assert.match(found(said, 'read-only rules'), /those that are there already stay as they are$/);
      assert.deepEqual(new Set(said.said.map(({ state }) => state)), new Set(['ok']));
    }
  });

  test('are not when they are absent: one warning, and how they are installed', async (t) => {
    const said = await station(t, { [`/etc/udev/rules.d/other.rules`]: SHIPPED });
    assert.ok(!said.place);
    assert.match(found(said, 'read-only rules'), /^warning: not in place: udev has no 00-exhibit/);
    assert.equal(said.said.length, 1);
    assert.match(said.said[0]?.advice ?? '', /hardware\/udev\/00-exhibit-read-only\.rules$/);
  });

  test('are not when one byte differs', async (t) => {
    const said = await station(t, { [ETC!]: SHIPPED.replace('--setro', '--setrx') });
    assert.ok(!said.place);
    assert.match(found(said, 'read-only rules'), /^warning: \/etc\/.* differs from exhibit's/);
  });

  test('are not when a stronger file of the same name is another: the weaker does not count', async (t) => {
    for (const [strong, weak] of [
      [ETC, RUN],
      [RUN, LOCAL],
      [LOCAL, USR],
    ]) {
      const other = await station(t, { [strong!]: '# other\n', [weak!]: SHIPPED });
      assert.ok(!other.place, strong);
      assert.ok(found(other, 'read-only rules').startsWith(`warning: ${strong} differs`));
      assert.ok((await station(t, { [strong!]: SHIPPED, [weak!]: '# other\n' })).place, strong);
    }
  });

  test('are not when they are switched off: by a link to /dev/null, by an empty file', async (t) => {
    for (const mask of ['-> /dev/null', '']) {
      const said = await station(t, { [ETC!]: mask, [USR!]: SHIPPED });
      assert.ok(!said.place);
      assert.match(found(said, 'read-only rules'), /^warning: not in place: \/etc\/.* switches them off$/);
    }
  });

  test('may be or not when a file that would count cannot be read, or leads nowhere', async (t) => {
    const ports = stationOf(t, READY, { [ETC!]: '# ?\n', [USR!]: SHIPPED });
    for (const name of ['lstat', 'readBytes'] as const) {
      const said = await look(failing(ports, name, '/etc/udev'));
      assert.ok(!said.place);
      assert.match(found(said, 'read-only rules'), /^warning: not known whether they are in place: \/etc\/.*EACCES/);
    }
    const nowhere = await station(t, { [ETC!]: '-> /nowhere/rules', [USR!]: SHIPPED });
    assert.match(found(nowhere, 'read-only rules'), /^warning: not known/);
    const unshipped = await look(failing(stationOf(t, READY, { [ETC!]: SHIPPED }), 'readBytes', 'hardware/udev'));
    assert.ok(!unshipped.place);
    assert.match(found(unshipped, 'read-only rules'), /^warning: not known whether .* exhibit's own can't be read/);
  });

  test('are said to have exceptions when the lab has made a list of them', async (t) => {
    const list = { [`/etc/udev/rules.d/${EXCEPTIONS}`]: 'ENV{EXHIBIT_DESTINATION}="1"\n' };
    const said = await station(t, { [ETC!]: SHIPPED, ...list });
    assert.match(
      found(said, 'read-only rules'),
      /except those of \/etc\/udev\/rules\.d\/00-exhibit-destinations\.rules/,
    );
  });

  test('do nothing unarmed, without their program, without udevd: each is said', async (t) => {
    const without = (path: string): Ports => {
      const tree = Object.fromEntries(Object.entries({ ...READY, [ETC!]: SHIPPED }).filter(([each]) => each !== path));
      return stationOf(t, tree);
    };
    const unarmed = await look(without(ARMED));
    assert.match(
      found(unarmed, 'rules armed'),
      /^warning: no: \/run\/exhibit-read-only is not there, and they do nothing/,
    );
    const broken = await look(without(RUNS));
    assert.match(found(broken, 'rules run'), /^warning: \/sbin\/blockdev is no program here/);
    assert.ok(!unarmed.place && !broken.place);
    assert.match(found(await look(without('/proc/300/comm')), 'udev'), /^warning: not running: no rules act$/);
    const unknown = await look(failing(stationOf(t, READY, { [ETC!]: SHIPPED }), 'statOrNull', 'exhibit-read-only'));
    assert.match(found(unknown, 'rules armed'), /^warning: not known: EACCES/);
    assert.ok(!unknown.place);
  });

  test('with udevd not seen in a container: not known', async (t) => {
    const container = { '/proc/self/ns/pid': '-> pid:[4026532211]', [ETC!]: SHIPPED };
    const said = await look(stationOf(t, { [ARMED]: '', [RUNS]: 'a program', ...INIT, ...container }));
    assert.match(found(said, 'udev'), /^warning: not known whether it is running: exhibit runs in a container/);
  });
});
