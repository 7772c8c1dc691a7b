import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { parseKept } from '../../src/doctor/speed/kept.ts';
import { writeRate } from '../../src/doctor/speed/write-rate.ts';
import { systemClock } from '../../src/system/clock.ts';
import { systemFiles } from '../../src/system/files.ts';
import type { Ports } from '../../src/system/ports.ts';
import { jsonLines, MAIN, newDesk, Running, startExhibit, type Desk } from '../support/exhibit.ts';
import { attachLoop, freshFileSystem, lacks, mount } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { atEnd, tempFolder } from '../support/temp.ts';
import { transcript, transcriptHere } from './transcript.ts';

const MIB = 1024 * 1024;
/** Time goes by so many times as fast: what is measured is wrong, and soon measured. */
const HURRY = 20;

/** A station with a home of its own. */
function station(home: string, change: Partial<Ports> = {}): Ports {
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() * HURRY };
  return testPorts({ clock, ...change }, { env: { HOME: home } });
}

const stateFile = (home: string): string => join(home, '.local/state/exhibit/speed.json');

/** A home, and a destination that nobody else writes to. Null: the test is skipped, aloud. */
function scene(t: TestContext, bytes = 200 * MIB): { home: string; to: string } | null {
  const to = freshFileSystem(t, 'tmpfs', bytes);
  return to === null ? null : { home: tempFolder(t), to };
}

/** The section of the plan. */
async function expected(desk: Desk, to: string, ports: Ports, ...more: string[]): Promise<string> {
  const argv = desk.acquire(desk.file('d.img', 3 * MIB), '--to', to, '--dry-run', ...more);
  const { stderr } = await transcriptHere(argv, { exit: 0, prints: [/Dry run/], says: [/^Expected$/m] }, ports);
  return /^Expected\n((?: .*\n)+)/m.exec(stderr)?.[1] ?? '';
}

describe('doctor --speed', { concurrency: 2 }, () => {
  test('as it is run: measures, leaves nothing, keeps the figures, and the plan has them', async (t) => {
    const given = scene(t);
    if (given === null) return;
    const { home, to } = given;
    writeFileSync(join(to, 'evidence'), 'mine');
    const { stdout } = await transcript(['doctor', '--speed', to, '--json'], {
      exit: 0,
      env: { HOME: home },
      says: [/^Measuring \S+ \(tmpfs on tmpfs\) with at most 2\d,\d{3},\d{3} bytes/],
      prints: [/./],
    });
    assert.deepEqual([readdirSync(to), readFileSync(join(to, 'evidence'), 'utf8')], [['evidence'], 'mine']);
    const [result, ...more] = jsonLines(stdout);
    assert.equal(more.length, 0);
    assert.deepEqual([result?.['ok'], result?.['exit'], result?.['kept']], [true, 0, stateFile(home)]);
    const rates = JSON.stringify(result).match(/"(?:md5|sha1|sha256|sha512|native|wasm|bytes_per_second)":\d+/g);
    assert.equal(rates?.length, 12, stdout);
    const bottleneck = result?.['bottleneck'] as { bytes_per_second: number };
    const { bytes_per_second: writes } = result?.['writing'] as { bytes_per_second: number };
    assert.ok(bottleneck.bytes_per_second <= writes);
    // Under the room that a tenth of it is.
    assert.ok((result?.['writing'] as { bytes: number }).bytes < 20 * MIB);

    const desk = newDesk(t);
    const dry = desk.acquire(desk.file('d.img', 3 * MIB), '--to', to, '--dry-run');
    await transcript(dry, {
      exit: 0,
      env: { HOME: home },
      prints: [/Dry run/],
      says: [
        /^ {2}source link +unknown: a plain file/m,
        /^ {2}destination +writes [\d.]+ \wiB\/s, measured \d{4}-\d\d-\d\dT/m,
      ],
    });
  });

  test('for people, through a link, as --to is taken: every figure, the smallest by name, and where it is kept', async (t) => {
    const given = scene(t);
    if (given === null) return;
    const { home, to } = given;
    const link = join(home, 'link');
    symlinkSync(to, link);
    await transcriptHere(
      ['doctor', '--speed', link],
      {
        exit: 0,
        says: [/^Measuring \S+\/mnt \(tmpfs/, /then the hash engines/],
        prints: [
          /^\S+ takes [\d.]+ \w+\/s \([\d.]+ MiB in [\d.]+ s, until it was on disk\)\n/,
          /^HASHING +WASM +NATIVE$/m,
          /^md5 alone( +[\d.]+ \w+\/s){2}$/m,
          /^sha512 alone( +[\d.]+ \w+\/s){2}$/m,
          /^md5, sha256 and pieces together on \d+ cores( +[\d.]+ \w+\/s){2}$/m,
          /^The smallest figure of an acquisition.*: (hashing|writing to this destination), [\d.]+ \w+\/s\.$/m,
          /^Kept in .*speed\.json/m,
        ],
      },
      station(home),
    );
    const plan = await expected(newDesk(t), to, station(home));
    assert.match(plan, /hashing +[\d.]+ \wiB\/s, measured .*; native\n/);
    assert.match(plan, /reading +about \d+ s or more for 3\.0 MiB, by .*; not known: the source's link\n/);
    assert.match(plan, /read-back +about \d+ s or more .*; not known: how fast the destination is read\n/);
    assert.match(plan, /altogether +about \d+ s or more\n/);
  });

  test('while another job writes there: of the room that it needs nothing is taken, and nothing is kept', async (t) => {
    const given = scene(t);
    if (given === null || lacks(t, 'flock')) return;
    const { home, to } = given;
    const journal = join(to, 'other.journal.jsonl');
    writeFileSync(journal, `${JSON.stringify({ data: { space_needed: 100 * MIB } })}\n`);
    const job = spawn('flock', [journal, 'sleep', '120'], { stdio: 'ignore', detached: true });
    atEnd(t, () => process.kill(-(job.pid ?? 0), 'SIGKILL'));
    const locked = (): boolean => spawnSync('flock', ['--nonblock', journal, 'true']).status !== 0;
    while (!locked()) await pause(20);
    await transcriptHere(
      ['doctor', '--speed', to],
      {
        exit: 0,
        says: [/with at most 10,\d{3},\d{3} bytes/],
        prints: [/^Not kept \(another exhibit job wrote to the same file system meanwhile\)/m],
      },
      station(home),
    );
    assert.deepEqual(readdirSync(home), []);
  });

  for (const kind of ['vfat', 'exfat', 'ext4', 'xfs'] as const) {
    test(`the writing on ${kind}: nothing of it is ever seen`, async (t) => {
      const to = freshFileSystem(t, kind, 400 * MIB);
      if (to === null) return;
      const before = readdirSync(to);
      const seen: string[][] = [];
      const namelessIn = async (folder: string): ReturnType<typeof systemFiles.namelessIn> => {
        const file = await systemFiles.namelessIn(folder);
        seen.push(readdirSync(to).filter((name) => !name.startsWith('.fuse_hidden')));
        return file;
      };
      const ports = testPorts({ files: { ...systemFiles, namelessIn } });
      const { bytesPerSecond } = await writeRate(ports, to, 16 * MIB, new AbortController().signal);
      assert.ok(bytesPerSecond > 0);
      assert.deepEqual([seen, readdirSync(to)], [[before], before]);
    });
  }
});

describe('doctor --speed, refused before anything is written', { concurrency: 2 }, () => {
  test('what is no folder: missing, a file, a device, a link to nowhere', async (t) => {
    const folder = tempFolder(t);
    writeFileSync(join(folder, 'file'), 'mine');
    symlinkSync('/nowhere/at-all', join(folder, 'dangling'));
    for (const [name, says] of [
      ['none', /does not exist/],
      ['dangling', /does not exist/],
      ['file', /is not a folder/],
      ['file/below', /can't be looked at \(ENOTDIR\)/],
      ['\u001b[2J', /\\u\{1b\}\[2J does not exist/],
    ] as const)
      await transcriptHere(['doctor', '--speed', join(folder, name)], { exit: 12, says: [says] }, station(folder));
    await transcriptHere(['doctor', '--speed', '/dev/null'], { exit: 12, says: [/is not a folder/] }, station(folder));
    await transcriptHere(['doctor', '--speed', ''], { exit: 12, says: [/does not exist/] }, station(folder));
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'mine');
    assert.deepEqual(readdirSync(folder).sort(), ['dangling', 'file']);
  });

  test('a disk', async (t) => {
    if (lacks(t, 'losetup')) return;
    const folder = tempFolder(t);
    const file = join(folder, 'disk.img');
    writeFileSync(file, '');
    truncateSync(file, MIB);
    const node = attachLoop(t, file, { writable: true });
    await transcriptHere(['doctor', '--speed', node], { exit: 12, says: [/is not a folder/] }, station(folder));
    assert.ok(readFileSync(file).equals(Buffer.alloc(MIB)));
  });

  test('mounted read-only, and with too little room', async (t) => {
    if (lacks(t, 'mount')) return;
    const home = tempFolder(t);
    const readOnly = mount(t, join(home, 'ro'), '-t', 'tmpfs', '-o', 'ro,size=200m', 'none');
    const small = mount(t, join(home, 'small'), '-t', 'tmpfs', '-o', 'size=79m', 'none');
    await transcriptHere(['doctor', '--speed', readOnly], { exit: 12, says: [/mounted read-only/] }, station(home));
    await transcriptHere(
      ['doctor', '--speed', small],
      { exit: 12, says: [/Not enough room.*82,837,504/] },
      station(home),
    );
    assert.ok(!existsSync(join(home, '.local')));
  });

  test('a folder that this user may not write to', async (t) => {
    if (lacks(t, 'setpriv')) return;
    const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
    if (spawnSync('setpriv', [...nobody, 'test', '-r', MAIN]).status !== 0) {
      t.skip('another user may not read this checkout');
      return;
    }
    const given = scene(t);
    if (given === null) return;
    chmodSync(dirname(given.to), 0o755);
    chmodSync(given.to, 0o755);
    const argv = [...nobody, process.execPath, MAIN, 'doctor', '--speed', given.to];
    const ended = await new Running('setpriv', argv).ended;
    assert.equal(ended.code, 12, ended.stderr);
    // Root's jobs are not to be seen by this user, if there are any.
    assert.match(ended.stderr, /can't be written to \(EACCES\)|could not be looked up/);
    assert.deepEqual(readdirSync(given.to), []);
  });

  test('what goes with something else', async (t) => {
    const to = tempFolder(t);
    for (const [argv, says] of [
      [['ssh://root@box'], /on another machine nothing is ever written/],
      [['--key', '/k'], /no key is tried/],
      [['--identity', '/k'], /--identity is for what is reached over SSH/],
    ] as const)
      await transcriptHere(['doctor', ...argv, '--speed', to], { exit: 2, says: [says] }, station(to));
    await transcriptHere(['doctor', '--speed'], { exit: 2, says: [/argument missing/] }, station(to));
    assert.deepEqual(readdirSync(to), []);
  });
});

describe('doctor --speed, ended in the middle', { concurrency: 2 }, () => {
  const free = (folder: string): number => statfsSync(folder).bavail;

  test('Ctrl-C while it writes, and while it hashes: 130, nothing is left, nothing kept', async (t) => {
    for (const [bytes, during] of [
      [4096 * MIB, 'writing'],
      [100 * MIB, 'hashing'],
    ] as const) {
      const given = scene(t, bytes);
      if (given === null) return;
      const { home, to } = given;
      const before = free(to);
      const job = startExhibit(t, ['doctor', '--speed', to, '--json'], { env: { HOME: home } });
      if (during === 'writing') await job.until(() => free(to) < before, 'it wrote something');
      else await job.untilSaid(/Measuring/).then(() => pause(1000));
      job.kill('SIGINT');
      const { code, stdout } = await job.ended;
      assert.equal(code, 130, stdout);
      assert.equal(jsonLines(stdout)[0]?.['code'], 'interrupted');
      assert.deepEqual([readdirSync(to), readdirSync(home), free(to)], [[], [], before]);
      assert.deepEqual(await job.leftAfter(2000), []);
    }
  });

  test('killed: the kernel gives the room back', async (t) => {
    const given = scene(t, 4096 * MIB);
    if (given === null) return;
    const { home, to } = given;
    const before = free(to);
    const job = startExhibit(t, ['doctor', '--speed', to], { env: { HOME: home } });
    await job.until(() => free(to) < before, 'it wrote something');
    job.kill('SIGKILL');
    await job.ended;
    assert.deepEqual([readdirSync(to), readdirSync(home), free(to)], [[], [], before]);
  });

  test('a destination that runs full although it said that there is room', async (t) => {
    const given = scene(t, 10 * MIB);
    if (given === null) return;
    const { home, to } = given;
    const statfs = async (path: string): ReturnType<typeof systemFiles.statfs> => ({
      ...(await systemFiles.statfs(path)),
      availableBlocks: 1_000_000,
    });
    await transcriptHere(
      ['doctor', '--speed', to],
      { exit: 12, says: [/ran full while it was measured \(ENOSPC\)/, /Nothing of it is left/] },
      station(home, { files: { ...systemFiles, statfs } }),
    );
    assert.deepEqual([readdirSync(to), readdirSync(home)], [[], []]);
  });
});

describe('what is kept, and what a plan makes of it', { concurrency: 2 }, () => {
  const NOT = /destination +not measured: exhibit doctor --speed \S+\n +hashing +not measured: exhibit/;
  const NOT_HERE = /destination +not measured here: exhibit doctor --speed \S+\n/;

  test('nothing, rubbish, a pipe, a folder: not measured; and the next measurement goes in the place of rubbish', async (t) => {
    const given = scene(t);
    if (given === null) return;
    const { to } = given;
    const state = join(given.home, 'state');
    const file = join(state, 'exhibit/speed.json');
    const host = { env: { HOME: '/nonexistent', XDG_STATE_HOME: state } };
    const ports = testPorts({ clock: station('').clock }, host);
    const desk = newDesk(t);
    assert.match(await expected(desk, to, ports), NOT);
    mkdirSync(dirname(file), { recursive: true });
    spawnSync('mkfifo', [file]);
    assert.match(await expected(desk, to, ports), NOT);
    rmSync(file);
    mkdirSync(file);
    assert.match(await expected(desk, to, ports), NOT);
    rmSync(file, { recursive: true });
    for (const rubbish of ['', '{"format":"exhibit-speed"', '{"format":"other"}', '\u0000'.repeat(3000)]) {
      writeFileSync(file, rubbish);
      assert.match(await expected(desk, to, ports), NOT);
    }
    const measure = { exit: 0, says: [/Measuring/], prints: [/^Kept in \S+\/state\/exhibit\/speed\.json/m] };
    await transcriptHere(['doctor', '--speed', to], measure, ports);
    assert.equal(parseKept(readFileSync(file, 'utf8'))?.length, 1);
    assert.deepEqual(readdirSync(dirname(file)), ['speed.json']);
    assert.match(await expected(desk, to, ports), /destination +writes/);

    // The same file on another machine, on another Node, and for another destination.
    for (const change of [{ hostname: 'other' }, { nodeVersion: 'v99.0.0' }, { cores: 1000 }]) {
      const plan = await expected(desk, to, testPorts({}, { ...host, ...change }));
      assert.match(plan, NOT_HERE);
      assert.match(plan, /hashing +not measured here/);
      assert.match(plan, /reading +not known: nothing is of the source's link, the destination, hashing\n/);
    }
    const elsewhere = await expected(desk, desk.to, ports);
    assert.match(elsewhere, NOT_HERE);
    assert.match(elsewhere, /hashing +[\d.]+ /);

    // --json has it, and nothing that is stored.
    const argv = desk.acquire(desk.file('d.img', MIB), '--to', to, '--unsigned', '--json');
    const dry = await transcriptHere([...argv, '--dry-run'], { exit: 0, says: [/Expected/], prints: [/./] }, ports);
    const { expectation, writing } = jsonLines(dry.stdout)[0]?.['expected'] as Record<string, Record<string, unknown>>;
    assert.equal(writing?.['known'], true);
    assert.equal((expectation?.['reading'] as { bytes: number }).bytes, MIB);
    await transcriptHere(argv, { exit: 0, says: [/Expected/], prints: [/./] }, testPorts({}, host));
    const evidence = join(to, 'C-1/HDD-01');
    for (const name of readdirSync(evidence).filter((each) => !each.endsWith('.dd')))
      assert.doesNotMatch(readFileSync(join(evidence, name), 'utf8'), /bottleneck|--speed|bytes_?per_?second/i, name);
  });
});
