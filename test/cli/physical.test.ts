import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import type { Ports } from '../../src/system/ports.ts';
import { systemCommands, type Commands } from '../../src/system/run-command.ts';
import { bench, disk, partition, SDB, sysLinks, USB } from '../discover/bench-layout.ts';
import { madeUpStation, mountLine } from '../discover/made-up-station.ts';
import { packageRoot } from '../support/root.ts';
import { confirmSource } from '../../src/cli/commands/confirm.ts';
import type { Env } from '../../src/cli/env.ts';
import type { Plan } from '../../src/model/plan.ts';
import { exhibitHere, type Person } from '../support/in-process.ts';
import { judge, type Expected } from './transcript.ts';

/** A name of the disk that no kernel gives: on the machine that runs the test there is nothing behind it. */
const SOURCE = '/dev/disk/by-id/usb-Portable_Drive_DD5641988896-0:0';

/** The station's real tools, but for the one that would tell of its real disks. */
function withoutLsblk(madeUp: Commands): Commands {
  const real = systemCommands();
  return { ...real, run: (argv, options) => (argv[0] === 'lsblk' ? madeUp : real).run(argv, options) };
}

interface Made {
  readonly ports: Ports;
  readonly to: string;
  readonly run: (more: readonly string[], expected: Expected, person?: Person) => Promise<string>;
}

/**
 * A bench with a suspect disk of 32 MiB behind a USB bridge, and a folder for evidence on a file server, or on the
 * operating system's disk.
 */
function madeUp(
  t: TestContext,
  change: { readOnly?: boolean; model?: string; serial?: string; evidenceOn?: string } = {},
): Made {
  const layout = bench();
  const number = change.evidenceOn ?? '0:50';
  const ro = { ro: change.readOnly === false ? '0\n' : '1\n' };
  const told = { 'device/model': change.model ?? 'Portable Drive  \n', diskseq: '9\n', ...ro };
  Object.assign(layout.files, disk(SDB, '8:16', 65_536, told), partition(SDB, 1, '8:17', 2048, 63_488), {
    [`${SDB}/sdb1/ro`]: ro.ro,
    [`${USB}/serial`]: `${change.serial ?? 'DD5641988896'}\n`,
    '/mnt/evidence/': '',
  });
  const files = Object.fromEntries(Object.entries(layout.files).filter(([path]) => !path.startsWith(`${SDB}/sdb2/`)));
  Object.assign(layout.links, sysLinks(SDB, '8:16', { sdb1: '8:17' }));
  const station = madeUpStation(t, { ...layout, files, filesOn: { '/mnt/evidence': number } });
  const to = join(station.root, 'mnt/evidence');
  const mounts = layout.files['/proc/self/mountinfo'] as string;
  writeFileSync(join(station.root, 'proc/self/mountinfo'), mounts + mountLine(number, to, 'ext4', 'made-up'));
  const ports = { ...station, host: { ...station.host, packageRoot }, commands: withoutLsblk(station.commands) };
  return {
    ports,
    to,
    run: async (more, expected, person) => {
      const argv = ['acquire', SOURCE, '--to', to, '--case', 'C-1', '--evidence', 'HDD-01', '--examiner', 'Ada'];
      // Nothing is asked: the machine that runs the test may have a disk of that kernel name.
      const all = [...argv, '--unsigned', '--reader', 'direct', '--profile', 'usb', '--no-probe', ...more];
      const ended = await exhibitHere(all, ports, person ?? null);
      judge(all, ended, expected);
      assert.deepEqual(readdirSync(to), []);
      return ended.stderr;
    },
  };
}

function person(...answers: (string | null)[]): Person {
  return { answers, asked: [] };
}

describe('a physical disk', () => {
  test('the plan shows what is in the hand: model, serial, bridge, sectors', async (t) => {
    await madeUp(t).run(['--dry-run'], {
      exit: 0,
      prints: [/Dry run/],
      says: [
        /model +Portable Drive\n/,
        /serial +DD5641988896\n/,
        /kind +disk, physical/,
        /512 bytes logical, 4096 physical/,
      ],
    });
  });

  test('--yes wants the serial of the label', async (t) => {
    const { run } = madeUp(t);
    await run(['--yes'], { exit: 2, says: [/--yes with the physical disk .* needs --label-serial/] });
    await run(['--yes', '--dry-run'], { exit: 2, says: [/needs --label-serial/] });
    await run(['--yes', '--dry-run', '--label-serial', 'dd-5641-988896'], {
      exit: 0,
      prints: [/Dry run/],
      says: [/serial +match/],
    });
  });

  test("the question asks for the end of the label's serial, and never shows it", async (t) => {
    const { run } = madeUp(t);
    for (const answer of ['8897', 'sdb', '/dev/sdb', 'yes', '', '88896', null]) {
      const someone = person(answer);
      await run(
        [],
        { exit: 2, says: [/not how the serial of this source ends\. Nothing was read/, /right disk\?/] },
        someone,
      );
      assert.equal(someone.asked.length, 1);
      assert.match(someone.asked[0]!, /last 4 characters of the serial on the drive's LABEL/);
      assert.doesNotMatch(someone.asked[0]!, /8896|sdb/);
    }
  });

  test('without a terminal: what to give instead', async (t) => {
    await madeUp(t).run([], { exit: 2, says: [/no terminal to ask/, /--label-serial SERIAL --yes/] });
  });

  test('another serial on the label: refused; with a reason, the end of the label is asked for', async (t) => {
    const { run } = madeUp(t);
    const label = ['--label-serial', 'WX-0001'];
    await run(label, { exit: 10, says: [/serial is WX-0001 on the label, DD5641988896 by the device/] });
    await run([...label, '--label-mismatch', ''], { exit: 2, says: [/--label-mismatch is empty/] });
    await run(
      [...label, '--label-mismatch', 'the bridge has its own'],
      { exit: 2, says: [/not how the serial/] },
      person('8896'),
    );
    await run([...label, '--label-mismatch', 'the bridge has its own', '--dry-run'], {
      exit: 0,
      prints: [/Dry run/],
      says: [/serial +mismatch/, /Accepted: the bridge has its own/],
    });
  });

  test('not read-only, and on the operating system’s disk: both refusals at once, each with its way out', async (t) => {
    const { run } = madeUp(t, { readOnly: false, evidenceOn: '8:1' });
    await run([], {
      exit: 10,
      says: [
        /keeps this host from writing/,
        /--software-block/,
        /lies on the operating system's own disk/,
        /--allow-system-destination/,
      ],
    });
    await run(['--allow-system-destination', '--software-block', '--dry-run'], {
      exit: 0,
      prints: [/Dry run/],
      says: [
        /will be set +kernel's read-only flag of \/dev\/sdb\n/,
        /will be set +kernel's read-only flag of \/dev\/sdb1\n/,
      ],
    });
  });

  test('the destination on the source itself', async (t) => {
    await madeUp(t, { evidenceOn: '8:17' }).run([], {
      exit: 10,
      says: [/\/dev\/sdb1 is mounted at/, /lies on the source: both are on sdb/],
    });
  });

  test('a model and a serial with terminal escapes are shown, not obeyed', async (t) => {
    const { run, ports } = madeUp(t, { model: '\u001b[2JDisk\u0007', serial: '12\u001b]0;x\u0007AB34' });
    await run(['--dry-run'], {
      exit: 0,
      prints: [/Dry run/],
      says: [/model +\\u\{1b\}\[2JDisk\\u\{7\}/, /\\u\{1b\}\]0;x/],
    });
    const devices = await exhibitHere(['devices'], ports);
    judge(['devices'], devices, { exit: 0, prints: [/\\u\{1b\}\[2J/] });
  });

  test('a bridge that tells zeros for a serial: there is nothing to confirm with but the label', async (t) => {
    const { run } = madeUp(t, { serial: '000000000000' });
    await run([], { exit: 2, says: [/neither the device nor its label gives a serial/] });
    await run(['--label-serial', 'WX51'], { exit: 2, says: [/not how the serial/] }, person('0000'));
  });
});

describe('the question itself', () => {
  // What follows a right answer would open the disk by its name: on another machine that is somebody's disk.
  const ask = (answer: string | null, yes = false, wanted: string | null = '8896'): Promise<string> => {
    const terminal = { canAsk: true, ask: () => Promise.resolve(answer) };
    const plan = { confirmSerial: wanted, source: {}, request: { yes, label: { serial: null } } };
    return confirmSource({ terminal } as unknown as Env, plan as unknown as Plan, new AbortController().signal);
  };

  test('the end of the serial is right in any case and with blanks around it; the record says how', async () => {
    assert.match(await ask(' 8896\n'), /the operator typed the last 4 characters of the serial that the device tells/);
    assert.match(await ask('aB1c', false, 'Ab1C'), /the operator typed/);
    await assert.rejects(ask('889'), { fault: 'usage', code: 'usage.not-confirmed' });
    await assert.rejects(ask(null), { fault: 'usage', code: 'usage.not-confirmed' });
  });

  test('not asked: with --yes, or when the source is no physical disk; the record says so', async () => {
    assert.match(await ask(null, true), /not asked: --yes, with the serial of the label/);
    assert.match(await ask(null, false, null), /not asked: the source is not a physical disk/);
  });
});
