import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import type { Ports } from '../../src/system/ports.ts';
import { systemCommands } from '../../src/system/run-command.ts';
import { labFile } from '../catalog/hardware-support.ts';
import { jsonLines } from '../support/exhibit.ts';
import { exhibitHere } from '../support/in-process.ts';
import { testPorts } from '../support/ports.ts';
import { packageRoot } from '../support/root.ts';
import { tempFolder } from '../support/temp.ts';
import { judge, transcript } from './transcript.ts';

describe('exhibit hardware list and check', () => {
  const labPorts = (t: TestContext, text: string): { ports: Ports; file: string } => {
    const home = tempFolder(t);
    const file = join(home, '.config/exhibit/hardware.yaml');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return { ports: testPorts({}, { env: { HOME: home } }), file };
  };

  test('blockers first, and what is known of each by what', async () => {
    await transcript(['hardware', 'list'], {
      exit: 0,
      prints: [
        /^Came with the program:\nUSB ID .*\n13d7:0001 +Tableau T5 Forensic IDE Bridge +write blocker, by switch +id reported, blocking vendor-document +tableau-t5\n/,
        /\n152d:\* +JMicron other product +bridge, unknown +id reported +jmicron-other\n/,
        /\nAttested by the lab: nothing in .*hardware\.yaml\.\n$/,
      ],
    });
    await transcript(['hardware', 'check'], {
      exit: 0,
      prints: [/^14 files, \d+ shipped entries, 0 attested by the lab: no fault\.\n$/],
    });
  });

  test('bad data: refused with every fault, or left out when told so', async (t) => {
    const { ports } = labPorts(
      t,
      labFile('lab-x', '1234:0002', 'S\u202e1').replace('usb: 1234:0002', 'usb: "x\u001b[31m"'),
    );
    const fault = /hardware\.yaml:9:20: entries\.0\.match\.0\.usb: must be a USB id/;
    for (const argv of [['list'], ['check']]) {
      judge(argv, await exhibitHere(['hardware', ...argv], ports), {
        exit: 2,
        says: [/The hardware data has a fault:/, fault],
      });
    }
    const left = await exhibitHere(['hardware', 'list', '--ignore-bad-hardware'], ports);
    judge(['list'], left, {
      exit: 0,
      says: [/Left out, because of --ignore-bad-hardware:\n/, fault],
      prints: [/Attested by the lab: nothing/],
    });
    const { stdout } = await exhibitHere(['hardware', 'list', '--json'], ports);
    assert.deepEqual(
      jsonLines(stdout).map(({ ok, exit, code }) => [ok, exit, code]),
      [[false, 2, 'hardware.invalid']],
    );
  });

  test('check judges named files beside the shipped ones', async (t) => {
    const folder = tempFolder(t);
    const [own, lab, bad] = ['own.yaml', 'lab.yaml', 'bad.yaml'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const jmicron = join(packageRoot, 'hardware/jmicron.yaml');
    writeFileSync(
      own,
      readFileSync(jmicron, 'utf8').replaceAll('jmicron-', 'own-').replaceAll('blocks: never', 'blocks: unknown'),
    );
    writeFileSync(lab, labFile('lab-x', '1234:0002', 'S1'));
    writeFileSync(bad, 'hardware: [\n');
    judge([], await exhibitHere(['hardware', 'check', lab, jmicron]), {
      exit: 0,
      prints: [/15 files, .*1 attested by the lab: no fault/],
    });
    judge([], await exhibitHere(['hardware', 'check', own, bad, join(folder, 'none.yaml')]), {
      exit: 2,
      says: [
        /own\.yaml:13:9: match\.0: own-jms539 matches the same device, and says otherwise of it, as jmicron-jms539 in hardware\/jmicron\.yaml/,
        /bad\.yaml:\d:\d+: .*not YAML/,
        /none\.yaml:1:1: can't be read: ENOENT/,
      ],
    });
  });

  test('no home: the lab’s file is said not to have been looked for', async () => {
    const commands = {
      ...systemCommands(),
      run: async (argv: readonly string[]) => ({ argv, exit: 2, signal: null, stdout: '', stderr: '', failure: null }),
    };
    const ports = testPorts({ commands }, { env: {} });
    judge([], await exhibitHere(['hardware', 'check'], ports), {
      exit: 0,
      says: [/own file was not looked for: .*home folder/],
      prints: [/0 attested/],
    });
  });
});
