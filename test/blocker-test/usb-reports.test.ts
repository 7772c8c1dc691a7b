import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { judge } from '../../src/blocker-test/judge.ts';
import { reportSchema, type Report } from '../../src/blocker-test/report-schema.ts';
import { reportText } from '../../src/blocker-test/report-text.ts';
import { canonicalText } from '../../src/manifest/encode.ts';
import { packageRoot } from '../support/root.ts';

/** A report of a real run against a USB mass storage gadget in a virtual machine. */
function captured(name: string): { report: Report; text: string } {
  const text = readFileSync(join(packageRoot, 'test/fixtures/blocker-test', `${name}.json`), 'utf8');
  return { report: reportSchema.parse(JSON.parse(text)), text };
}

test('a USB disk with a read-only LUN: blocked, by the word of the device itself', () => {
  const { report, text } = captured('report-usb-read-only');
  assert.equal(text, canonicalText(report, '  '));
  assert.equal(report.result, 'blocked');
  assert.deepEqual(judge(report).why, report.why);
  assert.match(report.limits.join(' '), /kernel refused every write through the block layer/);
  const sg = report.attempts.filter(({ kind }) => kind === 'write-10');
  assert.deepEqual(
    sg.map(({ place, answer, sense }) => [place, answer, sense?.key]),
    ['start', 'middle', 'end'].map((place) => [place, 'refused-by-device', 'Data Protect']),
  );
  assert.match(reportText(report), /^BLOCKED: /m);
  assert.match(reportText(report), /USB: 13d7:000c, Acme, WB one/);
});

test('the same disk made writable, flagged read-only by this host alone: not blocked', () => {
  const { report } = captured('report-usb-writable');
  assert.equal(report.result, 'not-blocked');
  assert.equal(judge(report).result, 'not-blocked');
  assert.deepEqual(
    report.flag.map(({ when, read_only }) => [when, read_only]),
    [
      ['as-found', true],
      ['for-the-test', false],
      ['restored', true],
    ],
  );
  const landed = new Set(report.attempts.filter((each) => each.written_bytes_found === true).map(({ kind }) => kind));
  for (const kind of ['write-direct', 'write-buffered', 'write-10', 'write-16', 'write-6', 'write-12'] as const)
    assert.ok(landed.has(kind), kind);
});

test('what a device says of itself meets the text escaped', () => {
  const { report } = captured('report-usb-read-only');
  const hostile = 'WB\u001b[2J\nRESULT: fine\u202e';
  const text = reportText({
    ...report,
    blocker: {
      ...report.blocker,
      seen: { ...report.blocker.seen, inquiry: { vendor: hostile, product: hostile, revision: hostile } },
    },
    disk: { ...report.disk, model: hostile, serial: hostile },
    attempts: report.attempts.map((each) => ({ ...each, sense: null, said: hostile })),
  });
  // eslint-disable-next-line no-control-regex -- control characters are what this looks for
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|^RESULT: fine/m);
});
