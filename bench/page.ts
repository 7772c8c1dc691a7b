/** The figures of docs/speed.md, of the committed bench/results.json. */
import type { BadMediaFigures } from './bad-media.ts';
import type { Contest } from './contest.ts';
import type { CutOffFigures } from './cut-off.ts';
import type { RemoteFigures } from './elsewhere.ts';
import type { Growth } from './growth.ts';
import type { Results } from './results.ts';
import type { StageFigures } from './stages.ts';
import { round } from './stats.ts';
import type { Target } from './targets.ts';

const BEGIN = '<!-- figures: made by npm run bench -->';
const END = '<!-- end of figures -->';

/** The page with these figures in the place of those that it has. @throws Error where the place is not marked */
export function withFigures(page: string, results: Results): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error('docs/speed.md has no place for figures');
  return `${page.slice(0, begin)}${BEGIN}\n\n${figuresOf(results)}\n${page.slice(end)}`;
}

function figuresOf(results: Results): string {
  const { acquire = {}, verify, stages, growth, ssh, netcat, bad_media: media, cut_off: cut } = results;
  return [
    origin(results),
    '### Targets',
    targetTable(results.targets),
    ...Object.entries(acquire).flatMap(([kind, contest]) => [`### Acquire, ${kind}`, contestTable(contest)]),
    ...(verify === undefined ? [] : ['### Verify', contestTable(verify)]),
    ...(stages === undefined ? [] : ['### Stages alone', stageTable(stages)]),
    ...(growth === undefined ? [] : ['### Growth', growthTable(growth)]),
    ...(ssh === undefined ? [] : ['### Over SSH', remoteTable(ssh)]),
    ...(netcat === undefined ? [] : ['### Through netcat', remoteTable(netcat)]),
    ...(media === undefined ? [] : ['### A disk with three bad sectors', mediaTable(media)]),
    ...(cut === undefined ? [] : ['### Checkpoints, and a job that was killed', cutTable(cut)]),
    '',
  ].join('\n\n');
}

function origin({ measured, quick, machine, peers, program, help_milliseconds: help }: Results): string {
  const { cpu, cores, memory_gibibytes: memory, kernel, node, busy_before: busy } = machine;
  const versions = Object.entries(peers).flatMap(([name, version]) =>
    version === null ? [] : [version.includes(name) ? version : `${name} ${version}`],
  );
  const missing = Object.entries(peers).flatMap(([name, version]) => (version === null ? [name] : []));
  return [
    `Measured ${measured.slice(0, 10)} on ${cpu}, ${cores} cores, ${memory} GiB of memory, Linux ${kernel}, Node ${node};`,
    `of which others took ${Math.round(busy * 100)} % just before. exhibit ${program.commit ?? 'of no known commit'}, its text's SHA-256 ${program.sha256.slice(0, 16)}…,`,
    `${program.ssh2_compiled ? "with ssh2's own decryption compiled" : 'ssh2 decrypts in JavaScript'}.`,
    ...(quick ? ['**A quick run: it shows that everything works, and is not to be held against anything.**'] : []),
    `Against: ${versions.join('; ')}.`,
    ...(missing.length === 0 ? [] : [`Not installed, not measured: ${missing.join(', ')}.`]),
    `\`exhibit --help\` takes ${help} ms.`,
  ].join('\n');
}

function targetTable(targets: readonly Target[]): string {
  return table(
    ['target', 'wanted', 'measured', 'reached'],
    targets.map(({ name, wanted, is, measured, reached }) => [
      name,
      `${is} ${wanted}`,
      measured ?? 'not measured',
      reached === null ? '' : reached ? 'yes' : 'no',
    ]),
  );
}

function contestTable({ mebibytes, rounds, rows }: Contest): string {
  const rivals = [...new Set(rows.flatMap(({ times }) => Object.keys(times)))];
  const cells = rows.map((row) => [
    row.name,
    row.mebibytes_per_second,
    `${row.slowest}–${row.fastest}`,
    row.cpu_seconds_per_gibibyte,
    row.peak_memory_mebibytes,
    ...rivals.map((rival) => row.times[rival] ?? ''),
  ]);
  const heads = ['', 'MiB/s', 'slowest–fastest', 'CPU s/GiB', 'MiB at peak', ...rivals.map((rival) => `× ${rival}`)];
  return `${rounds} × ${mebibytes} MiB.\n\n${table(heads, cells)}`;
}

function stageTable({ mebibytes, rounds, rows, bottleneck, own_limit: limit }: StageFigures): string {
  const cells = rows.map(({ name, mebibytes_per_second: rate, cpu_seconds_per_gibibyte: cpu }) => [name, rate, cpu]);
  const last = limit === null ? '' : `\n\nOwn limit: ${limit.mebibytes_per_second} MiB/s, set by ${limit.set_by}.`;
  return `${rounds} × ${mebibytes} MiB.\n\n${table(['', 'MiB/s', 'CPU s/GiB'], cells)}\n\nWhat holds it up: ${bottleneck}.${last}`;
}

function growthTable({ rows, left_out: leftOut }: Growth): string {
  const cells = rows.map((row) => [
    row.gibibytes,
    row.image,
    row.seconds_per_gibibyte,
    row.seconds_per_further_gibibyte ?? '',
    row.peak_memory_mebibytes,
    row.peak_resident_mebibytes,
  ]);
  const heads = ['GiB', 'image', 's/GiB', 's per further GiB', 'MiB at peak', 'MiB, each process for itself'];
  return [table(heads, cells), ...leftOut.map((why) => `Left out: ${why}.`)].join('\n\n');
}

function remoteTable(all: readonly RemoteFigures[]): string {
  const cells = all.map((each) => [
    each.name,
    `${each.rounds} × ${each.mebibytes} MiB`,
    each.mebibytes_per_second,
    `${each.slowest}–${each.fastest}`,
    Object.entries(each.times)
      .map(([rival, times]) => `${times} × ${rival}`)
      .join('; '),
  ]);
  return table(['', 'runs', 'MiB/s', 'slowest–fastest', 'of others'], cells);
}

function mediaTable(all: readonly BadMediaFigures[]): string {
  const cells = all.map((each) => [each.name, each.rounds, each.seconds, each.failing_reads, each.wrong_sectors]);
  return table(['', 'rounds', 's', 'failing reads', 'wrong sectors'], cells);
}

function cutTable(all: readonly CutOffFigures[]): string {
  const cells = all.map((each) => [
    each.engine,
    each.seconds_with_checkpoints,
    each.seconds_without,
    each.resumed_at_mebibytes,
    each.seconds_to_new_data,
    each.seconds_to_hash_it,
  ]);
  const heads = [
    'engine',
    's with checkpoints',
    's without',
    'killed at MiB',
    's until it reads on',
    's to hash that alone',
  ];
  return table(heads, cells);
}

function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell) => (typeof cell === 'number' ? round(cell, 3) : cell.replaceAll('|', '\\|'))).join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
}
