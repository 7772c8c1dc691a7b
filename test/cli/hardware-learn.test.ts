import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test, { describe } from 'node:test';
import { hardwareLearnCommand } from '../../src/cli/commands/hardware-learn.ts';
import type { DiskChain } from '../../src/model/chain.ts';
import { known, unknown, type Fact } from '../../src/model/device.ts';
import type { Ports } from '../../src/system/ports.ts';
import { systemCommands } from '../../src/system/run-command.ts';
import { labFile } from '../catalog/hardware-support.ts';
import { jsonLines } from '../support/exhibit.ts';
import { envHere, exhibitHere } from '../support/in-process.ts';
import { tempFolder } from '../support/temp.ts';
import { behind, labOf, link, T8, type Lab, type Ran } from './hardware-support.ts';
import { judge, type Expected } from './transcript.ts';

async function refused(lab: Lab, running: Promise<Ran>, expected: Expected): Promise<void> {
  const before = existsSync(lab.file) ? readFileSync(lab.file, 'utf8') : null;
  judge(['hardware', 'learn'], await running, expected);
  assert.equal(existsSync(lab.file) ? readFileSync(lab.file, 'utf8') : null, before, 'it was written all the same');
  if (existsSync(dirname(lab.file)))
    assert.deepEqual(readdirSync(dirname(lab.file)), before === null ? [] : ['hardware.yaml']);
}

describe('exhibit hardware learn', () => {
  test('writes an entry of the lab’s own, shown as attested, apart from what came with the program', async (t) => {
    const lab = labOf(t);
    const options = { serial: '01D1-55', validated: '2026-02-27' };
    judge(['hardware', 'learn'], await lab.learn(T8, options, '/dev/disk/by-id/usb-disk'), {
      exit: 0,
      says: [/Written to .*hardware\.yaml:/],
      prints: [
        /id +13d7:000c serial 000ECC550035F055/,
        /source +attested \(identity, blocking, quirks\): attested by Ada Byron/,
        /attested +by Ada Byron at 2026-03-01T09:15:00Z/,
        /validated +2026-02-27/,
        /label serial +01D1-55/,
        /what the lab says, not what the device proves/,
      ],
    });
    assert.deepEqual(readdirSync(dirname(lab.file)), ['hardware.yaml']);
    const listed = await exhibitHere(['hardware', 'list'], lab.ports);
    assert.match(
      listed.stdout,
      /^Came with the program:[^]*\n\nAttested by the lab, in [^\n]*hardware\.yaml:\n +entry +lab-tableau-t8-r2-/m,
    );
    const { stdout } = await exhibitHere(['hardware', 'list', '--json'], lab.ports);
    const [result] = jsonLines(stdout) as [
      { shipped: { attestation: unknown }[]; lab: { attestation: unknown; evidence: unknown }[] },
    ];
    assert.ok(result.shipped.every(({ attestation }) => attestation === null));
    assert.deepEqual(result.lab[0]?.attestation, {
      by: 'Ada Byron',
      at: '2026-03-01T09:15:00Z',
      validated: '2026-02-27',
      serial: '01D1-55',
    });
  });

  test('another one goes below it; the same one a second time is refused, whatever is said of it', async (t) => {
    const lab = labOf(t);
    assert.equal((await lab.learn(T8)).code, 0);
    const first = readFileSync(lab.file, 'utf8');
    await refused(lab, lab.learn(T8, { make: 'Other', by: 'Bob' }), {
      exit: 12,
      says: [
        /has an entry for 13d7:000c, serial 000ECC550035F055, already: lab-tableau-t8-r2-\w+, attested by Ada Byron/,
        /never overwritten/,
      ],
    });
    assert.equal((await lab.learn(behind('13d7:000c', '000ECC550035F056'))).code, 0);
    assert.ok(readFileSync(lab.file, 'utf8').startsWith(first));
    judge(['hardware', 'check'], await exhibitHere(['hardware', 'check'], lab.ports), {
      exit: 0,
      prints: [/2 attested by the lab: no fault/],
    });
  });

  test('what is known of its kind goes along: a switch, the vendor’s query', async (t) => {
    const lab = labOf(t);
    judge([], await lab.learn(behind('13d7:0001', 'T5-1')), {
      exit: 0,
      prints: [/blocks +write blocker, by switch/, /quirks +tableau-query/],
    });
    judge([], await lab.learn(behind('1234:0001', 'X-1'), { switchable: true }), {
      exit: 0,
      prints: [/write blocker, by switch/],
    });
    judge([], await lab.learn(behind('1234:0001', 'X-2')), { exit: 0, prints: [/write blocker, always/] });
  });

  const unfit: [what: string, chain: Fact<DiskChain>, exit: number, says: RegExp[]][] = [
    [
      'a disk without a bridge of its own, with a blocker above it',
      known({
        bus: 'sata',
        links: [
          link('controller', '0000:00:17.0'),
          link('hub', '2-1', T8.known ? (T8.value.links[1]?.usb ?? null) : null),
          link('disk', 'sdx'),
        ],
      }),
      2,
      [/hangs on no bridge of its own \(bus: sata\)/, /beside it, or above it, protects other disks/],
    ],
    ['a bridge without a USB id', behind(null, null), 2, [/tells no USB id/]],
    [
      'a bridge without a serial',
      behind('13d7:000c', null),
      2,
      [/13d7:000c, tells no serial: it can't be told from another one/],
    ],
    ['a chain that is not known', unknown('it vanished\u001b[2J'), 11, [/can't be told: it vanished\\u\{1b\}/]],
    [
      'an ordinary bridge',
      behind('152d:0578', 'DEADBEEF01'),
      10,
      [
        /152d:0578 is known as an ordinary bridge: JMicron JMS578 .*jmicron-jms578 in hardware\/jmicron\.yaml/,
        /adding-hardware\.md/,
      ],
    ],
    ...['', '   ', '000000000000', '  0000 ', '0123456789ABCDEF', '123456789012', 'S\u001b[2J'].map(
      (serial): (typeof unfit)[number] => [
        `the serial ${JSON.stringify(serial)}`,
        behind('13d7:000c', serial),
        2,
        [/can't be told from another one/],
      ],
    ),
  ];
  for (const [what, chain, exit, says] of unfit) {
    test(`is refused for ${what}`, async (t) => {
      const lab = labOf(t);
      await refused(lab, lab.learn(chain), { exit, says });
    });
  }

  test('wants a block device', async (t) => {
    const lab = labOf(t);
    for (const [device, says] of [
      ['/dev/sdz', /there is no such file/],
      ['/dev/sdx.img', /not a block device/],
    ] as const) {
      await refused(lab, lab.learn(T8, {}, device), { exit: 2, says: [says] });
    }
  });

  test('tells all that is wrong with the words at once', async (t) => {
    const lab = labOf(t);
    const options = { make: ' ', model: 'a\nb', by: '', serial: '\u0007', validated: '2026-02-30' };
    await refused(lab, lab.learn(T8, options), {
      exit: 2,
      says: [
        /5 faults/,
        /--make is empty/,
        /--model holds a line break/,
        /--by is empty/,
        /--serial holds/,
        /--validated: "2026-02-30" is not a date/,
      ],
    });
    await refused(lab, lab.learn(T8, { validated: '2026-03-02' }), { exit: 2, says: [/is still to come/] });
  });

  test('leaves a file alone that has faults, another layout, or a writer', async (t) => {
    const lab = labOf(t);
    mkdirSync(dirname(lab.file), { recursive: true });
    const good = labFile('lab-x', '1234:0002', 'S1');
    writeFileSync(lab.file, good.replace('blocks: always', 'blocks: sometimes'));
    await refused(lab, lab.learn(T8), { exit: 2, says: [/hardware\.yaml:8:13: entries\.0\.blocks: must be one of/] });
    writeFileSync(lab.file, `${good.slice(good.indexOf('entries:'))}hardware: lab\nversion: 1\n`);
    await refused(lab, lab.learn(T8), { exit: 2, says: [/laid out so that no entry can be put at its end/] });
    writeFileSync(lab.file, good);
    writeFileSync(`${lab.file}.new`, 'half');
    judge([], await lab.learn(T8), { exit: 12, says: [/\.new is in the way/, /remove the \.new file/] });
    assert.equal(readFileSync(lab.file, 'utf8'), good);
    assert.equal(readFileSync(`${lab.file}.new`, 'utf8'), 'half');
  });

  test('notices that the file was changed while it was at work', async (t) => {
    const lab = labOf(t);
    const good = labFile('lab-x', '1234:0002', 'S1');
    const ports = {
      ...lab.ports,
      files: {
        ...lab.ports.files,
        createFile: async (path: string, content: string | Uint8Array) => {
          writeFileSync(lab.file, good);
          await lab.ports.files.createFile(path, content);
        },
      },
    };
    const { env, said } = envHere(ports);
    const learning = hardwareLearnCommand(env, '/dev/sdx', { make: 'A', model: 'B', by: 'C' }, () =>
      Promise.resolve(T8),
    );
    await assert.rejects(learning, { code: 'hardware.not-written', message: /somebody changed it meanwhile/ });
    assert.deepEqual(
      [said.stdout, readFileSync(lab.file, 'utf8'), readdirSync(dirname(lab.file))],
      ['', good, ['hardware.yaml']],
    );
  });

  test('writes through a link, and to a named file', async (t) => {
    const lab = labOf(t);
    const real = join(lab.home, 'kept.yaml');
    mkdirSync(dirname(lab.file), { recursive: true });
    writeFileSync(real, labFile('lab-x', '1234:0002', 'S1'));
    symlinkSync(real, lab.file);
    assert.equal((await lab.learn(T8)).code, 0);
    assert.match(readFileSync(real, 'utf8'), /lab-tableau-t8-r2/);
    assert.equal(readFileSync(lab.file, 'utf8'), readFileSync(real, 'utf8'));
    const named = join(lab.home, 'new/named.yaml');
    assert.equal((await lab.learn(T8, { file: named })).code, 0);
    judge([], await exhibitHere(['hardware', 'list', '--file', named], lab.ports), {
      exit: 0,
      prints: [/named\.yaml:\n +entry +lab-tableau/],
    });
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
    const lab = labOf(t, { uid: 0, env }, commands);
    const file = join(home, '.config/exhibit/hardware.yaml');
    for (const serial of ['S-1', 'S-2']) assert.equal((await lab.learn(behind('13d7:000c', serial))).code, 0);
    for (const path of [file, dirname(file)])
      assert.deepEqual([statSync(path).uid, statSync(path).gid], [uid, uid], path);
    assert.deepEqual(readdirSync(dirname(file)), ['hardware.yaml']);
    writeFileSync(`${file}.new`, 'half');
    judge([], await lab.learn(behind('13d7:000c', 'S-3')), { exit: 12, says: [/\.new is in the way/] });
    // As the caller, not as root: what the caller can't write stays as it is.
    chownSync(dirname(file), 0, 0);
    execFileSync('rm', [`${file}.new`]);
    judge([], await lab.learn(behind('13d7:000c', 'S-3')), { exit: 12, says: [/denied/] });
  });
});
