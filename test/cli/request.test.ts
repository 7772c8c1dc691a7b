import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { jsonLines, manifestOf, newDesk } from '../support/exhibit.ts';
import { refusedHere, transcript, transcriptHere } from './transcript.ts';

describe('--request', () => {
  test('supplies case and label fields; the command line wins', async (t) => {
    const desk = newDesk(t);
    const file = join(desk.folder, 'item.yaml');
    writeFileSync(
      file,
      'case: "2026-0412"\nevidence: HDD-02\nexaminer: Grace\ndescription: from the desk\nlabel-serial: WX51\nseal-number: "0077"\ncondition: scratched\nprofile: usb\n',
    );
    const argv = ['acquire', desk.file('d.img', 65_536), '--to', desk.to, '--key', desk.key, '--request', file];
    await transcript([...argv, '--examiner', 'Ada', '--no-read-back'], { exit: 0, prints: [/ACQUIRED/] });
    const manifest = manifestOf(join(desk.to, '2026-0412/HDD-02'), 'HDD-02');
    assert.deepEqual(
      [manifest.case.number, manifest.case.evidence_id, manifest.case.examiner, manifest.case.description],
      ['2026-0412', 'HDD-02', 'Ada', 'from the desk'],
    );
    assert.deepEqual(
      [manifest.label.serial, manifest.label.seal_number, manifest.label.condition],
      ['WX51', '0077', 'scratched'],
    );
    assert.equal(manifest.acquisition.profile.name, 'usb');
    assert.equal(
      manifest.acquisition.setting_origins['read_back'] ?? manifest.acquisition.setting_origins['readBack'],
      'command-line',
    );
  });

  test('a faulty file: every fault with line and column', async (t) => {
    const desk = newDesk(t);
    const file = join(desk.folder, 'bad.yaml');
    writeFileSync(file, 'case: 2026\nexaminer:\n  - A\nsource: /dev/sda\nlabel-size: huge\nlabel-size: 1TB\n');
    await refusedHere(desk, desk.acquire('/nowhere', '--request', file), {
      exit: 2,
      says: [
        /bad\.yaml is not a request file/,
        /bad\.yaml:3:3: examiner/,
        /bad\.yaml:4:1: source: not a key/,
        /bad\.yaml:6:1/,
      ],
    });
  });

  test('no YAML at all, and no file at all', async (t) => {
    const desk = newDesk(t);
    const file = join(desk.folder, 'bad.yaml');
    writeFileSync(file, 'case: "open\n\u0007');
    await refusedHere(desk, desk.acquire('/nowhere', '--request', file), { exit: 2, says: [/bad\.yaml:\d+:\d+/] });
    await refusedHere(desk, desk.acquire('/nowhere', '--request', `${file}.none`), {
      exit: 2,
      says: [/can't be read/],
    });
  });
});

describe('--json', () => {
  test('every line of standard output is JSON, the last one the result', async (t) => {
    const desk = newDesk(t);
    const source = desk.file('d.img', 8 * 1_048_576);
    const { stdout } = await transcript(desk.acquire(source, '--json', '--verify-source'), { exit: 0, prints: [/./] });
    const lines = jsonLines(stdout);
    const result = lines.at(-1)!;
    assert.equal(lines.filter(({ type }) => type === 'result').length, 1);
    assert.deepEqual(
      [result['type'], result['ok'], result['exit'], result['ended'], result['outcome'], result['folder']],
      ['result', true, 0, 'closed', 'complete', desk.evidence()],
    );
    assert.deepEqual([result['read_back'], result['source_check'], result['unreadable_bytes']], ['match', 'match', 0]);
    const { read_back, source_check } = manifestOf(desk.evidence());
    assert.ok('cache' in read_back && 'cache' in source_check, 'how both second readings were made');
    assert.deepEqual(
      [result['read_back_cache'], result['source_check_cache']],
      [read_back.cache.avoided, source_check.cache.avoided],
    );
    assert.match(source_check.cache.how, /^(buffered reads after eviction on|the file system is tmpfs|could not look)/);
    for (const stage of ['read', 'read-back', 'verify-source', 'seal']) {
      const seen = lines
        .filter((line) => line['type'] === 'stage' && line['stage'] === stage)
        .map(({ status }) => status);
      assert.deepEqual(seen, ['start', 'done'], stage);
    }
    const progress = lines.filter((line) => line['type'] === 'progress' && line['stage'] === 'read').at(-1);
    assert.deepEqual([progress?.['done'], progress?.['total']], [8 * 1_048_576, 8 * 1_048_576]);

    const check = await transcript(['verify', desk.evidence(), '--signers', desk.signers, '--json'], {
      exit: 0,
      prints: [/./],
    });
    const verdict = jsonLines(check.stdout).at(-1)!;
    assert.deepEqual([verdict['type'], verdict['ok'], verdict['exit']], ['result', true, 0]);
    const shown = await transcriptHere(['show', desk.evidence(), '--json'], { exit: 0, prints: [/./] });
    assert.equal(jsonLines(shown.stdout).length, 1);
  });
});
