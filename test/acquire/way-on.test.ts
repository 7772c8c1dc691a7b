import assert from 'node:assert/strict';
import test from 'node:test';
import { withWayOn } from '../../src/acquire/stopped/way-on.ts';
import { ExhibitError, type Fault } from '../../src/model/errors.ts';
import { linkLost, linkSilent } from '../../src/model/remote-faults.ts';

function hintAfter(fault: Fault, code: string, hint?: string): string | undefined {
  const error = withWayOn(new ExhibitError(fault, code, 'm', hint === undefined ? {} : { hint }), '/e/C 1/$&');
  assert.ok(error instanceof ExhibitError);
  assert.deepEqual([error.fault, error.code, error.message], [fault, code, 'm']);
  return error.hint;
}

test('the command that goes on is given as it is to be typed', () => {
  const folder = "'/e/C 1/$&'";
  assert.equal(
    hintAfter('source', 'source.too-bad', 'Go on: exhibit resume DIR --max-bad N'),
    `Go on: exhibit resume ${folder} --max-bad N`,
  );
  assert.equal(
    hintAfter('source', 'guard.write-seen', 'exhibit resume DIR, or exhibit seal DIR --incomplete REASON'),
    `exhibit resume ${folder}, or exhibit seal ${folder} --incomplete REASON`,
  );
  assert.equal(hintAfter('source', 'source.ended-early', 'Cut.'), `Cut. Then go on: exhibit resume ${folder}`);
  assert.equal(hintAfter('source', 'source.silent'), `Then go on: exhibit resume ${folder}`);
});

test('what is not gone on with gets no such command', () => {
  assert.equal(hintAfter('damage', 'resume.damaged', 'Keep the folder.'), 'Keep the folder.');
  assert.equal(hintAfter('source', 'guard.flag-fell', 'Find out.'), 'Find out.');
  const other = new Error('x');
  assert.equal(withWayOn(other, '/e'), other);
});

test('a link that is lost: the command that goes on is there where a folder is, and nowhere else', () => {
  const place = { user: 'root', host: 'box', port: null };
  for (const error of [linkLost(place, 'reset'), linkSilent(place, 4000)]) {
    assert.doesNotMatch(error.hint ?? '', /resume/);
    const told = withWayOn(error, '/e/C-1/HDD-01');
    assert.ok(told instanceof ExhibitError);
    assert.equal(told.hint, 'Check the link and the machine. Then go on: exhibit resume /e/C-1/HDD-01');
  }
});
