import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { claimedByOthers } from '../../src/discover/claims.ts';
import { madeUpStation, realPorts } from './made-up-station.ts';
import { atEnd, canUse, mount, tempFolder } from './real-disks.ts';

const ports = realPorts();
const NEEDED = 10_000_000;

/** A file system of the test's own: other jobs on this station don't count there. */
function fileSystem(t: TestContext): string {
  return mount(t, join(tempFolder(t), 'evidence'), '-t', 'tmpfs', '-o', 'size=4m', 'none');
}

/** A folder as a running job has it: a journal whose first record says what it needs, and 64 KiB of image. */
function jobFolder(root: string, name: string, first: string): string {
  const folder = join(root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, `${name}.journal.jsonl`), `${first}\n{"record":"later"}\n`);
  writeFileSync(join(folder, `${name}.dd.partial`), Buffer.alloc(65_536, 1));
  return join(folder, `${name}.journal.jsonl`);
}

/** A second process that holds the journal locked until the test ends. */
async function holdLocked(t: TestContext, journal: string): Promise<void> {
  const script = 'exec 3<>"$1"; flock -n -x 3 && echo locked; read -r _';
  const child = spawn('bash', ['-c', script, 'holder', journal], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  atEnd(t, async () => {
    child.kill('SIGKILL');
    await gone;
  });
  await once(child.stdout, 'data');
}

describe('running jobs', () => {
  test('a locked journal claims what it needs less what is allocated; an unlocked one claims nothing', async (t) => {
    if (!canUse(t, 'flock')) return;
    const root = fileSystem(t);
    const device = statSync(root).dev;
    const journal = jobFolder(root, 'A-1', JSON.stringify({ type: 'begin', data: { space_needed: NEEDED } }));
    assert.deepEqual(await claimedByOthers(ports, device), { known: true, value: 0 });
    await holdLocked(t, journal);
    const claim = await claimedByOthers(ports, device);
    // The image's 64 KiB and a page of the journal.
    assert.deepEqual(claim, { known: true, value: NEEDED - 65_536 - 4096 });
    assert.deepEqual(await claimedByOthers(ports, statSync('/proc').dev), { known: true, value: 0 });
  });

  test('a running job that does not say what it needs: unknown', async (t) => {
    if (!canUse(t, 'flock')) return;
    const root = fileSystem(t);
    await holdLocked(t, jobFolder(root, 'A-1', '{"record":"begin"}'));
    const claim = await claimedByOthers(ports, statSync(root).dev);
    assert.ok(!claim.known && claim.why.includes('A-1.journal.jsonl'));
  });

  test('several jobs add up; our own does not count, whoever inherited it', async (t) => {
    if (!canUse(t, 'flock')) return;
    const root = fileSystem(t);
    for (const name of ['A-1', 'A-2'])
      await holdLocked(t, jobFolder(root, name, `{"data":{"space_needed":${NEEDED}}}`));
    const device = statSync(root).dev;
    assert.deepEqual(await claimedByOthers(ports, device), { known: true, value: 2 * (NEEDED - 69_632) });
  });
});

describe('processes of others, made up', () => {
  const process = (pid: number, comm: string): Record<string, string> => ({
    [`/proc/${pid}/comm`]: `${comm}\n`,
    [`/proc/${pid}/cmdline`]: `/usr/bin/${comm}\0-x\0`,
  });

  test('an unreadable node process makes it unknown, an unreadable shell does not', async (t) => {
    const faults = { '/proc/41/fd': 'EACCES' };
    const shell = madeUpStation(t, { files: process(41, 'bash'), faults });
    assert.deepEqual(await claimedByOthers(shell, 1), { known: true, value: 0 });
    const node = madeUpStation(t, { files: process(41, 'node'), faults });
    const claim = await claimedByOthers(node, 1);
    assert.ok(!claim.known && claim.why.includes('41'));
  });

  test('our own journal, and a child of ours that inherited it', async (t) => {
    const journal = '/dev/evidence/A-1.journal.jsonl';
    const layout = {
      files: {
        [journal]: `{"data":{"space_needed":${NEEDED}}}\n`,
        '/proc/50/fdinfo/3': 'pos:\t0\nlock:\t1: FLOCK  ADVISORY  WRITE 50 00:27:5 0 EOF\n',
        '/proc/51/fdinfo/3': 'pos:\t0\nlock:\t1: FLOCK  ADVISORY  WRITE 50 00:27:5 0 EOF\n',
      },
      links: { '/proc/50/fd/3': journal, '/proc/51/fd/3': journal },
      filesOn: { '/dev/evidence': '8:17' },
    };
    const station = madeUpStation(t, layout);
    const ours = { ...station, host: { ...station.host, pid: 50 } };
    assert.deepEqual(await claimedByOthers(ours, 0x811), { known: true, value: 0 });
    // To anybody else it is one job, though two processes hold it; its folder can't be seen from here.
    assert.deepEqual(await claimedByOthers(station, 0x811), { known: true, value: NEEDED });
  });
});
