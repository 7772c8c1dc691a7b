import assert from 'node:assert/strict';
import test, { describe, type TestContext } from 'node:test';
import { versionsOf, type VersionQuestion, type Versions } from '../../src/discover/tool-versions.ts';
import { systemCommands, type Commands } from '../../src/system/run-command.ts';
import { pathOf } from '../support/programs.ts';

const SAYS: Readonly<Record<string, string>> = {
  plain: 'echo "plain 1.0"; echo more',
  aside: 'echo "aside 2" >&2',
  both: 'echo noise >&2; echo "both 3"',
  fails: 'echo "fails 4"; exit 3',
  mute: 'exit 0',
  words: String.raw`printf '%s|%s\n' "$#" "$1"`,
  killed: 'echo "killed 5"; kill -9 $$',
  ending: 'printf "ending 6"',
};
const WORD = `--version' "$(touch x)" \\`;
const ASKED: readonly VersionQuestion[] = [
  ...Object.keys(SAYS).map((program) => [program, program === 'words' ? WORD : '--version'] as const),
  ['absent', '--version'],
];
const FOUND: Versions = ['plain 1.0', 'aside 2', 'both 3', null, null, `1|${WORD}`, null, 'ending 6', null];

/** The station's programs and these, and how often something was run. */
function programs(t: TestContext, more: Readonly<Record<string, string>>, without: readonly string[] = []) {
  const real = systemCommands(pathOf(t, { ...SAYS, ...more }).PATH);
  const run: string[] = [];
  const commands: Commands = {
    ...real,
    which: (name) => (without.includes(name) ? null : real.which(name)),
    run: (argv, options) => {
      run.push(argv[0] ?? '');
      // What would hang for seconds must not keep the test.
      return real.run(argv, { ...options, timeoutMs: 500 });
    },
  };
  return { commands, run };
}

describe('versions of programs', () => {
  test('one shell asks them all; each has its own exit status and its own words', async (t) => {
    const { commands, run } = programs(t, {});
    assert.deepEqual(await versionsOf(commands, ASKED), FOUND);
    assert.deepEqual(run, ['sh']);
  });

  test('without a shell each is asked by itself', async (t) => {
    const { commands, run } = programs(t, {}, ['sh']);
    assert.deepEqual(await versionsOf(commands, ASKED), FOUND);
    assert.deepEqual(run, Object.keys(SAYS));
  });

  test('one that hangs is told by nobody; the others are asked by themselves', async (t) => {
    const { commands } = programs(t, { hangs: 'sleep 60' });
    const asked = [['hangs', '--version'] as const, ...ASKED];
    assert.deepEqual(await versionsOf(commands, asked), [null, ...FOUND]);
  });

  test('what one says can not be taken for what another said', async (t) => {
    const forged = String.raw`printf 'forged\0000\000plain 9\0'`;
    const { commands } = programs(t, { forged, shouts: String.raw`printf '\0' >&2; echo "shouts 7"` });
    const asked = [['forged', '--version'] as const, ['shouts', '--version'] as const, ...ASKED];
    const [, shouts, ...others] = await versionsOf(commands, asked);
    assert.deepEqual([shouts, ...others], ['shouts 7', ...FOUND]);
  });

  test('nothing is asked of what is not there', async (t) => {
    const { commands } = programs(t, {});
    assert.deepEqual(await versionsOf(commands, [['absent', '--version']]), [null]);
    assert.deepEqual(await versionsOf(commands, []), []);
  });
});
