import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/children.ts';
import { journalOf, manifestOf, type Desk } from '../../support/exhibit.ts';
import type { Manifest } from '../../../src/manifest/schema.ts';
import { atEnd } from '../../support/temp.ts';
import type { Bench, Ran } from '../guest/bench.ts';
import { unitSerial, type BenchDisk } from '../guest/disks.ts';
import { mediumOf, MIB } from '../guest/medium.ts';
import { onRequest, scenario } from '../scenario.ts';

const DISK_MIB = 4;
const UNBLOCKED = ['--allow-unblocked', 'the bench wants it so'];

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Sectors of a disk that can't be read. */
interface Bad {
  readonly sector: number;
  readonly first: number;
  readonly count: number;
}

/** A SCSI disk with content, some sectors of which the kernel gets sense data for: medium error (opts=2). */
async function damagedDisk(bench: Bench, { sector, first, count }: Bad): Promise<BenchDisk> {
  const disk = await bench.scsi(
    ...[`dev_size_mb=${DISK_MIB}`, `sector_size=${sector}`],
    ...['opts=2', `medium_error_start=${first}`, `medium_error_count=${count}`],
  );
  const content = join(bench.folder(), 'content');
  writeFileSync(content, mediumOf(DISK_MIB));
  bench.must('dd', `if=${content}`, `of=${disk.node}`, 'bs=1M', 'oflag=direct', 'status=none');
  // Declared from now on; the kernel looks again when it is told to.
  writeFileSync('/sys/module/scsi_debug/parameters/wp', 'Y');
  writeFileSync(join(disk.sysfs, 'device/rescan'), '1');
  return disk;
}

interface Imaged {
  readonly ran: Ran;
  readonly manifest: Manifest | null;
  readonly hashes: readonly [image: string, expected: string];
  /** Block numbers, by GNU ddrescuelog; null: it is not on this station. */
  readonly listed: { readonly bad: string; readonly other: string } | null;
}

async function image(
  bench: Bench,
  desk: Desk,
  disk: BenchDisk,
  bad: Bad,
  item: string,
  more: string[],
): Promise<Imaged> {
  const argv = desk.acquire(
    disk.node,
    '--evidence',
    item,
    '--label-serial',
    unitSerial(disk),
    '--yes',
    '--unsigned',
    ...more,
  );
  const ran = await bench.exhibit(argv);
  const folder = desk.evidence(item);
  const expected = mediumOf(DISK_MIB).fill(0, bad.first * bad.sector, (bad.first + bad.count) * bad.sector);
  const there = join(folder, `${item}.dd`);
  const list = (types: string): string =>
    bench.must('ddrescuelog', `-b${bad.sector}`, `--list-blocks=${types}`, join(folder, `${item}.map`));
  return {
    ran,
    manifest: ran.code === 3 ? manifestOf(folder, item) : null,
    hashes: [existsSync(there) ? sha256(readFileSync(there)) : '', sha256(expected)],
    listed: bench.run('ddrescuelog', '--version').code === 0 ? { bad: list('-'), other: list('?*/') } : null,
  };
}

function judge({ ran, manifest, hashes, listed }: Imaged, bad: Bad, verdict: string): void {
  assert.equal(ran.code, 3, ran.stderr);
  const { sector, first, count } = bad;
  assert.ok(manifest);
  assert.deepEqual(
    manifest.read_map.ranges.map(({ start, end }) => [start / sector, end / sector]),
    [[first, first + count]],
  );
  assert.equal(manifest.guard.verdict, verdict);
  assert.equal(manifest.outcome, 'complete-with-unreadable');
  assert.equal(hashes[0], hashes[1], 'a byte that could be read is not what the disk holds');
  if (listed === null) return;
  const sectors = Array.from({ length: count }, (_, index) => `${first + index}\n`).join('');
  assert.deepEqual(listed, { bad: sectors, other: '' });
}

function damaged(bad: Bad) {
  return scenario({
    name: `a write-protected disk with medium errors in sectors of ${bad.sector} bytes: exit 3 in line and by rescue, those sectors and no others`,
    setup: async (bench) => ({ disk: await damagedDisk(bench, bad), desk: bench.desk() }),
    command: async (bench, { disk, desk }) => ({
      inLine: await image(bench, desk, disk, bad, 'INLINE', ['--profile', 'usb']),
      rescued: await image(bench, desk, disk, bad, 'RESCUE', ['--profile', 'rescue', ...UNBLOCKED, '--no-probe']),
      log: bench.must('dmesg').includes('Medium Error'),
    }),
    expect: ({ inLine, rescued, log }) => {
      assert.ok(log, 'the kernel told of no medium error');
      judge(inLine, bad, 'device-declares-wp');
      judge(rescued, bad, 'kernel-flag-only');
    },
  });
}

/** A disk of the device mapper, over a file, that can be made to fail and to be slow. */
class MappedDisk {
  readonly node = '/dev/mapper/bench';
  readonly medium: string;
  readonly #bench: Bench;
  readonly #loop: string;
  readonly #sectors: number;
  /** The kernel's own name of it: `dm-0`. */
  readonly #name: string;

  constructor(bench: Bench, mebibytes: number) {
    this.#bench = bench;
    for (const module of ['loop', 'dm-mod', 'dm-delay']) bench.load(module);
    this.medium = join(bench.folder(), 'medium');
    writeFileSync(this.medium, mediumOf(mebibytes));
    this.#loop = bench.must('losetup', '--find', '--show', '--read-only', this.medium).trim();
    this.#sectors = (mebibytes * MIB) / 512;
    this.#dmsetup('create', '--readonly', '--table', this.#linear());
    this.#name = this.#dmsetup('info', '--columns', '--noheadings', '-o', 'blkdevname').trim();
    atEnd(bench.t, () => {
      this.#dmsetup('remove', '--force');
      bench.must('losetup', '--detach', this.#loop);
    });
  }

  /** Every read fails; the device stays. */
  fail(): void {
    this.#swap(`0 ${this.#sectors} error`);
  }

  work(): void {
    this.#swap(this.#linear());
  }

  /** Reads in the middle wait until it is made to do something else. */
  stall(): void {
    const third = this.#sectors / 3;
    const part = (index: number, target: string, more = ''): string =>
      `${index * third} ${third} ${target} ${this.#loop} ${index * third}${more}`;
    this.#swap([part(0, 'linear'), part(1, 'delay', ' 600000'), part(2, 'linear')].join('\n'));
  }

  /** Everything before what waits was read (Documentation/block/stat.rst: sectors read). */
  get stalled(): boolean {
    const [, , sectorsRead] = readFileSync(`/sys/block/${this.#name}/stat`, 'utf8').trim().split(/\s+/);
    return Number(sectorsRead) >= this.#sectors / 3;
  }

  #linear(): string {
    return `0 ${this.#sectors} linear ${this.#loop} 0`;
  }

  #swap(table: string): void {
    this.#dmsetup('load', '--readonly', '--table', table);
    // What waits goes on first, and ends as the old table has it.
    this.#dmsetup('suspend', '--nolockfs');
    this.#dmsetup('resume');
  }

  /** There is no udev in the machine to wait for. */
  #dmsetup(act: string, ...more: string[]): string {
    return this.#bench.must('env', 'DM_DISABLE_UDEV=1', 'dmsetup', act, 'bench', ...more);
  }
}

/** What a job came to that waited for its disk. */
interface Waited {
  readonly ran: Ran;
  readonly manifest: Manifest | null;
  readonly hashes: readonly [image: string, medium: string];
}

function waited(desk: Desk, ran: Ran, medium: string): Waited {
  const there = join(desk.evidence(), 'HDD-01.dd');
  return {
    ran,
    manifest: ran.code === 0 ? manifestOf(desk.evidence()) : null,
    hashes: [existsSync(there) ? sha256(readFileSync(there)) : '', sha256(readFileSync(medium))],
  };
}

function judgeWaited({ ran, manifest, hashes }: Waited): void {
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stderr, /answers nothing any more/);
  assert.equal(hashes[0], hashes[1]);
  assert.deepEqual(manifest?.read_map.ranges, []);
  const [session, more] = manifest.sessions;
  assert.equal(more, undefined);
  assert.deepEqual(
    session?.pauses.map(({ code, outcome }) => [code, outcome]),
    [['source.silent', 'reconnected']],
  );
  assert.equal(session.attachments.length, 2);
}

export const damagedScenarios = [
  onRequest(
    scenario({
      name: 'a disk that fails everywhere for a while: the job waits, marks nothing bad, and goes on when it answers again',
      setup: (bench) => Promise.resolve({ disk: new MappedDisk(bench, 6), desk: bench.desk() }),
      command: async (bench, { disk, desk }) => {
        const argv = desk.acquire(disk.node, '--yes', '--unsigned', '--no-probe', '--profile', 'usb');
        const fail = (): void => {
          disk.fail();
        };
        const ran = await bench.whileItWaits(desk, 'read', argv, fail, () => {
          disk.work();
        });
        return waited(desk, ran, disk.medium);
      },
      expect: judgeWaited,
    }),
  ),

  onRequest(
    scenario({
      name: 'a disk that fails everywhere for a while, in a rescue: the job waits, marks nothing bad, and goes on when it answers again',
      setup: (bench) => Promise.resolve({ disk: new MappedDisk(bench, 6), desk: bench.desk() }),
      command: async (bench, { disk, desk }) => {
        disk.stall();
        const argv = desk.acquire(disk.node, '--yes', '--unsigned', '--no-probe', '--profile', 'rescue', ...UNBLOCKED);
        let over = false;
        const running = bench.exhibit(argv).finally(() => (over = true));
        const passes = (): boolean => disk.stalled && journalOf(desk.evidence()).some(({ type }) => type === 'pass');
        await until(() => over || passes(), 'the rescue to come to the slow part', 60_000);
        disk.fail();
        await bench.untilItWaits(desk, () => over);
        disk.work();
        return waited(desk, await running, disk.medium);
      },
      expect: judgeWaited,
    }),
  ),

  // The same is asked of real block devices with bad sectors, in seconds (test/real).
  onRequest(damaged({ sector: 512, first: 3001, count: 5 })),
  onRequest(damaged({ sector: 4096, first: 700, count: 3 })),
];
