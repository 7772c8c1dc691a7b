import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { writeRate } from '../../src/doctor/speed/write-rate.ts';
import { systemFiles } from '../../src/system/files.ts';
import { jsonLines, newDesk, startExhibit } from '../support/exhibit.ts';
import { freshFileSystem, lacks } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { atEnd } from '../support/temp.ts';
import { expected, MIB, scene, stateFile, station } from './speed-support.ts';
import { transcript, transcriptHere } from './transcript.ts';

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
    await otherJob(t, to);
    await transcriptHere(
      ['doctor', '--speed', to],
      {
        exit: 0,
        says: [
          /with at most 10,\d{3},\d{3} bytes/,
          /^Another exhibit job writes to the same file system: it is slowed down/m,
        ],
        prints: [/^Not kept \(another exhibit job wrote to the same file system meanwhile\)/m],
      },
      station(home),
    );
    assert.deepEqual(readdirSync(home), []);
  });

  test('a job that began while it was measured: nothing is kept', async (t) => {
    const given = scene(t);
    if (given === null || lacks(t, 'flock')) return;
    const { home, to } = given;
    const begins = async (folder: string): ReturnType<typeof systemFiles.namelessIn> => {
      await otherJob(t, to);
      return systemFiles.namelessIn(folder);
    };
    await transcriptHere(
      ['doctor', '--speed', to],
      {
        exit: 0,
        says: [/^Measuring (?!.*\nAnother exhibit job)/],
        prints: [/^Not kept \(another exhibit job wrote to the same file system meanwhile\)/m],
      },
      station(home, { files: { ...systemFiles, namelessIn: begins } }),
    );
    assert.deepEqual(readdirSync(home), []);
  });

  test('whether a job began meanwhile is not known: the figures are told, and not kept', async (t) => {
    const given = scene(t);
    if (given === null) return;
    const { home, to } = given;
    const mayBe = 'process 1 may be an exhibit job of another user';
    const cases = [
      {
        lost: { readDir: otherUsers, readText: nodeFirst },
        why: new RegExp(`wrote there meanwhile can't be told: ${mayBe}`),
      },
      { lost: { statfs: gone }, why: /wrote there meanwhile can't be told: .*ENOENT/ },
    ];
    for (const { lost, why } of cases) {
      // What is lost is lost once the measuring has begun.
      const files = { ...systemFiles };
      files.namelessIn = (folder) => {
        Object.assign(files, lost);
        return systemFiles.namelessIn(folder);
      };
      const { stdout } = await transcriptHere(
        ['doctor', '--speed', to, '--json'],
        { exit: 0, says: [/^Measuring/], prints: [/"kept":null/] },
        station(home, { files }),
      );
      const [result] = jsonLines(stdout);
      assert.match(String(result?.['not_kept']), why);
      assert.ok((result?.['writing'] as { bytes_per_second: number }).bytes_per_second > 0);
      assert.deepEqual(readdirSync(home), []);
    }
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

/** As another user sees the files that process 1 has open, were that one called node. */
function otherUsers(path: string): Promise<string[]> {
  if (path === '/proc/1/fd')
    return Promise.reject(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' }));
  return path === '/proc' ? Promise.resolve(['1']) : systemFiles.readDir(path);
}

function nodeFirst(path: string, limit?: number): Promise<string> {
  return path === '/proc/1/comm' ? Promise.resolve('node\n') : systemFiles.readText(path, limit);
}

function gone(): Promise<never> {
  return Promise.reject(Object.assign(new Error('ENOENT: no such file or directory'), { code: 'ENOENT' }));
}

/** A journal that somebody holds, and that says how much room its job needs. */
async function otherJob(t: TestContext, to: string): Promise<void> {
  const journal = join(to, 'other.journal.jsonl');
  writeFileSync(journal, `${JSON.stringify({ data: { space_needed: 100 * MIB } })}\n`);
  const job = spawn('flock', [journal, 'sleep', '120'], { stdio: 'ignore', detached: true });
  atEnd(t, () => process.kill(-(job.pid ?? 0), 'SIGKILL'));
  const locked = (): boolean => spawnSync('flock', ['--nonblock', journal, 'true']).status !== 0;
  while (!locked()) await pause(20);
}

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
