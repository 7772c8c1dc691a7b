/**
 * `npm run bench [-- --quick] [--rounds N] [--size MIB] [--only throughput|bad-media|cut-off|ssh|netcat]`: exhibit against the tools
 * its users pick today, rounds interleaved, medians and ratios of the same run: memory to memory; a disk with three bad
 * sectors; what checkpoints cost and how soon a killed job reads on; a disk over SSH, near and far, and through netcat. Prints tables and writes bench/results.json.
 */
import { randomFillSync } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism, cpus, release, tmpdir, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { canMakeBadMedia, measureBadMedia } from './bad-media.ts';
import { measureCutOff, type CutOffFigures } from './cut-off.ts';
import { measure, median, type Measurement } from './measure.ts';
import { measureNetcat } from './netcat.ts';
import { measureSsh } from './ssh.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    rounds: { type: 'string' },
    size: { type: 'string' },
    only: { type: 'string' },
  },
});
/** `throughput`, `bad-media`, `cut-off`, `ssh`, `netcat`: without it, all of them. */
const wants = (part: string): boolean => values.only === undefined || values.only === part;
const rounds = Number(values.rounds ?? (values.quick === true ? 1 : 5));
const mebibytes = Number(values.size ?? (values.quick === true ? 512 : 2048));
const memory = '/dev/shm';

if (!existsSync(memory)) throw new Error(`${memory} is not there: no memory-backed source and destination`);
const folder = mkdtempSync(join(memory, 'exhibit-bench-'));
process.on('exit', () => {
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const source = join(folder, 'source');
writeRandom(source, mebibytes);
const exhibit = `${process.execPath} ${join(import.meta.dirname, '..', 'bin', 'exhibit.js')}`;
const acquire = (options: string): string =>
  `${exhibit} acquire ${source} --to ${folder} --case bench --evidence out --examiner bench --unsigned --no-read-back --yes ${options}`;
const out = join(folder, 'out');

interface Contestant {
  readonly name: string;
  readonly needs: string | null;
  readonly command: string;
}
const contestants: readonly Contestant[] = [
  { name: 'exhibit dd native', needs: null, command: acquire('--reader dd --hash-engine native') },
  { name: 'exhibit direct native', needs: null, command: acquire('--reader direct --hash-engine native') },
  { name: 'exhibit direct wasm', needs: null, command: acquire('--reader direct --hash-engine wasm') },
  { name: 'dc3dd', needs: 'dc3dd', command: `dc3dd if=${source} of=${out} hash=md5 hash=sha256` },
  { name: 'dcfldd', needs: 'dcfldd', command: `dcfldd if=${source} of=${out} bs=1M hash=md5,sha256` },
  {
    name: 'ewfacquire raw E01',
    needs: 'ewfacquire',
    command: `ewfacquire -u -t ${out} -c none -d sha256 -f encase6 -S 7E -b 64 -C c -D d -E e -e x -N n -l ${out}.log ${source}`,
  },
  {
    name: 'dd | tee | sha256sum',
    needs: 'dd',
    command: `dd if=${source} bs=1M status=none | tee ${out} >(md5sum >${out}.md5) | sha256sum`,
  },
];

const present = contestants.filter(({ needs }) => wants('throughput') && (needs === null || onPath(needs)));
const missing = contestants.filter(({ needs }) => needs !== null && !onPath(needs)).map(({ name }) => name);
const runs = new Map<string, Measurement[]>(present.map(({ name }) => [name, []]));
for (let round = 1; round <= rounds; round += 1) {
  for (const { name, command } of present) {
    runs.get(name)?.push(await measure(command));
    for (const left of ['bench', 'out', 'out.E01', 'out.md5', 'out.log'])
      rmSync(join(folder, left), { recursive: true, force: true });
    process.stderr.write(`round ${round}/${rounds}: ${name}\n`);
  }
}
const badRounds = Math.min(rounds, 3);
const canBad = canMakeBadMedia(onPath);
const badMedia = wants('bad-media') && canBad ? await measureBadMedia(folder, exhibit, badRounds, onPath('dc3dd')) : [];
const rival = badMedia.find(({ name }) => name === 'ddrescue -d')?.seconds;
if (badMedia.length > 0)
  console.table(
    badMedia.map((each) => ({ ...each, 'times ddrescue -d': rival === undefined ? '' : round2(each.seconds / rival) })),
  );
if (wants('bad-media') && !canBad) console.log('No disk with bad sectors: it takes root, nbdkit, nbdfuse, ddrescue.');
const cutOff: CutOffFigures[] = [];
if (wants('cut-off')) {
  // On a disk: in memory nothing has to be brought anywhere.
  const onDisk = mkdtempSync(join(tmpdir(), 'exhibit-bench-'));
  process.on('exit', () => {
    rmSync(onDisk, { recursive: true, force: true });
  });
  const main = join(import.meta.dirname, '..', 'bin', 'exhibit.js');
  for (const engine of ['native', 'wasm'] as const)
    cutOff.push(await measureCutOff(onDisk, source, main, engine, badRounds));
  console.table(cutOff);
}
const netcat =
  wants('netcat') && canSsh() && onPath('nc') ? await measureNetcat(folder, source, mebibytes, exhibit, rounds) : [];
if (netcat.length > 0) console.table(netcat.map(({ times, ...each }) => ({ ...each, times: JSON.stringify(times) })));
const ssh = wants('ssh') && canSsh() ? await measureSsh(folder, source, mebibytes, exhibit, rounds) : [];
if (ssh.length > 0) console.table(ssh.map(({ times, ...each }) => ({ ...each, times: JSON.stringify(times) })));
if (wants('ssh') && !canSsh()) console.log('Nothing over SSH: it takes root, losetup, ssh and /usr/sbin/sshd.');
const help = [];
for (let round = 0; round < 5; round += 1) help.push((await measure(`${exhibit} --help`)).seconds);

const results = present.map(({ name }) => {
  const all = runs.get(name) ?? [];
  return {
    name,
    mebibytes_per_second: round1(mebibytes / median(all.map(({ seconds }) => seconds))),
    cpu_seconds_per_gibibyte: round1((median(all.map(({ cpu }) => cpu)) / mebibytes) * 1024),
    peak_memory_mebibytes: Math.round(Math.max(...all.map(({ peakMemory }) => peakMemory)) / 1024 ** 2),
  };
});
const dc3dd = results.find(({ name }) => name === 'dc3dd')?.mebibytes_per_second;
console.table(
  results.map((each) => ({
    ...each,
    'times dc3dd': dc3dd === undefined ? 'no dc3dd' : round2(each.mebibytes_per_second / dc3dd),
  })),
);
if (missing.length > 0) console.log(`Not installed, not measured: ${missing.join(', ')}`);
console.log(`exhibit --help: ${Math.round(median(help) * 1000)} ms`);
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memory_gibibytes: Math.round(totalmem() / 1024 ** 3),
  kernel: release(),
  node: process.version,
};
const file = join(import.meta.dirname, '..', '..', 'bench', 'results.json');
writeFileSync(
  file,
  `${JSON.stringify({ machine, mebibytes, rounds, hashes: 'md5, sha256 (exhibit: and pieces)', help_milliseconds: Math.round(median(help) * 1000), results, bad_media: badMedia, cut_off: cutOff, ssh, netcat, missing }, null, 2)}\n`,
);

function writeRandom(path: string, size: number): void {
  const block = Buffer.alloc(1024 * 1024);
  const fd = openSync(path, 'wx');
  for (let at = 0; at < size; at += 1) writeSync(fd, randomFillSync(block));
  closeSync(fd);
}

function onPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((place) => {
    try {
      accessSync(join(place, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function canSsh(): boolean {
  return process.getuid?.() === 0 && onPath('losetup') && onPath('ssh') && existsSync('/usr/sbin/sshd');
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
