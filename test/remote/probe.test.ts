import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import { hostname, release } from 'node:os';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { unknown, valueOf } from '../../src/model/device.ts';
import { probeRemote } from '../../src/remote/probe.ts';
import { PYTHON_GIVEN } from '../../src/remote/python-program.ts';
import { clockOf } from '../../src/remote/questions.ts';
import type { RemoteShell } from '../../src/remote/shell.ts';
import { toolOf } from '../../src/remote/tools.ts';
import { systemClock } from '../../src/system/clock.ts';
import { lacks, sh } from '../support/loop.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { tempFolder } from '../support/temp.ts';
import { connected } from './connected.ts';

/** Every login is a person without rights. */
const AS_NOBODY = 'ForceCommand setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "$SSH_ORIGINAL_COMMAND"';

describe('what a machine is, asked over SSH', () => {
  test('this one, by its own words', async (t) => {
    if (lacksSshd(t)) return;
    const shell = await connected(t, await startSshd(t));
    const facts = await probeRemote(shell, systemClock);
    assert.equal(valueOf(facts.hostname), hostname());
    assert.ok(valueOf(facts.system)?.includes(release()));
    assert.deepEqual([valueOf(facts.kernel), valueOf(facts.uid), facts.rights, facts.sudo], ['Linux', 0, 'root', null]);
    assert.equal(valueOf(facts.bootId), readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
    const clock = valueOf(facts.clock);
    assert.ok(clock !== null && Math.abs(clock.offset) <= clock.roundTrip + 1, JSON.stringify(clock));
    assert.equal(facts.tools['dd']?.kind, 'gnu');
    assert.equal(facts.tools['dd'].version, sh('dd', '--version').split('\n')[0]);
    assert.match(facts.tools['blockdev']?.path ?? '', /^\/(usr\/)?sbin\/blockdev$/);
    assert.deepEqual([valueOf(facts.ddByBytes), valueOf(facts.devFd)], [true, true]);
    assert.equal(shell.noise, null);
    // All of it stands in the footprint, each with its status.
    const commands = shell.footprint.map(({ argv }) => argv.join(' '));
    for (const asked of ['id -u', 'uname -s', 'hostname', 'date -u +%s.%N', 'cat /proc/sys/kernel/random/boot_id'])
      assert.ok(
        commands.some((command) => command.endsWith(`env LC_ALL=C ${asked}`)),
        asked,
      );
    assert.ok(shell.footprint.every(({ exit }) => exit !== null));
  });

  test('where dd was asked for, nothing is run by an interpreter of the target', async (t) => {
    if (lacksSshd(t)) return;
    const shell = await connected(t, await startSshd(t));
    const { python } = await probeRemote(shell, systemClock, 'dd');
    assert.deepEqual(python, unknown('not tried: dd was asked for (--remote-reader)'));
    const scripts = shell.footprint.filter(({ argv }) => argv.some((word) => /python3 -/.test(word)));
    assert.deepEqual(scripts, []);
  });

  test('one that has nothing but BusyBox', async (t) => {
    if (lacksSshd(t) || lacks(t, 'busybox')) return;
    const bin = tempFolder(t);
    const busybox = sh('sh', '-c', 'command -v busybox');
    for (const name of [
      'sh',
      'env',
      'id',
      'uname',
      'cat',
      'hostname',
      'date',
      'dd',
      'tee',
      'printf',
      'sha256sum',
      'readlink',
      'blockdev',
      'nc',
    ])
      symlinkSync(busybox, join(bin, name));
    const shell = await connected(t, await startSshd(t, { env: { PATH: bin } }));
    const facts = await probeRemote(shell, systemClock);
    assert.equal(facts.tools['dd']?.kind, 'busybox');
    assert.match(facts.tools['dd'].version ?? '', /^BusyBox v\d/);
    assert.equal(facts.tools['tee']?.kind, 'busybox');
    assert.equal(facts.tools['zstd'], null);
    assert.equal(facts.tools['openssl'], null);
    assert.equal(valueOf(facts.kernel), 'Linux');
    assert.equal(facts.clock.known, true);
    assert.equal(facts.ddByBytes.known, true);
  });

  test('a login without rights, where sudo asks for a password: nobody is asked, and it is said', async (t) => {
    if (lacksSshd(t) || lacks(t, 'sudo', 'setpriv')) return;
    const shell = await connected(t, await startSshd(t, { config: [AS_NOBODY] }));
    const facts = await probeRemote(shell, systemClock);
    assert.deepEqual([valueOf(facts.uid), facts.rights], [65534, 'nobody']);
    assert.match(facts.sudo ?? '', /a password is required|not found|not allowed/);
  });

  test('what is tried is tried as who will run it: sudo looks for programs in places of its own', async () => {
    const asked: string[] = [];
    const answers = (line: string): string => {
      if (line === 'id -u') return '1000\n';
      // Only root has a python3, and whoever logs in a sha256sum.
      const asRoot = line.startsWith('sudo -n ');
      if (line.includes('python3 -I')) return asRoot ? PYTHON_GIVEN : '';
      return line.includes('| sha256sum') && !asRoot ? PYTHON_GIVEN.replace('\n', '  -\n') : '';
    };
    const run = (argv: readonly string[]) => {
      const line = argv.join(' ');
      asked.push(line);
      return Promise.resolve({
        argv,
        exit: 0,
        signal: null,
        stdout: Buffer.from(answers(line)),
        stderr: '',
        failure: null,
      });
    };
    const facts = await probeRemote({ run } as unknown as RemoteShell, systemClock);
    assert.deepEqual([facts.rights, valueOf(facts.python), facts.hashTools], ['sudo', true, []]);
    const tried = asked.filter((line) => line.includes('sh -c'));
    assert.equal(tried.length, 7);
    assert.ok(
      tried.every((line) => line.startsWith('sudo -n env LC_ALL=C sh -c ')),
      tried.join('\n'),
    );
  });

  test('a login shell whose start-up files talk: their words are no answer', async (t) => {
    if (lacksSshd(t)) return;
    const talk = 'ForceCommand echo WELCOME 7; echo 9999; echo mind the step >&2; sh -c "$SSH_ORIGINAL_COMMAND"';
    const shell = await connected(t, await startSshd(t, { config: [talk] }));
    const facts = await probeRemote(shell, systemClock);
    assert.equal(valueOf(facts.uid), 0);
    assert.equal(valueOf(facts.hostname), hostname());
    assert.equal(facts.tools['dd']?.kind, 'gnu');
    assert.equal(valueOf(facts.ddByBytes), true);
    assert.equal(shell.noise, 'WELCOME 7\n9999\nmind the step');
    assert.equal((await shell.run(['sh', '-c', 'echo own >&2'])).stderr, 'own\n');
  });
});

describe('what tools say of themselves', () => {
  const at = (real: string) => ({ path: '/bin/dd', real });
  const CASES: readonly [string, string, string, string | null][] = [
    ['/usr/bin/dd', 'dd (coreutils) 9.1\nCopyright (C) 2022 …', 'gnu', 'dd (coreutils) 9.1'],
    ['/usr/bin/gzip', 'gzip 1.12\nCopyright (C) 2018 Free Software Foundation', 'other', 'gzip 1.12'],
    ['/usr/bin/coreutils', 'dd (uutils coreutils) 0.0.30', 'uutils', 'dd (uutils coreutils) 0.0.30'],
    [
      '/bin/busybox',
      "dd: unrecognized option '--version'\nBusyBox v1.36.1 (2024-01-01) multi-call binary.\n\nUsage: dd …",
      'busybox',
      'BusyBox v1.36.1 (2024-01-01) multi-call binary.',
    ],
    ['/usr/bin/toybox', 'toybox 0.8.6', 'toybox', 'toybox 0.8.6'],
    ['/bin/dd', 'dd: unknown operand --version', 'bsd', null],
    ['/usr/bin/openssl', 'OpenSSL 3.0.11 19 Sep 2023', 'openssl', 'OpenSSL 3.0.11 19 Sep 2023'],
    ['/opt/dd', '', 'other', null],
  ];
  for (const [real, said, kind, version] of CASES)
    test(`${said.split('\n')[0] || 'nothing'} is ${kind}`, () => {
      assert.deepEqual(toolOf(at(real), said), { path: '/bin/dd', kind, version });
    });
});

describe('the clock of another machine', () => {
  const result = (stdout: string, exit = 0) => ({
    argv: ['date'],
    exit,
    signal: null,
    stdout: Buffer.from(stdout),
    stderr: exit === 0 ? '' : 'no',
    failure: null,
  });
  const ours = { before: 1_700_000_000_000, after: 1_700_000_000_100 };

  test('is compared with ours, half the way back', () => {
    const clock = valueOf(clockOf(result('1700000003.050999999\n'), ours));
    assert.deepEqual(clock, {
      theirs: 1_700_000_003_050,
      ours: 1_700_000_000_050,
      offset: 3000,
      roundTrip: 100,
      step: 1,
    });
  });

  test('that tells no fractions is known to a second', () => {
    for (const text of ['1700000000.N\n', '1700000000.%N\n', '1700000000.\n', '1700000000\n'])
      assert.equal(valueOf(clockOf(result(text), ours))?.step, 1000, text);
  });

  test('that tells anything else is unknown', () => {
    for (const text of ['', '%s.%N\n', '17000000001700000000\n', '-5\n', 'Thu Jan  1\n'])
      assert.equal(clockOf(result(text), ours).known, false, text);
    assert.equal(clockOf(result('1700000000\n', 1), ours).known, false);
  });
});
