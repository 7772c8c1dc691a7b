import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { AGENTS, ASSEMBLERS } from '../../src/doctor/agents.ts';
import { judgeAgents, judgeAssemblers, observeAssemblers } from '../../src/doctor/automount.ts';
import { observeProcesses } from '../../src/doctor/processes.ts';
import { FIRST_NAMESPACE, INIT, stationOf, type Tree } from './made-up-station.ts';

const SEEN: Tree = { ...INIT, ...FIRST_NAMESPACE, '/proc/2/comm': 'kthreadd\n', '/proc/uptime': '1 1\n' };

describe('programs that mount or ask a disk when it is plugged in', () => {
  test('each that is known is found by its name as the kernel cuts it, with what it does and how to keep it off', async (t) => {
    for (const agent of AGENTS) {
      for (const [index, name] of agent.processes.entries()) {
        assert.ok(Buffer.byteLength(name) <= 15, `${name}: the kernel keeps 15 bytes`);
        const ports = stationOf(t, SEEN, { [`/proc/${70 + index}/comm`]: `${name}\n` });
        const said = judgeAgents(await observeProcesses(ports));
        const found = `running (process ${70 + index}): it ${agent.does}`;
        assert.deepEqual(said, [{ what: agent.name, state: 'warning', found, advice: agent.stop }]);
      }
    }
  });

  test('the volume monitor of gvfs, cut; two of one kind are one', async (t) => {
    const cut = 'gvfs-udisks2-volume-monitor'.slice(0, 15);
    const ports = stationOf(t, SEEN, { '/proc/8/comm': `${cut}\n`, '/proc/9/comm': `${cut}\n` });
    const [one, ...more] = judgeAgents(await observeProcesses(ports));
    assert.deepEqual([one?.what, more], ['gvfs', []]);
    assert.match(one?.found ?? '', /^running \(process 8, 9\)/);
  });

  test('none found is said as none of those that are known, never as none', async (t) => {
    const said = judgeAgents(await observeProcesses(stationOf(t, SEEN)));
    const found = `none of ${AGENTS.length} known agents is running; there may be others`;
    assert.deepEqual(said, [{ what: 'agents', state: 'ok', found, advice: null }]);
  });

  test('where not all processes can be seen, nothing is said to be absent; what is seen is said', async (t) => {
    const blind: readonly (readonly [Tree, RegExp])[] = [
      [{}, /\/proc can't be read/],
      [{ '/proc/uptime': '1 1\n' }, /the processes of others are not shown/],
      [{ ...FIRST_NAMESPACE, '/proc/77/comm': 'udisksd\n' }, /the processes of others are not shown/],
      [{ ...INIT, '/proc/self/ns/pid': '-> pid:[4026532211]' }, /runs in a container/],
      [INIT, /not known whether exhibit runs in a container/],
      [{ ...SEEN, '/proc/5/comm/not-a-file': '' }, /the names of 1 processes can't be read/],
    ];
    for (const [tree, why] of blind) {
      const said = judgeAgents(await observeProcesses(stationOf(t, tree)));
      const last = said.at(-1);
      assert.deepEqual([last?.what, last?.state], ['agents', 'warning'], String(why));
      assert.match(last?.found ?? '', /^not known who mounts or asks new disks: /);
      assert.match(last?.found ?? '', why);
      assert.deepEqual(
        said.slice(0, -1).map(({ what }) => what),
        '/proc/77/comm' in tree ? ['udisks2'] : [],
      );
    }
  });

  test('a process that ends while it is looked at is no reason for doubt', async (t) => {
    const ports = stationOf(t, SEEN, { '/proc/6/status': 'no comm any more' });
    assert.equal((await observeProcesses(ports)).blind, null);
  });
});

describe('rules of others that assemble or mount what is plugged in', () => {
  test('each that is known is found by its file, unless that is switched off', async (t) => {
    for (const { name, files, does, stop } of ASSEMBLERS) {
      for (const file of files) {
        const path = `/usr/lib/udev/rules.d/${file}`;
        const there = await observeAssemblers(stationOf(t, { [path]: 'SUBSYSTEM=="block"\n' }));
        const found = `${path}: they ${does}`;
        assert.deepEqual(judgeAssemblers(there, true), [{ what: name, state: 'warning', found, advice: stop }]);
        const mask = { [path]: 'SUBSYSTEM=="block"\n', [`/etc/udev/rules.d/${file}`]: '-> /dev/null' };
        const off = judgeAssemblers(await observeAssemblers(stationOf(t, mask)), false);
        assert.deepEqual(
          off.map(({ what }) => what),
          ['assembly'],
        );
      }
    }
  });

  test('are kept off only while our rules are in place, and when they ask for what ours set', async (t) => {
    for (const { name, files, heeds } of ASSEMBLERS) {
      if (heeds === null) continue;
      const path = `/usr/lib/udev/rules.d/${files[0] ?? ''}`;
      const seen = await observeAssemblers(stationOf(t, { [path]: `ENV{${heeds}}=="1", GOTO="end"\n` }));
      const states = [true, false].map((inPlace) => judgeAssemblers(seen, inPlace)[0]);
      assert.deepEqual(
        states.map((each) => each?.state),
        ['ok', 'warning'],
        name,
      );
    }
  });

  test('none found is said as none of those that are known', async (t) => {
    const [one] = judgeAssemblers(await observeAssemblers(stationOf(t, {})), false);
    assert.equal(one?.found, `none of ${ASSEMBLERS.length} known rules that assemble or mount new disks`);
  });
});
