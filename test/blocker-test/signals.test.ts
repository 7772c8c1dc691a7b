import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { sh } from '../support/loop.ts';
import { atEnd, tempFolder } from '../support/temp.ts';
import type { Running } from '../support/exhibit.ts';
import {
  blockerTestHere,
  deskOf,
  prepareArgv,
  reportFolder,
  reportOf,
  runArgv,
  scratchDisk,
  scratchFile,
  sha256Of,
  startBlockerTest,
  withProgram,
} from './support.ts';

/** An environment in which a program, where `pattern` fits its arguments, makes a file and then sleeps. */
function hanging(
  t: TestContext,
  program: string,
  pattern = '*',
): { env: Record<string, string>; reached: () => boolean } {
  const mark = join(tempFolder(t), 'reached');
  const real = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();
  const otherwise = real === '' ? '' : `exec ${real} "$@"`;
  const script = `case " $* " in ${pattern}) echo x > '${mark}'; exec sleep 60;; esac; ${otherwise}`;
  return { env: withProgram(t, program, script), reached: () => existsSync(mark) };
}

async function interruptAt(t: TestContext, argv: string[], gate: ReturnType<typeof hanging>): Promise<Running> {
  const job = startBlockerTest(argv, gate.env);
  atEnd(t, async () => {
    if (job.over) return;
    job.child.kill('SIGKILL');
    await job.ended;
  });
  await job.until(gate.reached, 'the gate');
  job.kill('SIGINT');
  return job;
}

test('Ctrl-C while a command hangs: 130 within 5 s, a signed report that says so, the flag back, nothing left alive', async (t) => {
  const disk = await scratchDisk(t);
  if (disk === null) return;
  sh('blockdev', '--setro', disk.node);
  atEnd(t, () => spawnSync('blockdev', ['--setrw', disk.node]));
  const desk = deskOf(t);
  const job = await interruptAt(t, runArgv(desk, disk.node), hanging(t, 'sg_raw', '*" --send"*'));
  const ended = await job.endedWithin(10_000);
  assert.equal(ended.code, 130, ended.stderr);
  assert.ok(ended.ms < 5_000, `${ended.ms} ms`);
  const report = reportOf(reportFolder(desk));
  // The writes through the block layer had come through by then: that is not unsaid.
  assert.equal(report.result, 'not-blocked');
  assert.match(report.stopped ?? '', /ended: aborted|given up|stopped by/);
  assert.equal(report.flag.at(-1)?.when, 'restored');
  assert.equal(sh('blockdev', '--getro', disk.node), '1');
  assert.deepEqual(await job.leftAfter(2000), []);
  assert.equal((await blockerTestHere(['verify', reportFolder(desk), '--signers', desk.signers])).code, 0);
});

test('Ctrl-C before the first attempt: 130, the disk as it was, a journal that says so and no report', async (t) => {
  const disk = await scratchDisk(t);
  if (disk === null) return;
  const before = sha256Of(disk.file);
  const desk = deskOf(t);
  const job = await interruptAt(t, runArgv(desk, disk.node), hanging(t, 'timedatectl'));
  // Nobody waits for that one but us: it ends when it is told to, with the whole program.
  const ended = await job.endedWithin(10_000);
  assert.equal(ended.code, 130, ended.stderr);
  assert.equal(sha256Of(disk.file), before);
  for (const folder of readdirSync(desk.to)) {
    assert.deepEqual(readdirSync(join(desk.to, folder)), ['validation.journal.jsonl']);
  }
  assert.deepEqual(await job.leftAfter(2000), []);
});

test('Ctrl-C in the middle of prepare: 130, and the disk carries no valid marker', async (t) => {
  const disk = scratchFile(t);
  if (disk === null) return;
  const job = await interruptAt(t, prepareArgv(disk), hanging(t, 'dd', '*" seek=0 "*'));
  const ended = await job.endedWithin(10_000);
  assert.equal(ended.code, 130, ended.stderr);
  assert.match(ended.stderr, /no valid marker/);
  // What makes a marker valid comes last.
  const bytes = readFileSync(disk.file);
  assert.ok(!bytes.subarray(0, 4096).includes('EXHIBIT') && bytes.subarray(-4096).includes('EXHIBIT'));
  const desk = deskOf(t);
  assert.equal((await blockerTestHere(runArgv(desk, disk.node, '--unsigned'))).code, 10);
  assert.deepEqual(await job.leftAfter(2000), []);
});
