import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { ExhibitError } from '../../src/model/errors.ts';
import { shellLine } from '../../src/remote/quote.ts';

/** Shells that may be somebody's login shell; those that are not installed are skipped, aloud. */
const SHELLS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  sh: ['sh', '-c'],
  dash: ['dash', '-c'],
  bash: ['bash', '-c'],
  'busybox sh': ['busybox', 'sh', '-c'],
  zsh: ['zsh', '-c'],
  fish: ['fish', '-c'],
  tcsh: ['tcsh', '-c'],
};

const HOSTILE = [
  '',
  ' ',
  "'",
  "''",
  '"',
  '\\',
  "\\'",
  "'\\''",
  '\\\\n',
  '!',
  '!!',
  'a!b',
  '$HOME',
  '$(id)',
  '`id`',
  '${x:-y}',
  'a;b',
  'a|b',
  'a&b',
  '>f',
  '<f',
  '#x',
  '~',
  '~root',
  '*',
  '?',
  '[a]',
  '{a,b}',
  '=ls',
  '%1',
  '-n',
  '--',
  'a=b',
  '\t',
  '\u001b[2J',
  '\u0007',
  '\u007f',
  'é',
  '\u202eevil',
  '💾',
  '^a^b',
  '(x)',
  'end\\',
  '/dev/disk/by-id/usb-A B\'s "disk"-0:0',
];

/** The words as the shell hands them to a program, each closed by a zero byte. */
function handed([command, ...rest]: readonly [string, ...string[]], argv: readonly string[]): string[] {
  const line = shellLine(['printf', '%s\\0', ...argv]);
  return execFileSync(command, [...rest, line], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' } })
    .split('\0')
    .slice(0, -1);
}

describe('words for another machine', () => {
  for (const [name, shell] of Object.entries(SHELLS)) {
    // tcsh has no builtin that can be trusted with bytes, printf is /usr/bin's there.
    const missing = spawnSync(shell[0], ['--help'], { stdio: 'ignore' }).error !== undefined;
    const skip = missing ? `needs ${shell[0]}` : false;
    test(`${name} hands on every hostile word as it is`, { skip }, () => {
      assert.deepEqual(handed(shell, HOSTILE), HOSTILE);
    });

    test(`${name} hands on any words as they are`, { skip }, () => {
      const lines = name === 'tcsh' ? /[\0\n]/ : /\0/;
      const words = fc.array(
        fc.oneof(
          fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed() && !lines.test(text)),
          fc.string({ unit: fc.constantFrom("'", '\\', '!', '$', '`', '"', ' ', 'a', '=', '%') }),
        ),
        { minLength: 1, maxLength: 30 },
      );
      fc.assert(
        fc.property(words, (argv) => {
          assert.deepEqual(handed(shell, argv), argv);
        }),
        { numRuns: 40 },
      );
    });
  }

  test('what is plain stays readable in the log of the other machine', () => {
    assert.equal(shellLine(['dd', 'if=/dev/sda', 'bs=4096', 'status=none']), 'dd if=/dev/sda bs=4096 status=none');
  });

  test('a command that looks like an assignment is run, not assigned', () => {
    assert.equal(shellLine(['A=b', 'c']), "'A=b' c");
  });

  test('a zero byte and half a letter are refused', () => {
    for (const word of ['a\0b', '\ud800']) assert.throws(() => shellLine(['cat', word]), ExhibitError);
  });
});
