/** The figures of docs/speed.md, of the committed bench/results.json. */
import { DD_NATIVE, DIRECT_NATIVE, DIRECT_WASM } from './acquire.ts';
import type { BadMediaFigures } from './bad-media.ts';
import type { Contest } from './contest.ts';
import type { CutOffFigures } from './cut-off.ts';
import type { RemoteFigures } from './elsewhere.ts';
import type { Growth } from './growth.ts';
import type { Results } from './results.ts';
import { ALL, ALL_DD, ALL_WASM, MD5, MD5_ON_ALL, PLAIN_DD, type StageFigures } from './stages.ts';
import { median, ratio, round } from './stats.ts';
import { missedBy, steepness, type Target } from './targets.ts';

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
    ...missedSection(results),
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
  const { cpu, cores, memory_gibibytes: memory, kernel, node, busy_before: busy, stolen } = machine;
  const versions = Object.entries(peers).flatMap(([name, version]) =>
    version === null ? [] : [version.includes(name) ? version : `${name} ${version}`],
  );
  const missing = Object.entries(peers).flatMap(([name, version]) => (version === null ? [name] : []));
  return [
    `Measured ${measured.slice(0, 10)} on ${cpu}, ${cores} cores, ${memory} GiB of memory, Linux ${kernel}, Node ${node};`,
    `others took ${Math.round(busy * 100)} % of its processors just before, and its host ${round(stolen * 100, 1)} % meanwhile, as far as it tells.`,
    `exhibit ${program.commit ?? 'of no known commit'}, SHA-256 of all that was compiled ${program.sha256.slice(0, 16)}…,`,
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

/** By the stages alone: what of a target that is missed is the stages' work, and what the program's around them. */
function missedSection(results: Results): string[] {
  const { stages } = results;
  const missed = missedBy(results);
  if (missed.length === 0 || stages === undefined) return [];
  const secondsOf = (name: string): number | null => {
    const row = stages.rows.find((each) => each.name === name);
    return row === undefined ? null : median(row.seconds);
  };
  const cells = missed.map(({ name, ours, took, would_reach: wanted }) => {
    const together = stages.rows.find((each) => each.name === STAGES_OF[ours])?.seconds;
    return [name, took, wanted, together === undefined ? '' : spread(together)];
  });
  const [one, onAll] = [secondsOf(MD5), secondsOf(MD5_ON_ALL)];
  const least = ratio(stages.mebibytes, stages.own_limit?.mebibytes_per_second);
  return [
    '### What an acquisition misses, and where its time goes',
    table(['', 's', 's that would reach it', 's of its stages together (fastest–slowest)'], cells),
    [
      `What the program takes beside its stages are its start, its looks at source and destination, and its end; less than lies between the fastest and the slowest is nothing that was measured.`,
      ...(least === null
        ? []
        : [
            `With the native engine the medians of these stages come to ${round(least, 2)} s at least (${stages.own_limit?.set_by ?? ''}): a target that wants less wants stages that cost less.`,
          ]),
      ...(one === null || onAll === null
        ? []
        : [
            `That takes each core for a whole one: MD5 of as much takes ${round(one, 2)} s alone, and ${round(onAll, 2)} s where every core does the same.`,
          ]),
    ].join('\n'),
  ];
}

/** `5.91 (4.56–6.54)`: the median, and between what it lies. */
function spread(seconds: readonly number[]): string {
  return `${round(median(seconds), 2)} (${round(Math.min(...seconds), 2)}–${round(Math.max(...seconds), 2)})`;
}

/** Which stages a row is made of. */
const STAGES_OF: Readonly<Record<string, string>> = {
  [DIRECT_NATIVE]: ALL,
  [DD_NATIVE]: ALL_DD,
  [DIRECT_WASM]: ALL_WASM,
};

function contestTable({ mebibytes, rounds, rows }: Contest): string {
  const rivals = [...new Set(rows.flatMap(({ times }) => Object.keys(times)))];
  const cells = rows.map((row) => [
    row.name,
    row.mebibytes_per_second,
    `${row.slowest}–${row.fastest}`,
    row.cpu_seconds_per_gibibyte,
    row.peak_memory_mebibytes ?? 'not seen',
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

function growthTable(growth: Growth): string {
  const { rows, left_out: leftOut } = growth;
  const cells = rows.map((row) => [
    row.gibibytes,
    row.by,
    row.image,
    row.rounds,
    row.seconds_per_gibibyte,
    row.seconds_per_further_gibibyte ?? '',
    row.peak_memory_mebibytes,
    row.peak_resident_mebibytes,
  ]);
  const heads = [
    'GiB',
    '',
    'image',
    'rounds',
    's/GiB',
    's per further GiB',
    'MiB at peak',
    'MiB, each process for itself',
  ];
  const plain = steepness(growth, 'in memory', PLAIN_DD);
  const beside =
    plain === null
      ? []
      : [
          `With ${PLAIN_DD}, which does nothing but copy, the dearest further GiB in memory takes ${round(plain, 2)} times the cheapest.`,
        ];
  return [table(heads, cells), ...beside, ...leftOut.map((why) => `Left out: ${why}.`)].join('\n\n');
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
  const cells = all.map((each) => [
    ...[each.name, each.rounds, each.seconds],
    ...[each.failing_reads, each.wrong_sectors, each.missing_sectors],
  ]);
  return table(['', 'rounds', 's', 'failing reads', 'wrong sectors', 'missing sectors'], cells);
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
    'last checkpoint at MiB',
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
