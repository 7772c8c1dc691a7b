import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { manifestOf, newDesk, type Desk } from '../support/exhibit.ts';
import { exhibitHere } from '../support/in-process.ts';
import { judge, transcript, transcriptHere, type Expected } from './transcript.ts';

const HOSTILE: readonly (readonly [what: string, id: string, shown: RegExp, offer: string])[] = [
  ['a slash', 'HDD/01', /"HDD\/01"/, 'HDD-01'],
  ['spaces', ' HDD 01', /" HDD 01"/, 'HDD-01'],
  ['a line break', 'HDD\n01', /"HDD\\u\{a\}01"/, 'HDD-01'],
  ['Cyrillic', 'Диск 7', /"Диск 7"/, '7'],
  ['escape codes', '\u001b[31mHDD\u001b[0m', /"\\u\{1b\}\[31mHDD\\u\{1b\}\[0m"/, '31mHDD-0m'],
  ['letters that turn the reading direction', 'HDD\u202e10', /"HDD\\u\{202e\}10"/, 'HDD-10'],
  ['CON', 'CON', /"CON"/, 'item-CON'],
  ['con.dd', 'con.dd', /"con.dd"/, 'item-con.dd'],
  ['..', '..', /"\.\."/, 'item'],
  ['a leading dash', '-rf', /"-rf"/, 'rf'],
  ['a leading dot', '.hidden', /"\.hidden"/, 'hidden'],
  ['a path upwards', '../../etc', /"\.\.\/\.\.\/etc"/, 'etc'],
];

/** In this process, without a signature: what is refused, and what would be done. Nothing is made. */
async function planned(desk: Desk, argv: readonly string[], expected: Expected): Promise<string> {
  const ended = await exhibitHere(argv);
  judge(argv, ended, expected);
  assert.deepEqual(readdirSync(desk.to), []);
  return ended.stderr;
}

describe('ids that can not be a folder name', () => {
  for (const [what, id, shown, offer] of HOSTILE) {
    test(`${what}: refused, and the name that is offered works`, async (t) => {
      const desk = newDesk(t);
      const argv = [...desk.acquire(desk.file('d.img', 4096), '--unsigned'), `--evidence=${id}`];
      const stderr = await planned(desk, argv, {
        exit: 2,
        says: [shown, /can't be a folder name/, /stays unchanged in the manifest/],
      });
      const offered = /--folder-name (\S+)/.exec(stderr)?.[1] ?? '';
      assert.equal(offered, offer);
      await planned(desk, [...argv, '--dry-run', '--folder-name', offered], {
        exit: 0,
        says: [new RegExp(`folder +.*/C-1/${offered}\n`)],
        prints: [/Dry run/],
      });
    });
  }

  test('case and item at once: one offer for both', async (t) => {
    const desk = newDesk(t);
    const argv = desk.acquire(desk.file('d.img', 4096), '--case', 'a/b', '--evidence', 'x y');
    await planned(desk, argv, { exit: 2, says: [/--case: "a\/b"/, /--evidence: "x y"/, /--folder-name a-b\/x-y/] });
  });

  test('a folder name that is none either', async (t) => {
    const desk = newDesk(t);
    for (const name of ['../x', 'a/b/c', 'a/', '/etc', 'custody', 'x\u001b[2J']) {
      const argv = desk.acquire(desk.file('d.img', 4096), '--folder-name', name);
      await planned(desk, argv, { exit: 2, says: [/--folder-name/] });
    }
  });

  test('accepted under another name, the ids stand unchanged in the manifest and escaped everywhere else', async (t) => {
    const desk = newDesk(t);
    const ids = { case: 'Дело №7/2026\n\u001b[31mred', evidence: '..\u202e/CON\u0007' };
    const texts = ['--notes', 'first line\nsecond \u001b]0;title\u0007', '--description', 'disk \u009b31m of "Ann"'];
    const argv = desk.acquire(desk.file('d.img', 4096), '--case', ids.case, '--evidence', ids.evidence, ...texts);
    await transcript([...argv, '--folder-name', 'case-7/HDD-01'], {
      exit: 0,
      says: [/case +Дело №7\/2026\\u\{a\}\\u\{1b\}\[31mred\n/],
      prints: [/ACQUIRED/, /evidence +\.\.\\u\{202e\}\/CON\\u\{7\}\n/],
    });
    const folder = join(desk.to, 'case-7', 'HDD-01');
    const manifest = manifestOf(folder);
    assert.equal(manifest.case.number, ids.case);
    assert.equal(manifest.case.evidence_id, ids.evidence);
    assert.equal(manifest.case.notes, texts[1]);
    assert.deepEqual(readdirSync(desk.to), ['case-7']);
    // The manifest and the journal are data: JSON escapes what it must, the ids stand as they are.
    for (const name of ['HDD-01.txt', 'VERIFY.txt']) {
      const text = readFileSync(join(folder, name), 'utf8');
      // eslint-disable-next-line no-control-regex -- control characters are what this looks for
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/, name);
    }
    await transcriptHere(['verify', folder, '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
    await transcriptHere(['show', folder], { exit: 0, prints: [/Дело №7\/2026\\u\{a\}/] });
    await transcript(['show', folder, '--label'], { exit: 0, prints: [/\\u\{202e\}\/CON/] });
  });
});
