import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, describe } from 'node:test';
import { loadRequestFile } from '../../src/catalog/request-file.ts';
import { ExhibitError } from '../../src/model/errors.ts';
import { catalogPorts } from './ports.ts';

const folder = mkdtempSync(join(tmpdir(), 'exhibit-request-'));
const path = join(folder, 'queue.yaml');
after(() => {
  rmSync(folder, { recursive: true });
});

describe('request file', () => {
  test('values are text as they stand: a serial keeps its zeros', async () => {
    writeFileSync(
      path,
      'case: 2024/17\nevidence: "№ 4"\nexaminer: R. Ames\nlabel-serial: 00123\nlabel-size: 500GB\nnotes: |\n  two\n  lines\n',
    );
    const file = await loadRequestFile(catalogPorts, path);
    assert.equal(file.case, '2024/17');
    assert.equal(file.evidence, '№ 4');
    assert.equal(file.labelSerial, '00123');
    assert.equal(file.labelSize, '500GB');
    assert.equal(file.notes, 'two\nlines\n');
    assert.equal(file.authority, undefined);
  });

  test('all faults in one message, by line and column', async () => {
    writeFileSync(
      path,
      [
        'case:',
        'evidence: "\\uDC00"',
        'examiner: "a\\nb"',
        'serial: 1',
        'label-size: big',
        'case: 2',
        'notes: [a]',
        '',
      ].join('\n'),
    );
    await assert.rejects(loadRequestFile(catalogPorts, path), (error: unknown) => {
      assert.ok(error instanceof ExhibitError);
      assert.equal(error.code, 'request.invalid');
      assert.equal(error.fault, 'usage');
      assert.equal(
        error.message.replaceAll(path, 'queue.yaml'),
        [
          'queue.yaml is not a request file:',
          'queue.yaml:2:11: evidence: holds half a surrogate pair: it is not text',
          'queue.yaml:3:11: examiner: holds a line break or a control character; it must be one line',
          'queue.yaml:4:1: serial: not a key that is known here',
          'queue.yaml:5:13: label-size: must be a size, such as 500GB (powers of 1000) or 64G (powers of 1024)',
          'queue.yaml:6:1: this key stands here a second time',
          'queue.yaml:7:8: notes: must be text (in quotes, where it looks like a number)',
        ].join('\n'),
      );
      return true;
    });
  });

  test('a key without a value is a fault, not an absent key', async () => {
    writeFileSync(path, 'case: 7\nnotes:\n');
    await assert.rejects(loadRequestFile(catalogPorts, path), /queue\.yaml:2:7: notes: is empty$/m);
  });
});
