import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { transcriptHere } from '../cli/transcript.ts';
import {
  journalOf,
  MAIN,
  manifestOf,
  newDesk,
  Running,
  startExhibit,
  type Desk,
  type RunOptions,
} from '../support/exhibit.ts';
import { Gate } from '../support/gate.ts';
import { atEnd } from '../support/temp.ts';

const MIB = 1_048_576;

describe('a closed terminal does not end a job', { concurrency: 2 }, () => {
  test('SIGHUP: it goes on, and says in the journal nothing but what it did', async (t) => {
    for (const reader of ['dd', 'direct']) {
      const desk = newDesk(t);
      const gate = new Gate(desk.folder, reader === 'dd' ? 'read' : 'read-back');
      const job = startExhibit(t, desk.acquire(desk.file('disk.img', 12 * MIB), '--reader', reader), gate);
      await gate.meanwhile(job, () => {
        job.kill('SIGHUP');
      });
      const ended = await job.ended;
      assert.equal(ended.code, 0, ended.stderr);
      assertWhole(desk);
    }
  });

  test('the terminal itself goes away: it goes on to the seal', async (t) => {
    if (lacksScript(t)) return;
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read');
    const status = join(desk.folder, 'status');
    // The shell outlives the hang-up to tell how exhibit ended; a trap that is no "ignore" is not inherited.
    const { terminal } = inTerminal(
      t,
      desk,
      `trap : HUP; ${commandLine(desk.acquire(desk.file('disk.img', 12 * MIB)))}; echo $? > ${status}`,
      gate,
    );
    await gate.meanwhile(terminal, () => {
      terminal.child.kill('SIGKILL');
    });
    await waitFor(() => existsSync(status) && readFileSync(status, 'utf8') !== '', 'it ended');
    assert.equal(readFileSync(status, 'utf8').trim(), '0');
    assertWhole(desk);
  });

  const outputs: readonly (readonly [string, string])[] = [
    ['standard output and error closed from the start', '>&- 2>&- <&-'],
    ['a full disk behind them', '> /dev/full 2> /dev/full'],
    ['readers that go away at once (EPIPE)', '2>&1 | true'],
  ];
  for (const [what, redirection] of outputs) {
    test(what, async (t) => {
      const desk = newDesk(t);
      const argv = desk.acquire(desk.file('disk.img', 4 * MIB));
      const script = `set -o pipefail; ${commandLine(argv)} ${redirection}`;
      const { code } = await new Running('bash', ['-c', script]).ended;
      assert.equal(code, 0);
      assertWhole(desk);
      await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
    });
  }
});

describe('on a terminal', { concurrency: 2 }, () => {
  test('the task list is drawn, and the seal stands below it', async (t) => {
    if (lacksScript(t)) return;
    const desk = newDesk(t);
    const { terminal } = inTerminal(
      t,
      desk,
      commandLine(desk.acquire(desk.file('disk.img', 8 * MIB), '--verify-source')),
    );
    const { code, stdout } = await terminal.ended;
    assert.equal(code, 0, stdout);
    // eslint-disable-next-line no-control-regex -- a live display moves the cursor
    assert.match(stdout, /\u001b\[/);
    for (const title of [
      'Read and hash the source',
      'Read the image back: match',
      'Read the source a second time: match',
      'Manifest, signatures, seal: signed',
      'ACQUIRED',
      'SEAL: copy this',
    ])
      assert.ok(stdout.includes(title), `${title}\n${stdout}`);
    assertWhole(desk);
  });

  test('a terminal that does not tell its width gets plain lines', async (t) => {
    if (lacksScript(t)) return;
    const desk = newDesk(t);
    const { terminal } = inTerminal(t, desk, commandLine(desk.acquire(desk.file('disk.img', MIB))), {}, 0);
    const { code, stdout } = await terminal.ended;
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^Read the image back: done \(match; page cache avoided: [a-z]+\)\r$/m);
  });

  test('Ctrl-C while the source is read: stopped, in order, 130', async (t) => {
    if (lacksScript(t)) return;
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read');
    const { terminal, type } = inTerminal(t, desk, commandLine(desk.acquire(desk.file('disk.img', 12 * MIB))), gate);
    await gate.atGate(terminal);
    await waitFor(() => existsSync(join(desk.evidence(), 'HDD-01.dd.partial')), 'something was written');
    const since = performance.now();
    type('\u0003');
    const { code, stdout } = await terminal.ended;
    assert.equal(code, 130, stdout);
    assert.ok(performance.now() - since < 5000);
    assert.match(stdout, /STOPPED at /);
    assert.deepEqual(await terminal.leftAfter(2000), []);
    assert.equal(journalOf(desk.evidence()).at(-1)?.data['code'], 'interrupted');
  });

  test('Ctrl-C with --reader direct, which runs in a child: once, not twice', async (t) => {
    if (lacksScript(t)) return;
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read-back');
    const argv = desk.acquire(desk.file('disk.img', 12 * MIB), '--reader', 'direct');
    const { terminal, type } = inTerminal(t, desk, commandLine(argv), gate);
    await gate.atGate(terminal);
    type('\u0003');
    gate.open();
    const { code, stdout } = await terminal.ended;
    assert.equal(code, 130, stdout);
    assert.match(stdout, /STOPPED at /);
    assert.deepEqual(await terminal.leftAfter(2000), []);
    assert.deepEqual(
      journalOf(desk.evidence()).map(({ type: kind }) => kind),
      ['begin', 'engines', 'checkpoint', 'read', 'source-after', 'stopped'],
    );
  });

  test('a second Ctrl-C does not wait', async (t) => {
    if (lacksScript(t)) return;
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'sums-signature');
    const { terminal, type } = inTerminal(t, desk, commandLine(desk.acquire(desk.file('disk.img', 4 * MIB))), gate);
    await gate.atGate(terminal);
    const since = performance.now();
    type('\u0003');
    await new Promise((resolve) => setTimeout(resolve, 300));
    type('\u0003');
    const { code, stdout } = await terminal.ended;
    assert.equal(code, 130, stdout);
    assert.ok(performance.now() - since < 2500);
    assert.deepEqual(await terminal.leftAfter(2000), []);
  });
});

/** `script` gives a command a terminal of its own; what is written to its input is typed there. */
function inTerminal(
  t: TestContext,
  desk: Desk,
  command: string,
  options: RunOptions = {},
  columns = 100,
): { terminal: Running; type: (keys: string) => void } {
  const argv = [
    '--quiet',
    '--flush',
    '--return',
    '--command',
    `stty cols ${columns}; ${command}`,
    join(desk.folder, 'typescript'),
  ];
  const terminal = new Running('script', argv, {
    ...options,
    env: { TMPDIR: desk.folder, TERM: 'xterm', SHELL: '/bin/bash', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  atEnd(t, async () => {
    if (!terminal.over) terminal.child.kill('SIGKILL');
    await terminal.ended;
    for (const line of terminal.left()) process.kill(Number(line.split(' ')[0]), 'SIGKILL');
  });
  return { terminal, type: (keys) => void terminal.child.stdin?.write(keys) };
}

function commandLine(argv: readonly string[]): string {
  return [process.execPath, MAIN, ...argv].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
}

function lacksScript(t: TestContext): boolean {
  if (spawnSync('script', ['--version']).error === undefined) return false;
  t.skip('needs script (bsdutils)');
  return true;
}

async function waitFor(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Signed, complete, read back, nothing left under the name of something unfinished. */
function assertWhole(desk: Desk): void {
  const { outcome, read_back: back, signing } = manifestOf(desk.evidence());
  assert.deepEqual([outcome, back.state, signing.state], ['complete', 'match', 'signed']);
  assert.ok(existsSync(join(desk.evidence(), 'SHA256SUMS.sig')));
  assert.ok(!existsSync(join(desk.evidence(), 'HDD-01.dd.partial')));
  assert.equal(journalOf(desk.evidence()).at(-1)?.type, 'closing');
}
