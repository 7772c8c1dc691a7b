import assert from 'node:assert/strict';
import test from 'node:test';
import { observeStation } from '../../src/discover/station.ts';
import { madeUpStation, realPorts, type Layout } from './made-up-station.ts';

const GONE = { exit: null, failure: 'missing' } as const;
const ASKING = ['smartctl', 'hdparm', 'sg_modes', 'nvme', 'sfdisk'];
const TOOLS = ['dd', 'lsblk', 'blockdev', 'flock', 'setpriv', 'fincore', 'losetup', ...ASKING, 'ssh'];

function commands(more: Layout['commands']): NonNullable<Layout['commands']> {
  return { ...Object.fromEntries(TOOLS.map((tool) => [tool, GONE])), timedatectl: GONE, chronyc: GONE, ...more };
}

test('this station: names, versions', async () => {
  const facts = await observeStation(realPorts());
  assert.match(facts.tools['dd'] ?? '', /dd/);
  assert.deepEqual(Object.keys(facts.tools).sort(), [...TOOLS.slice(0, -1), 'ssh-keygen'].sort());
  assert.equal(facts.node, process.version);
});

test('versions are first lines; a tool that fails or is missing is null', async (t) => {
  const station = madeUpStation(t, {
    commands: commands({
      dd: { stdout: 'dd (coreutils) 9.1\nCopyright\n' },
      lsblk: { exit: 1, stdout: 'usage\n' },
      sg_modes: { stderr: 'Version string: 1.72 20200930\n' },
      'ssh-keygen': {},
      ssh: { stderr: 'OpenSSH_9.2p1\n' },
    }),
  });
  const { tools } = await observeStation(station);
  assert.deepEqual([tools['dd'], tools['lsblk'], tools['flock']], ['dd (coreutils) 9.1', null, null]);
  assert.deepEqual([tools['sg_modes'], tools['nvme']], ['Version string: 1.72 20200930', null]);
  assert.equal(tools['ssh-keygen'], 'OpenSSH_9.2p1');
});

test('the clock: systemd first, then chrony, else unknown with both reasons', async (t) => {
  const clock = async (more: Layout['commands']): Promise<unknown> =>
    (await observeStation(madeUpStation(t, { commands: commands(more) }))).clock;
  const yes = { synchronised: { known: true, value: true } };
  const no = { synchronised: { known: true, value: false } };
  assert.deepEqual(await clock({ timedatectl: { stdout: 'yes\n' } }), { ...yes, seenBy: 'timedatectl' });
  assert.deepEqual(await clock({ timedatectl: { stdout: 'no\n' } }), { ...no, seenBy: 'timedatectl' });
  assert.deepEqual(await clock({ chronyc: { stdout: 'Stratum : 3\nLeap status     : Normal\n' } }), {
    ...yes,
    seenBy: 'chronyc',
  });
  assert.deepEqual(await clock({ chronyc: { stdout: 'Leap status     : Not synchronised\n' } }), {
    ...no,
    seenBy: 'chronyc',
  });
  const bus = { exit: 1, stderr: 'Failed to connect to bus\n' };
  assert.deepEqual(await clock({ timedatectl: bus }), {
    synchronised: { known: false, why: 'timedatectl: Failed to connect to bus; chronyc is not installed' },
    seenBy: 'nobody',
  });
});

test('the person behind sudo', async (t) => {
  const station = madeUpStation(t, { commands: commands({}) });
  const under = (env: Record<string, string>): Promise<{ sudoUser: string | null }> =>
    observeStation({ ...station, host: { ...station.host, env } });
  assert.equal((await under({ SUDO_USER: 'examiner' })).sudoUser, 'examiner');
  assert.equal((await under({})).sudoUser, null);
});
