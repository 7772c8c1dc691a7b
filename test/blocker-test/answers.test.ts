import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { ofBlockTool, ofSgRaw, type Answer } from '../../src/blocker-test/answers.ts';
import type { CommandResult } from '../../src/system/run-command.ts';
import { packageRoot } from '../support/root.ts';

const FOLDER = join(packageRoot, 'test/fixtures/blocker-test');

interface Capture {
  readonly argv: readonly string[];
  readonly exit: number;
  readonly stderr: string;
}

function result(change: Partial<CommandResult>): CommandResult {
  return { argv: ['sg_raw'], exit: 0, signal: null, stdout: '', stderr: '', failure: null, ...change };
}

function captured(name: string): CommandResult {
  const { argv, exit, stderr } = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as Capture;
  return result({ argv, exit, stderr });
}

const EXPECTED: Readonly<Record<string, Pick<Answer, 'kind' | 'errno' | 'sense'>>> = {
  'write-10-good': { kind: 'accepted', errno: null, sense: null },
  'write-10-protected': {
    kind: 'refused-by-device',
    errno: null,
    sense: { key: 'Data Protect', additional: 'Write protected' },
  },
  'write-same-10-unknown': {
    kind: 'refused-by-device',
    errno: null,
    sense: { key: 'Illegal Request', additional: 'Invalid command operation code' },
  },
  'write-10-outside': {
    kind: 'failed',
    errno: null,
    sense: { key: 'Illegal Request', additional: 'Logical block address out of range' },
  },
  'write-10-no-data': { kind: 'not-carried-out', errno: null, sense: null },
  'write-10-loop': { kind: 'not-carried-out', errno: 'EINVAL', sense: null },
  'write-10-writing-open': { kind: 'not-carried-out', errno: 'EROFS', sense: null },
  'write-10-no-device': { kind: 'not-carried-out', errno: 'ENOENT', sense: null },
  'blkdiscard-zeroout-protected': { kind: 'refused-by-kernel', errno: 'EROFS', sense: null },
  'blkdiscard-zeroout-loop': { kind: 'refused-by-kernel', errno: 'EPERM', sense: null },
  'dd-direct-loop': { kind: 'refused-by-kernel', errno: 'EPERM', sense: null },
  'dd-direct-protected': { kind: 'refused-by-kernel', errno: 'EROFS', sense: null },
};

test('what real tools said of real devices is understood', () => {
  const names = readdirSync(FOLDER).flatMap((file) =>
    /^(write|blkdiscard|dd)-.*\.json$/.test(file) ? [file.slice(0, -5)] : [],
  );
  assert.deepEqual(names.sort(), Object.keys(EXPECTED).sort());
  for (const [name, expected] of Object.entries(EXPECTED)) {
    const run = captured(name);
    const { kind, errno, sense } = run.argv[0] === 'sg_raw' ? ofSgRaw(run) : ofBlockTool(run);
    assert.deepEqual({ kind, errno, sense }, expected, name);
  }
});

test('status and words of sg_raw must agree: neither alone is a refusal, nor a success', () => {
  const said = captured('write-10-protected').stderr;
  assert.equal(ofSgRaw(result({ exit: 7, stderr: said })).kind, 'refused-by-device');
  assert.equal(ofSgRaw(result({ exit: 5, stderr: said })).kind, 'failed');
  assert.equal(ofSgRaw(result({ exit: 7, stderr: '' })).kind, 'not-carried-out');
  assert.equal(ofSgRaw(result({ exit: 0, stderr: said })).kind, 'failed');
  assert.equal(ofSgRaw(result({ exit: 0, stderr: '' })).kind, 'failed');
  assert.equal(ofSgRaw(result({ exit: 33, stderr: '' })).kind, 'no-answer');
});

test('sense keys that speak of something else than a refusal are failures', () => {
  for (const [exit, key] of [
    [2, 'Not Ready'],
    [3, 'Medium Error'],
    [3, 'Hardware Error'],
    [6, 'Unit Attention'],
  ] as const) {
    const stderr = `SCSI Status: Check Condition \n\nSense Information:\nFixed format, current; Sense key: ${key}\nAdditional sense: x\n`;
    assert.equal(ofSgRaw(result({ exit, stderr })).kind, 'failed', key);
  }
});

test('a tool that is missing, hangs or dies has not given an answer', () => {
  for (const of of [ofSgRaw, ofBlockTool]) {
    assert.equal(of(result({ exit: null, failure: 'missing' })).kind, 'not-carried-out');
    assert.equal(of(result({ exit: null, failure: 'timeout' })).kind, 'no-answer');
    assert.equal(of(result({ exit: null, failure: 'aborted' })).kind, 'no-answer');
    assert.equal(of(result({ exit: null, signal: 'SIGKILL' })).kind, 'no-answer');
  }
});

test('errors of the block layer: policy of the host, refusal by the device, or neither', () => {
  const kindOf = (words: string): string =>
    ofBlockTool(result({ argv: ['dd'], exit: 1, stderr: `dd: error writing '/dev/sdx': ${words}\n` })).kind;
  assert.equal(kindOf('Operation not permitted'), 'refused-by-kernel');
  assert.equal(kindOf('Read-only file system'), 'refused-by-kernel');
  assert.equal(kindOf('Input/output error'), 'refused-by-device');
  assert.equal(kindOf('Remote I/O error'), 'refused-by-device');
  assert.equal(kindOf('Operation not supported'), 'not-carried-out');
  assert.equal(kindOf('No such device'), 'not-carried-out');
  assert.equal(kindOf('Cannot allocate memory'), 'not-carried-out');
  assert.equal(kindOf('something never heard of'), 'not-carried-out');
});
