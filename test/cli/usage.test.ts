import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { jsonLines, newDesk } from '../support/exhibit.ts';
import { refused, refusedHere, transcript, transcriptHere } from './transcript.ts';

/** As users start it: what is the same in each, the rest of this file tells in its own process. */
describe('help and version, started', { concurrency: 2 }, () => {
  test('exhibit --help', async () => {
    await transcript(['--help'], { exit: 0, prints: [/^Usage: exhibit/, /Examples:/] });
  });

  test('exhibit --version', async () => {
    await transcript(['--version'], { exit: 0, prints: [/^0\.1\.0\n$/] });
  });

  test('exhibit: the usage, as a fault', async () => {
    await transcript([], { exit: 2, says: [/^Usage: exhibit/] });
  });

  test('a command that is none', async () => {
    await transcript(['image', 'x'], { exit: 2, says: [/unknown command 'image'/] });
  });
});

describe('help', { concurrency: 2 }, () => {
  for (const [argv, words] of [
    [['--help'], ['devices', 'acquire', 'seal', 'verify', 'show', 'keys', 'doctor', 'Examples:']],
    [
      ['devices', '--help'],
      ['--json', 'Passive'],
    ],
    [
      ['acquire', '--help'],
      ['--to <dir>', '--label-serial', '--software-block', '--allow-unblocked', '--dry-run', '--json', 'or a machine'],
    ],
    [['resume', '--help'], ['or a machine']],
    [
      ['seal', '--help'],
      ['--incomplete <reason>', '--key'],
    ],
    [
      ['verify', '--help'],
      ['--signers', '--seal', '--range', '--sample'],
    ],
    [['show', '--help'], ['--label']],
    [
      ['keys', '--help'],
      ['init', 'show'],
    ],
    [
      ['keys', 'init', '--help'],
      ['--name <name>', '--no-passphrase'],
    ],
    [['keys', 'show', '--help'], ['--key']],
    [
      ['hardware', '--help'],
      ['list', 'check', 'learn'],
    ],
    [
      ['hardware', 'learn', '--help'],
      ['--make <make>', '--by <name>', '--validated <date>', '--file <file>', 'asked nothing'],
    ],
    [
      ['doctor', '--help'],
      ['--key <file>', '--speed <dir>'],
    ],
    [['help', 'verify'], ['--signers']],
  ] as const) {
    test(`exhibit ${argv.join(' ')}`, async () => {
      await transcriptHere(argv, { exit: 0, prints: words.map((word) => new RegExp(word.replace(/[<>()]/g, '\\$&'))) });
    });
  }
});

describe('a command line that is not one', { concurrency: 2 }, () => {
  const plain: [name: string, argv: string[], says: RegExp[]][] = [
    ['nothing at all: the usage', [], [/^Usage: exhibit/]],
    ['unknown command', ['image', 'x'], [/unknown command 'image'/, /--help/]],
    ['no source', ['acquire'], [/missing required argument 'source'/]],
    ['a source too many', ['acquire', 'a', 'b'], [/too many arguments/]],
    ['keys init without a name', ['keys', 'init'], [/required option '--name <name>' not specified/]],
    [
      'hardware learn without a name',
      ['hardware', 'learn', '/dev/x', '--make', 'A'],
      [/required option '--model <model>'/],
    ],
    ['verify of nothing', ['verify', '/nowhere/at-all'], [/there is no such folder/, /evidence folder/]],
    ['show of nothing', ['show', '/nowhere/at-all'], [/there is no such folder/]],
    ['seal of nothing', ['seal', '/nowhere/at-all'], [/is not a folder that can be read/]],
    ['verify of half a range', ['verify', '/', '--range', '5'], [/"5" is not a range of bytes/, /0:1M/]],
    ['verify of a range backwards', ['verify', '/', '--range', '1M:4K'], [/is not a range of bytes/]],
    ['verify of no pieces', ['verify', '/', '--sample', '0'], [/"0" is not a number of pieces/]],
    ['a seed without a sample', ['verify', '/', '--seed', 'a'], [/--seed goes with --sample/]],
  ];
  for (const [name, argv, says] of plain) {
    test(name, async () => {
      await transcriptHere(argv, { exit: 2, says });
    });
  }

  test('an unknown option is refused before anything is looked at', async (t) => {
    const desk = newDesk(t);
    await refusedHere(desk, desk.acquire('/nowhere', '--verify-sauce'), {
      exit: 2,
      says: [/unknown option '--verify-sauce'/],
    });
  });

  test('missing case fields are all named at once', async () => {
    const says = ['--to', '--case', '--evidence', '--examiner'].map((name) => new RegExp(`^- ${name} is missing`, 'm'));
    await transcriptHere(['acquire', '/nowhere'], { exit: 2, says: [/^exhibit: 4 faults in the request:/, ...says] });
  });

  test('an empty case field is none', async (t) => {
    const desk = newDesk(t);
    await refusedHere(desk, desk.acquire('/nowhere', '--examiner', ' '), { exit: 2, says: [/--examiner is empty/] });
  });

  test('bad values are all named at once', async (t) => {
    const desk = newDesk(t);
    const bad = [
      '--block-size',
      '5',
      '--piece-size',
      '3.5M',
      '--segment-size',
      '-1',
      '--hash',
      'md4',
      '--format',
      'e01',
    ];
    await refusedHere(
      desk,
      desk.acquire('/nowhere', ...bad, '--reader', 'cat', '--hash-engine', 'gpu', '--label-size', 'big'),
      {
        exit: 2,
        says: [
          /8 faults in the request/,
          /--block-size is 5 bytes; it must be a multiple of 4096/,
          /--piece-size: "3.5M" is not a size/,
          /--segment-size: "-1" is not a size/,
          /--hash names "md4"; known are md5, sha1, sha256, sha512/,
          /--format: "e01" is not known; write one of raw, split/,
          /--reader: "cat" is not known/,
          /--hash-engine: "gpu" is not known/,
          /--label-size: "big" is not a size/,
        ],
      },
    );
  });

  test('there is no mode without SHA-256', async (t) => {
    const desk = newDesk(t);
    await refusedHere(desk, desk.acquire('/nowhere', '--hash', 'md5'), {
      exit: 2,
      says: [/--hash must contain sha256/],
    });
  });

  test('an unknown profile, and what is known', async (t) => {
    const desk = newDesk(t);
    await refusedHere(desk, desk.acquire('/nowhere', '--profile', 'bensh'), {
      exit: 2,
      says: [/there is no profile "bensh"/, /Known are: bench, remote-frozen, remote-live, rescue, usb/],
    });
  });

  test('--key and --unsigned exclude each other', async (t) => {
    const desk = newDesk(t);
    const argv = [...desk.acquire('/nowhere', '--unsigned'), '--key', desk.key];
    await refusedHere(desk, argv, { exit: 2, says: [/--key and --unsigned exclude each other/] });
  });

  test('a reason must be one', async (t) => {
    const desk = newDesk(t);
    await refusedHere(desk, desk.acquire('/nowhere', '--allow-unblocked', ''), {
      exit: 2,
      says: [/--allow-unblocked is empty/, /It takes the reason in words/],
    });
  });

  test('without a key: what to type', async (t) => {
    const desk = newDesk(t);
    const argv = desk.acquire(desk.file('d.img', 65_536), '--unsigned').filter((word) => word !== '--unsigned');
    await refusedHere(desk, argv, {
      exit: 2,
      says: [/There is no signing key/, /exhibit keys init --name .*--key FILE.*--unsigned/],
    });
  });
});

describe('--dry-run', () => {
  test('prints the plan and writes nothing, not even with everything given', async (t) => {
    const desk = newDesk(t);
    const source = desk.file('d.img', 1_048_576);
    const before = readdirSync(desk.folder).sort();
    await refused(
      desk,
      desk.acquire(source, '--dry-run', '--seal-number', 'S-77', '--format', 'split', '--segment-size', '1M'),
      {
        exit: 0,
        prints: [/^Dry run: nothing was read or written\.\n$/],
        says: [
          /^Source$/m,
          /path +.*d\.img/,
          /1,048,576 bytes/,
          /seal number +S-77/,
          /split: HDD-01\.001/,
          /to\/C-1\/HDD-01/,
        ],
      },
    );
    assert.deepEqual(readdirSync(desk.folder).sort(), before);
  });

  test('--json: the plan is the result', async (t) => {
    const desk = newDesk(t);
    const { stdout } = await refusedHere(desk, desk.acquire(desk.file('d.img', 4096), '--dry-run', '--json'), {
      exit: 0,
      prints: [/^\{"type":"result","ok":true,"exit":0,"dry_run":true,"plan":\{/],
    });
    assert.equal(jsonLines(stdout).length, 1);
  });
});

describe('--json on every road', { concurrency: 2 }, () => {
  test('what is refused is a result too, and nothing else stands on standard output', async (t) => {
    const desk = newDesk(t);
    const missing = join(desk.folder, 'none');
    for (const [argv, exit, code] of [
      [['acquire', '--nonsense', '--json'], 2, 'usage'],
      [['acquire', missing, '--json'], 2, 'usage.request'],
      [desk.acquire(missing, '--json'), 11, 'source.missing'],
      [desk.acquire(desk.file('a.img', 512), '--json', '--evidence', 'a/b'), 2, 'usage.folder-name'],
      [['verify', missing, '--json'], 2, null],
      [['show', missing, '--json'], 2, null],
      [['seal', missing, '--json'], 2, 'seal.no-folder'],
      [['keys', 'show', '--key', missing, '--json'], 2, 'keys.missing'],
    ] as const) {
      const { stdout } = await refusedHere(desk, argv, { exit, prints: [/./] });
      const lines = jsonLines(stdout);
      const last = lines.at(-1);
      assert.deepEqual([last?.['type'], last?.['ok'], last?.['exit']], ['result', false, exit], stdout);
      if (code !== null) assert.equal(last?.['code'], code);
      assert.equal(lines.filter(({ type }) => type === 'result').length, 1);
    }
  });

  test('devices and doctor', async () => {
    for (const argv of [['devices'], ['doctor']]) {
      const { stdout } = await transcript([...argv, '--json'], { exit: 0, prints: [/./] });
      const [result, ...more] = jsonLines(stdout);
      assert.deepEqual([result?.['type'], result?.['ok'], more.length], ['result', true, 0]);
    }
  });

  test('doctor --key FILE: that key is tried', async (t) => {
    const { key, folder } = newDesk(t);
    await transcriptHere(['doctor', '--key', key], {
      exit: 0,
      prints: [/ok +signing key +Ada Byron SHA256:.*trial signature/],
    });
    await transcriptHere(['doctor', '--key', `${folder}/none`], { exit: 0, prints: [/warning +signing key .*none/] });
    await transcriptHere(['doctor', '--key'], { exit: 2, says: [/argument missing/] });
  });
});
