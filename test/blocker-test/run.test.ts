import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { attachLoop, sh } from '../support/loop.ts';
import { systemFiles, type Files } from '../../src/system/files.ts';
import { systemCommands, type CommandResult, type Commands } from '../../src/system/run-command.ts';
import { testPorts } from '../support/ports.ts';
import {
  blockerTest,
  blockerTestHere,
  deskOf,
  reportFolder,
  reportOf,
  resultOf,
  runArgv,
  scratchDisk,
  scratchFile,
  sha256Of,
  SMALL,
} from './support.ts';

test('a writable disk is not blocked: exit code 20, every write is seen, with the bytes that were written', async (t) => {
  const disk = await scratchDisk(t);
  if (disk === null) return;
  const desk = deskOf(t);
  const ended = await blockerTest(runArgv(desk, disk.node, '--json'));
  assert.equal(ended.code, 20, ended.stderr);
  const report = reportOf(reportFolder(desk));
  assert.equal(report.result, 'not-blocked');
  assert.deepEqual(resultOf(ended)['report'], report);
  for (const kind of ['write-direct', 'write-buffered']) {
    const writes = report.attempts.filter((each) => each.kind === kind);
    assert.deepEqual(
      writes.map(({ offset }) => offset),
      [0, SMALL / 2, SMALL - 512],
    );
    for (const { answer, changed, differs, offset, written_bytes_found } of writes) {
      assert.deepEqual([answer, changed, written_bytes_found], ['accepted', 'yes', true]);
      assert.deepEqual(differs, [{ start: offset, end: offset + 512 }]);
    }
  }
  const { before, after } = report.reads;
  assert.equal(after?.sha256, sha256Of(disk.file));
  assert.notEqual(before?.sha256, after.sha256);
  assert.match(readFileSync(join(reportFolder(desk), 'validation.txt'), 'utf8'), /^NOT BLOCKED/m);
  // What a test has changed is no scratch disk any more.
  const again = await blockerTestHere(runArgv(desk, disk.node));
  assert.equal(again.code, 10, again.stderr);
});

test("a read-only loop device: the kernel's word alone is no blocker, inconclusive, exit code 4", async (t) => {
  const disk = await scratchDisk(t);
  if (disk === null) return;
  const file = copyOf(disk.file);
  const before = sha256Of(file);
  const desk = deskOf(t);
  const ended = await blockerTestHere(runArgv(desk, attachLoop(t, file)));
  assert.equal(ended.code, 4, ended.stderr);
  const report = reportOf(reportFolder(desk));
  assert.equal(report.result, 'inconclusive');
  assert.match(report.why.join('\n'), /No write by SG_IO was answered/);
  const block = report.attempts.filter(({ layer }) => layer === 'block-layer');
  for (const { answer, errno, changed } of block)
    assert.deepEqual([answer, errno, changed], ['refused-by-kernel', 'EPERM', 'no']);
  for (const { answer } of report.attempts.filter(({ layer }) => layer === 'sg-io'))
    assert.equal(answer, 'not-carried-out');
  // setrw was tried; the loop driver keeps its flag, and so the attempts were not made a second time.
  assert.deepEqual(
    report.flag.map(({ when, read_only }) => [when, read_only]),
    [
      ['as-found', true],
      ['for-the-test', true],
      ['restored', true],
    ],
  );
  assert.equal(block.length, 8);
  assert.equal(sha256Of(file), before);
});

test('a flag that only this host has set is taken away: writes come through, and the flag is put back', async (t) => {
  const disk = await scratchDisk(t);
  if (disk === null) return;
  sh('blockdev', '--setro', disk.node);
  t.after(() => spawnSync('blockdev', ['--setrw', disk.node]));
  const desk = deskOf(t);
  const ended = await blockerTestHere(runArgv(desk, disk.node, '--unsigned'));
  assert.equal(ended.code, 20, ended.stderr);
  const { attempts, flag } = reportOf(reportFolder(desk));
  const writes = attempts.filter(({ kind }) => kind === 'write-direct');
  assert.deepEqual(
    writes.map(({ flag_read_only, answer, changed }) => [flag_read_only, answer, changed]),
    [
      ...Array.from({ length: 3 }, () => [true, 'refused-by-kernel', 'no']),
      ...Array.from({ length: 3 }, () => [false, 'accepted', 'yes']),
    ],
  );
  assert.deepEqual(
    flag.map(({ when, read_only }) => [when, read_only]),
    [
      ['as-found', true],
      ['for-the-test', false],
      ['restored', true],
    ],
  );
  assert.equal(sh('blockdev', '--getro', disk.node), '1');
});

test('without the marker, whole and of this very size, nothing is written: emptiness is no permission', async (t) => {
  const marked = await scratchDisk(t);
  if (marked === null) return;
  const image = readFileSync(marked.file);
  const flipped = (at: number): Buffer => {
    const copy = Buffer.from(image);
    copy[at]! ^= 1;
    return copy;
  };
  const cases: readonly (readonly [string, Buffer, RegExp])[] = [
    ['zeros', Buffer.alloc(SMALL), /no scratch marker/],
    ['noise, as a headerless encrypted disk', randomBytes(SMALL), /no scratch marker/],
    ['the first header alone', Buffer.concat([image.subarray(0, 4096), Buffer.alloc(SMALL - 4096)]), /byte \d+ is not/],
    [
      'a larger disk',
      Buffer.concat([image, Buffer.alloc(512)]),
      /for a disk of 16777216 bytes, and this one has 16777728/,
    ],
    ['a flipped bit in the header', flipped(100), /damaged|not as it was written/],
    ['a flipped bit after the text of the header', flipped(4000), /damaged|not as it was written/],
    ['a flipped bit in the last header', flipped(SMALL - 4000), /byte 16773216 is not/],
    ['a flipped bit in the pattern', flipped(SMALL / 2 + 777), /byte 8389385 is not/],
    ['a file system that somebody made on it', fileSystemOver(image), /./],
  ];
  for (const [name, content, says] of cases) {
    const disk = scratchFile(t, content.length);
    if (disk === null) return;
    writeFileSync(disk.file, content);
    const desk = deskOf(t);
    const before = sha256Of(disk.file);
    const ended = await blockerTestHere(runArgv(desk, disk.node, '--unsigned'));
    assert.equal(ended.code, 10, `${name}\n${ended.stderr}`);
    assert.match(ended.stderr, /may not be written to/, name);
    assert.match(ended.stderr, says, name);
    assert.equal(sha256Of(disk.file), before, name);
    assert.deepEqual(readdirSync(desk.to), [], name);
  }
});

test('a disk cut short by its bridge: the marker is for a larger one', async (t) => {
  const made = scratchFile(t, SMALL + 512);
  if (made === null) return;
  const ended = await blockerTestHere([
    'prepare',
    made.node,
    '--backing-file',
    made.file,
    '--erase-consent',
    `erase ${made.file}`,
  ]);
  assert.equal(ended.code, 0, ended.stderr);
  const cut = `${made.file}.cut`;
  copyFileSync(made.file, cut);
  truncateSync(cut, SMALL);
  const desk = deskOf(t);
  const run = await blockerTestHere(runArgv(desk, attachLoop(t, cut, { writable: true }), '--unsigned'));
  assert.equal(run.code, 10, run.stderr);
  assert.match(run.stderr, /for a disk of 16777728 bytes, and this one has 16777216/);
});

test('--dry-run checks the marker, lists every attempt, and writes nothing, neither here nor there', async (t) => {
  const disk = await scratchDisk(t);
  if (disk === null) return;
  const before = sha256Of(disk.file);
  const desk = deskOf(t);
  const ended = await blockerTestHere(runArgv(desk, disk.node, '--dry-run', '--json'));
  assert.equal(ended.code, 0, ended.stderr);
  const attempts = resultOf(ended)['attempts'] as { call: string }[];
  assert.equal(attempts.length, 20);
  assert.match(attempts[0]?.call ?? '', /^dd of=\/dev\/loop\d+ bs=512 count=1 .*oflag=direct,seek_bytes/);
  assert.equal(sha256Of(disk.file), before);
  assert.deepEqual(readdirSync(desk.to), []);
});

test('usage, and a destination that is not there', async (t) => {
  const disk = await scratchDisk(t);
  if (disk === null) return;
  const desk = deskOf(t);
  const before = sha256Of(disk.file);
  const names = ['--blocker-make', 'A', '--blocker-model', 'B', '--examiner', 'C', '--unsigned'];
  const cases: readonly (readonly [string[], number, RegExp])[] = [
    [['run', disk.node], 2, /required option/],
    [['run', disk.node, ...names], 2, /required option '--to/],
    [['run', disk.node, ...names, '--to', join(desk.folder, 'nowhere')], 12, /There is no folder/],
    [['run', disk.node, ...names, '--to', disk.file], 12, /There is no folder/],
    [['run', disk.node, ...names, '--to', desk.to, '--examiner', ' '], 2, /--examiner/],
    [runArgv(desk, disk.node, '--key', join(desk.folder, 'no-key')), 2, /There is no key file/],
    [['erase', disk.node], 2, /unknown command/],
  ];
  for (const [argv, code, says] of cases) {
    const ended = await blockerTestHere(argv);
    assert.equal(ended.code, code, `${argv.join(' ')}\n${ended.stderr}`);
    assert.match(ended.stderr, says);
  }
  assert.equal(sha256Of(disk.file), before);
  assert.deepEqual(readdirSync(desk.to), []);
});

/** The station's commands, but for sg_raw where it writes. */
function withSgRaw(answer: (count: number) => Partial<CommandResult>): Commands {
  const real = systemCommands();
  let count = 0;
  return {
    ...real,
    run: (argv, options) => {
      if (argv[0] !== 'sg_raw' || argv.includes('--version')) return real.run(argv, options);
      const none = { argv, exit: null, signal: null, stdout: '', stderr: '', failure: null };
      return Promise.resolve({ ...none, ...answer((count += 1)) });
    },
  };
}

test('without sg_raw nobody says "blocked": what is missing is named', async (t) => {
  const disk = await scratchDisk(t);
  if (disk === null) return;
  const commands = withSgRaw(() => ({ failure: 'missing' }));
  const node = attachLoop(t, copyOf(disk.file));
  const ended = await blockerTestHere(runArgv(deskOf(t), node, '--unsigned'), testPorts({ commands }));
  assert.equal(ended.code, 4, ended.stderr);
  assert.match(ended.stdout, /sg_raw is not installed/);
});

test('after a command that does not come back no other one is sent: inconclusive, and said why', async (t) => {
  const disk = await scratchDisk(t);
  if (disk === null) return;
  const desk = deskOf(t);
  const commands = withSgRaw((count) => (count < 3 ? { exit: 7, stderr: PROTECTED } : { failure: 'timeout' }));
  const node = attachLoop(t, copyOf(disk.file));
  const ended = await blockerTestHere(runArgv(desk, node, '--unsigned'), testPorts({ commands }));
  assert.equal(ended.code, 4, ended.stderr);
  const { attempts, stopped, result, flag } = reportOf(reportFolder(desk));
  assert.equal(result, 'inconclusive');
  assert.match(stopped ?? '', /did not come back in time/);
  assert.deepEqual(
    attempts.filter(({ layer }) => layer === 'sg-io').map(({ answer }) => answer),
    ['refused-by-device', 'refused-by-device', 'no-answer'],
  );
  assert.equal(flag.at(-1)?.when, 'restored');
});

test('a disk that goes away in the middle gets no further command: inconclusive', async (t) => {
  const disk = await scratchDisk(t);
  if (disk === null) return;
  const desk = deskOf(t);
  let gone = false;
  const commands = withSgRaw((count) => {
    gone = count >= 4;
    return { exit: 7, stderr: PROTECTED };
  });
  // Another disk of another size stands there.
  const files: Files = {
    ...systemFiles,
    readText: (path, limit) =>
      gone && path.endsWith('/size') ? Promise.resolve('8\n') : systemFiles.readText(path, limit),
  };
  const node = attachLoop(t, copyOf(disk.file));
  const ended = await blockerTestHere(runArgv(desk, node, '--unsigned'), testPorts({ commands, files }));
  assert.equal(ended.code, 4, ended.stderr);
  const report = reportOf(reportFolder(desk));
  assert.equal(report.attempts.filter(({ layer }) => layer === 'sg-io').length, 4);
  assert.match(report.stopped ?? '', /is gone/);
  assert.deepEqual([report.reads.after, report.capacity.after], [null, null]);
});

const PROTECTED =
  'SCSI Status: Check Condition \n\nSense Information:\nFixed format, current; Sense key: Data Protect\nAdditional sense: Write protected\n';

/** One loop device a file. */
function copyOf(file: string): string {
  copyFileSync(file, `${file}.copy`);
  return `${file}.copy`;
}

/** What mkfs.ext4 leaves of a marked disk. */
function fileSystemOver(image: Buffer): Buffer {
  const path = join(process.env['TMPDIR'] ?? '/tmp', `exhibit-fs-${process.pid}.img`);
  writeFileSync(path, image);
  sh('mkfs.ext4', '-q', '-F', path);
  const made = readFileSync(path);
  sh('rm', path);
  return made;
}
