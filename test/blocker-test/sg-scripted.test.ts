import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { systemCommands } from '../../src/system/run-command.ts';
import { attachLoop } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { packageRoot } from '../support/root.ts';
import {
  blockerTestHere,
  deskOf,
  reportFolder,
  reportOf,
  runArgv,
  scratchDisk,
  sha256Of,
  withProgram,
} from './support.ts';
import type { Report } from '../../src/blocker-test/report-schema.ts';

/*
 * Loop devices take no SCSI commands. Here sg_raw is a script that answers with what the real one said of a real
 * kernel's USB disks (test/fixtures/blocker-test); everything else is as it is.
 */

/** A script that says what a captured run said. */
function answering(name: string): string {
  const { stderr, exit } = capture(name);
  return `cat > /dev/null; cat >&2 <<'EOF'\n${stderr}EOF\nexit ${exit}`;
}

function capture(name: string): { stderr: string; exit: number } {
  const path = join(packageRoot, 'test/fixtures/blocker-test', `${name}.json`);
  return JSON.parse(readFileSync(path, 'utf8')) as { stderr: string; exit: number };
}

/** Runs the test against a marked disk; read-only for the kernel, so that only sg_raw can change it. */
async function against(
  t: TestContext,
  script: (file: string) => string,
): Promise<{ code: number | null; report: Report; changed: boolean; says: string } | null> {
  const disk = await scratchDisk(t);
  if (disk === null) return null;
  const file = `${disk.file}.copy`;
  copyFileSync(disk.file, file);
  const before = sha256Of(file);
  const desk = deskOf(t);
  const ports = testPorts({ commands: systemCommands(withProgram(t, 'sg_raw', script(file))['PATH']) });
  const { code, stderr } = await blockerTestHere(runArgv(desk, attachLoop(t, file), '--unsigned'), ports);
  return { code, report: reportOf(reportFolder(desk)), changed: sha256Of(file) !== before, says: stderr };
}

test('a device that refuses every write: blocked, exit code 0', async (t) => {
  const seen = await against(t, () => answering('write-10-protected'));
  if (seen === null) return;
  assert.equal(seen.code, 0, seen.says);
  assert.equal(seen.report.result, 'blocked');
  assert.equal(seen.changed, false);
  const sg = seen.report.attempts.filter(({ layer }) => layer === 'sg-io');
  for (const { answer, sense, exit } of sg) {
    assert.deepEqual([answer, exit], ['refused-by-device', 7]);
    assert.deepEqual(sense, { key: 'Data Protect', additional: 'Write protected' });
  }
  assert.match(seen.report.limits.join(' '), /kernel refused every write through the block layer/);
});

test('a device that takes every write and loses it: blocked, and said so', async (t) => {
  const seen = await against(t, () => answering('write-10-good'));
  if (seen === null) return;
  assert.equal(seen.code, 0, seen.says);
  assert.match(seen.report.limits.join(' '), /what it writes is lost/);
});

test('one SCSI command that comes through is enough: not blocked, exit code 20', async (t) => {
  // Only UNMAP (42h) does something, all else is refused.
  const seen = await against(
    t,
    (file) =>
      `case "$*" in *" 42 00 "*) cat > /dev/null; dd if=/dev/zero of='${file}' bs=512 count=8 seek=16384 conv=notrunc status=none; echo 'SCSI Status: Good ' >&2; exit 0;; esac\n${answering('write-10-protected')}`,
  );
  if (seen === null) return;
  assert.equal(seen.code, 20, seen.says);
  assert.equal(seen.changed, true);
  assert.deepEqual(
    seen.report.attempts.filter(({ changed }) => changed === 'yes').map(({ kind }) => kind),
    ['unmap'],
  );
});

test('a write that lands where nobody looks: the second reading finds it', async (t) => {
  const seen = await against(
    t,
    (file) =>
      `case "$*" in *--send*) printf X | dd of='${file}' bs=1 seek=3000000 conv=notrunc status=none;; esac\n${answering('write-10-protected')}`,
  );
  if (seen === null) return;
  assert.equal(seen.code, 20, seen.says);
  assert.ok(seen.report.attempts.every(({ changed }) => changed === 'no'));
  assert.match(seen.report.why.join(' '), /another SHA-256/);
});

test('a device that is not ready, or answers with a unit attention, has not refused: inconclusive', async (t) => {
  const words = 'SCSI Status: Check Condition \n\nSense Information:\nFixed format, current; Sense key: Not Ready\n';
  const seen = await against(t, () => `cat > /dev/null; printf '${words}' >&2; exit 2`);
  if (seen === null) return;
  assert.equal(seen.code, 4, seen.says);
  assert.match(seen.report.why.join(' '), /No write by SG_IO was answered/);
});
