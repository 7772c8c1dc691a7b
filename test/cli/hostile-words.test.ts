import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import type { Env } from '../../src/cli/env.ts';
import { Output } from '../../src/cli/output.ts';
import { jsonScreen } from '../../src/cli/screen/json-screen.ts';
import { ExhibitError } from '../../src/model/errors.ts';
import { systemClock } from '../../src/system/clock.ts';
import { newDesk, type Desk } from '../support/exhibit.ts';
import { exhibitHere } from '../support/in-process.ts';
import { tempFolder } from '../support/temp.ts';

/** Clears the screen and claims a verdict: by ESC, by a C1 control, by direction, by line and paragraph separators. */
const WORD = 'x\u001b[2J\u009b2J\u007f\u202eDEIFIREV\u2066\u200e\u061c\ufeff\u2028\u2029\nPWNED';
/** The same as the name of a file. */
const NAME = WORD.slice(0, 60);
const HOSTILE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u;

/** Runs a command line: nothing that comes out may act on a terminal, and the word stands nowhere at the start of a line. */
async function harmless(argv: readonly string[]): Promise<string> {
  const { stdout, stderr } = await exhibitHere(argv);
  for (const text of [stdout, stderr]) {
    assert.equal(HOSTILE.exec(text)?.[0].codePointAt(0)?.toString(16), undefined, JSON.stringify(text));
    assert.doesNotMatch(text, /^PWNED/m, JSON.stringify(text));
  }
  return stdout + stderr;
}

const COMMANDS: readonly (readonly string[])[] = [
  ['acquire', '/nowhere'],
  ['verify', '/nowhere'],
  ['show', '/nowhere'],
  ['seal', '/nowhere'],
  ['doctor'],
  ['devices'],
  ['keys', 'show'],
];

describe('hostile words on the command line', () => {
  for (const command of COMMANDS) {
    const words = command.filter((word) => word !== '/nowhere');
    test(`exhibit ${words.join(' ')}: every option, the argument, an option that there is not`, async () => {
      const { stdout: help } = await exhibitHere([...words, '--help']);
      const options = [...help.matchAll(/(--[a-z-]+) [<[]?[a-zA-Z|:]+[>\]]?/g)].map((match) => match[1] ?? '');
      assert.ok(command[0] !== 'acquire' || options.length > 20, options.join(' '));
      for (const json of help.includes('--json') ? [[], ['--json']] : [[]]) {
        for (const option of options) await harmless([...command, option, WORD, ...json]);
        await harmless([...words, WORD, ...json]);
        await harmless([...command, `--${WORD}`, ...json]);
        await harmless([...command, 'one', WORD, ...json]);
      }
    });
  }

  test('a command that there is not', async () => {
    await harmless([WORD]);
    await harmless([WORD, '--json']);
    await harmless(['keys', WORD]);
  });

  test('two at once', async () => {
    const all = ['--label-size', WORD, '--block-size', WORD, '--reader', WORD, '--hash', WORD, '--folder-name', WORD];
    await harmless(['acquire', WORD, '--to', WORD, '--case', WORD, '--evidence', WORD, '--examiner', WORD, ...all]);
    await harmless(['verify', WORD, '--signers', WORD]);
  });
});

describe('hostile names of files and folders', () => {
  const hostileDesk = (t: TestContext): Desk => {
    const parent = join(tempFolder(t), NAME);
    mkdirSync(parent);
    return newDesk(t, parent);
  };

  test('acquire, verify, show, seal say them harmlessly, in words and in JSON', async (t) => {
    const desk = hostileDesk(t);
    const folder = desk.evidence();
    const source = desk.file(NAME, 8192);
    assert.match(await harmless(desk.acquire(source, '--dry-run')), /dry run/i);
    const told = await harmless(desk.acquire(source, '--dry-run', '--json'));
    assert.doesNotMatch(told, /usb\.ids/, 'the plan carries the whole hardware data');
    assert.match(await harmless(desk.acquire(source)), /ACQUIRED/);
    await harmless(desk.acquire(source));
    await harmless(desk.acquire(source, '--json', '--evidence', 'TWO'));
    await harmless(desk.acquire(source, '--unsigned', '--evidence', 'THREE'));
    for (const json of [[], ['--json']]) {
      assert.match(await harmless(['verify', folder, '--signers', desk.signers, ...json]), /verified/i);
      await harmless(['verify', folder, ...json]);
      await harmless(['verify', folder, '--signers', join(folder, 'allowed_signers'), ...json]);
      await harmless(['verify', join(folder, 'HDD-01.txt'), ...json]);
      await harmless(['show', folder, ...json]);
      await harmless(['show', join(folder, 'gone'), ...json]);
      await harmless(['seal', folder, ...json]);
      await harmless(['seal', desk.folder, '--incomplete', WORD, '--key', join(desk.folder, NAME), ...json]);
      await harmless(['keys', 'show', '--key', desk.key, ...json]);
      await harmless(['keys', 'show', '--key', source, ...json]);
      await harmless(['keys', 'show', '--key', desk.folder, ...json]);
      await harmless(['doctor', '--key', source, ...json]);
    }
    await harmless(['seal', desk.evidence('THREE'), '--key', desk.key]);
    await harmless(['keys', 'init', '--name', WORD, '--key', join(desk.folder, 'new')]);
    await harmless(['keys', 'init', '--name', 'Ann', '--key', desk.key]);
  });

  test('request and profile files: their names, their keys, their values', async (t) => {
    const desk = hostileDesk(t);
    const file = join(desk.folder, NAME);
    for (const content of ['"a\\e[2J": 1\n', `case: "x\\e[2J\\u202e"\nexaminer: [1]\n`, `{${WORD}`, WORD]) {
      writeFileSync(`${file}.yaml`, content);
      await harmless(desk.acquire('/nowhere', '--request', `${file}.yaml`));
      await harmless(desk.acquire('/nowhere', '--profile', `${file}.yaml`, '--json'));
    }
    copyFileSync(desk.key, `${file}.pub`);
    await harmless(desk.acquire(desk.file('d', 4096), '--key', `${file}.pub`));
  });
});

describe('where words meet the terminal', () => {
  /** A terminal that keeps what it gets. */
  const listening = (json: boolean): { output: Output; heard: string[] } => {
    const heard: string[] = [];
    const keep = (text: string): void => void heard.push(text);
    return { output: new Output({ terminal: { say: keep, out: keep } } as unknown as Env, json), heard };
  };

  test('what nobody escaped is spelled out, in words and in JSON', () => {
    const words = listening(false);
    words.output.say(WORD);
    words.output.result({}, WORD);
    words.output.failure(new ExhibitError('usage', 'x', WORD, { hint: WORD }));
    const data = listening(true);
    data.output.result({ word: WORD }, '');
    for (const text of [...words.heard, ...data.heard]) assert.doesNotMatch(text, HOSTILE);
    assert.equal((JSON.parse(data.heard[0] ?? '') as { word: string }).word, WORD);
  });

  test('an event as JSON', () => {
    const heard: string[] = [];
    jsonScreen((line) => void heard.push(line), systemClock).emit({
      type: 'note',
      level: 'warning',
      code: 'x',
      message: WORD,
    });
    assert.doesNotMatch(heard[0] ?? '', HOSTILE);
    assert.equal((JSON.parse(heard[0] ?? '') as { message: string }).message, WORD);
  });
});
