import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { badDisk } from '../support/bad-disk.ts';
import type { Behaviour } from '../support/bad-disk-server.ts';
import { jsonLines, MAIN, newDesk, Running, startExhibit } from '../support/exhibit.ts';
import { Gate } from '../support/gate.ts';
import { diskBytes, lacks } from '../support/loop.ts';
import { transcript, transcriptHere } from './transcript.ts';

const MIB = 1_048_576;
/** Two sectors in the second of four MiB, and the last. */
const BAD = [
  { start: MIB + 5120, end: MIB + 6144 },
  { start: 4 * MIB - 512, end: 4 * MIB },
];

function disk(t: TestContext, behaviour?: Behaviour) {
  return badDisk(t, { content: diskBytes(4 * MIB, 3), bad: BAD, ...(behaviour === undefined ? {} : { behaviour }) });
}

describe('a disk with bad sectors, as people and programs see it', { concurrency: 2 }, () => {
  test('rescue: the passes, what failing reads cost, the catch-up as a stage, the map in letters; again by show', async (t) => {
    const bad = await disk(t);
    if (bad === null) return;
    const desk = newDesk(t);
    const map = /^\+{64}\n-\+{63}\n\+{64}\n\+{63}-\n\+ read {2}- unreadable {2}\(each the worst of 16\.0 KiB\)$/m;
    const cost = /^ {2}\d+ failed reads, \d+\.\d s of the drive's own retries\.$/m;
    await transcript(desk.acquire(bad.node, '--profile', 'rescue'), {
      exit: 3,
      says: [
        /^Read and hash the source: .* pass forward: /m,
        /^Read and hash the source: .* pass edges: .* failed reads, /m,
        /^Hash what was read out of order: start$/m,
        /^Hash what was read out of order: done \(4,194,304 bytes .*sha256 by native\)$/m,
      ],
      prints: [/ACQUIRED, WITH GAPS: 1,536 bytes in 2 ranges/, cost, map],
    });
    await transcriptHere(['show', desk.evidence()], { exit: 0, prints: [/NOT VERIFIED/, map] });
    const label = await transcriptHere(['show', desk.evidence(), '--label'], { exit: 0, prints: [/evidence/] });
    assert.doesNotMatch(label.stdout, map);
  });

  test('--json: maps, passes and costs as events, and in the result', async (t) => {
    const bad = await disk(t);
    if (bad === null) return;
    const desk = newDesk(t);
    const { stdout } = await transcript(desk.acquire(bad.node, '--profile', 'rescue', '--json'), {
      exit: 3,
      prints: [/./],
    });
    const lines = jsonLines(stdout);
    const result = lines.at(-1)!;
    assert.match(result['map'] as string, /^\+{64}-\+{190}-$/);
    assert.ok((result['failed_reads'] as { count: number }).count > 0);
    assert.deepEqual([result['sessions'], result['pauses'], result['unstable_places']], [1, 0, 0]);
    const maps = lines.filter(({ type }) => type === 'map');
    assert.ok(maps.length > 0 && maps.every(({ size }) => size === 4 * MIB));
    const read = lines.filter(({ type, stage }) => type === 'progress' && stage === 'read');
    assert.ok(read.every(({ rescue }) => typeof (rescue as { pass?: string }).pass === 'string'));
    const stages = lines
      .filter(({ type }) => type === 'stage')
      .map(({ stage, status }) => `${String(stage)} ${String(status)}`);
    assert.deepEqual(stages.slice(0, 4), ['read start', 'read done', 'hash start', 'hash done']);
  });

  test('nothing bad: no map in the last words, and nothing to catch up', async (t) => {
    const desk = newDesk(t);
    const argv = desk.acquire(desk.file('disk.img', MIB), '--profile', 'rescue', '--json');
    const lines = jsonLines((await transcriptHere(argv, { exit: 0, prints: [/./] })).stdout);
    const stages = lines
      .filter(({ type }) => type === 'stage')
      .map(({ stage, status }) => `${String(stage)} ${String(status)}`);
    assert.deepEqual(stages.slice(0, 3), ['read start', 'read done', 'hash skipped']);
    const shown = await transcriptHere(['show', desk.evidence()], { exit: 0, prints: [/complete/] });
    assert.doesNotMatch(shown.stdout, /\+{16}|worst of/);
  });

  test('too bad: the command that goes on, as it is to be typed, and it works', async (t) => {
    const bad = await disk(t);
    if (bad === null) return;
    const desk = newDesk(t);
    const ended = await transcript(desk.acquire(bad.node, '--max-bad', '1'), {
      exit: 11,
      says: [/2 unreadable sectors of 512 bytes so far; the limit is 1/],
    });
    const command = /exhibit (resume \S+ --max-bad) N/.exec(ended.stderr)?.[1];
    assert.equal(command, `resume ${desk.evidence()} --max-bad`, ended.stderr);
    await transcript([...command.split(' '), 'none', '--key', desk.key], {
      exit: 3,
      says: [/^ {2}cost +\d+ failed reads/m],
      prints: [/2 sessions: it was cut off and resumed/],
    });
  });

  test('a disk that was pulled out: told at once which one is waited for, and for how long', async (t) => {
    const bad = await disk(t, { slow: [{ range: { start: 2 * MIB, end: 3 * MIB }, ms: 3000 }] });
    if (bad === null) return;
    const desk = newDesk(t);
    const argv = desk.acquire(bad.node, '--profile', 'rescue', '--no-probe', '--wait-for-device', '1', '--json');
    const job = startExhibit(t, argv);
    await job.untilSaid(/"type":"progress","stage":"read"/);
    await bad.unplug();
    await job.untilSaid(/"code":"source\.waiting"/);
    const note = jsonLines(job.stdout.slice(0, job.stdout.lastIndexOf('\n'))).find(
      ({ code }) => code === 'source.waiting',
    );
    assert.deepEqual([note?.['type'], note?.['level']], ['note', 'warning']);
    assert.match(String(note?.['message']), new RegExp(`Plug back in: .*${bad.node}.* up to 1 s`));
    assert.notEqual((await job.ended).code, 0);
  });
});

describe('on a terminal', { concurrency: 2 }, () => {
  for (const [what, env, live, last, never] of [
    // eslint-disable-next-line no-control-regex -- colours are what this looks for
    ['blocks of colour', {}, /\u001b\[32m█+/, /\u001b\[32m█+\u001b\[0m\u001b\[31m▄\u001b\[0m/, /\+{20}/],
    ['letters where NO_COLOR is set', { NO_COLOR: '1' }, /\+{20}/, /\+{63}-/, /█/],
  ] as const) {
    test(`${what}, live and in the last words`, async (t) => {
      if (lacks(t, 'script')) return;
      // Slow enough to be drawn.
      const bad = await disk(t, { failMs: 200 });
      if (bad === null) return;
      const desk = newDesk(t);
      const words = [process.execPath, MAIN, ...desk.acquire(bad.node, '--profile', 'rescue')];
      const command = `stty cols 100 rows 40; ${words.map((word) => `'${word}'`).join(' ')}`;
      const file = join(desk.folder, 'typescript');
      const terminal = new Running('script', ['--quiet', '--flush', '--return', '--command', command, file], {
        env: { TMPDIR: desk.folder, TERM: 'xterm', SHELL: '/bin/bash', ...env },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const { code, stdout } = await terminal.ended;
      assert.equal(code, 3, stdout);
      const [running = '', summary = ''] = stdout.split('ACQUIRED, WITH GAPS');
      assert.match(running, live);
      assert.match(running, /pass forward: /);
      assert.match(summary, last);
      assert.doesNotMatch(stdout, never);
    });
  }
});

describe('exhibit show of a job that stopped', { concurrency: 2 }, () => {
  test('under way: said so; stopped: how far, why, how to go on; in JSON too', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read');
    const job = startExhibit(t, desk.acquire(desk.file('disk.img', 12 * MIB)), gate);
    await gate.atGate(job);
    await job.until(() => job.stderr.includes('Read and hash'), 'it read');
    await transcriptHere(['show', desk.evidence()], { exit: 0, prints: [/A job is at work in it just now/] });
    job.kill('SIGINT');
    assert.equal((await job.ended).code, 130);
    const { stdout } = await transcriptHere(['show', desk.evidence()], {
      exit: 0,
      prints: [
        /^NOT VERIFIED, and not closed/,
        /^ {2}ended {7}stopped by the operator$/m,
        /^ {2}read +[\d,]+ bytes \(.*\) of 12,582,912 bytes/m,
        /^\++\?*$/m,
        /^\+ read {2}\? not tried/m,
      ],
    });
    const command = /^ {2}exhibit (resume .*)$/m.exec(stdout)?.[1] ?? '';
    assert.equal(command, `resume ${desk.evidence()}`);
    assert.match(stdout, new RegExp(`exhibit seal ${desk.evidence()} --incomplete REASON`));
    const told = await transcriptHere(['show', desk.evidence(), '--json'], { exit: 0, prints: [/./] });
    const [result, ...more] = jsonLines(told.stdout);
    assert.deepEqual([more, result?.['ended'], result?.['sessions']], [[], 'stopped', 1]);
    await transcriptHere(['show', desk.evidence(), '--label'], { exit: 14, says: [/exhibit resume/] });
    await transcriptHere([...command.split(' '), '--key', desk.key], { exit: 0, prints: [/ACQUIRED/, /2 sessions/] });
    await transcriptHere(['show', desk.evidence()], { exit: 0, prints: [/outcome +complete/] });
  });

  test('stopped when all was read: resumed without the source being read again, the short last piece too', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read-back');
    const job = startExhibit(t, desk.acquire(desk.file('disk.img', 5 * MIB), '--piece-size', '4M'), gate);
    await gate.atGate(job);
    job.kill('SIGINT');
    gate.open();
    assert.equal((await job.ended).code, 130);
    await transcript(['show', desk.evidence()], {
      exit: 0,
      prints: [/^ {2}read +5,242,880 bytes \(5\.0 MiB\) of 5,242,880/m],
    });
    await transcript(['resume', desk.evidence(), '--key', desk.key], { exit: 0, prints: [/ACQUIRED/] });
    await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
  });
});
