/** The stages of an acquisition by themselves, and the limits of the machine beside them. */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Algorithm, Engine } from '../src/model/digest.ts';
import { writeRandom } from './data.ts';
import { holdingMemory } from './held-memory.ts';
import { measure } from './measure.ts';
import type { Options } from './options.ts';
import { inTurn } from './rounds.ts';
import { beyond, bottleneck, ownLimit, type OwnLimit } from './own-limit.ts';
import type { Lane, StageOrder, StageTime } from './stage-order.ts';
import { median, round } from './stats.ts';
import { endsWithUs } from './undo.ts';

export interface StageRow {
  readonly name: string;
  readonly mebibytes_per_second: number;
  readonly cpu_seconds_per_gibibyte: number;
  readonly seconds: readonly number[];
  readonly cpu_seconds: readonly number[];
}

export interface StageFigures {
  readonly mebibytes: number;
  readonly rounds: number;
  readonly rows: readonly StageRow[];
  readonly bottleneck: string;
  readonly own_limit: OwnLimit | null;
}

/** Names in figures and targets. */
const READ = 'read direct';
export const READ_AND_WRITE = 'read direct, write';
export const PLAIN_DD = 'dd bs=1M';
export const WASM_SHA256 = 'sha256 wasm, memory';
export const MD5 = 'md5 native, memory';
/** What the cores are worth when all of them work: own limit takes each for a whole one. */
export const MD5_ON_ALL = 'md5 native, memory, one on each core';
export const ALL = 'all, direct';
export const ALL_DD = 'all, dd';
/** Pieces stay native, as in the program. */
export const ALL_WASM = 'all, direct, wasm';
const LANES: readonly Lane[] = ['md5', 'sha256', 'pieces'];
const withLane = (lane: Lane): string => `${READ}, ${lane}`;
const hashed = (algorithm: Algorithm, engine: Engine): string => `${algorithm} ${engine}, memory`;

type Stage = () => Promise<StageTime>;

export async function measureStages(folder: string, cores: number, options: Options): Promise<StageFigures> {
  const place = join(folder, 'stages');
  mkdirSync(place);
  try {
    const source = join(place, 'source');
    const to = join(place, 'to');
    writeRandom(source, options.mebibytes);
    const stages = stagesOf(source, to, cores, options.mebibytes);
    const entrants = Object.entries(stages).map(([name, stage]) => ({
      name,
      run: async () => {
        mkdirSync(to);
        const took = await stage();
        rmSync(to, { recursive: true });
        return took;
      },
    }));
    const times = await holdingMemory(place, options.mebibytes, () => inTurn('stages', entrants, options.rounds));
    return stageFigures(times, cores, options);
  } finally {
    rmSync(place, { recursive: true });
  }
}

function stagesOf(source: string, to: string, cores: number, mebibytes: number): Record<string, Stage> {
  const run =
    (reader: 'direct' | 'dd', into: string | null, lanes: readonly Lane[], engine: Engine = 'native'): Stage =>
    () =>
      runChild({ kind: 'pipeline', source, reader, to: into, lanes, engine });
  const hash =
    (algorithm: Algorithm, engine: Engine): Stage =>
    () =>
      runChild({ kind: 'hash', algorithm, engine, mebibytes });
  return {
    [READ]: run('direct', null, []),
    'read dd': run('dd', null, []),
    [READ_AND_WRITE]: run('direct', to, []),
    'read dd, write': run('dd', to, []),
    ...Object.fromEntries(LANES.map((lane) => [withLane(lane), run('direct', null, [lane])])),
    [ALL]: run('direct', to, LANES),
    [ALL_DD]: run('dd', to, LANES),
    [ALL_WASM]: run('direct', to, LANES, 'wasm'),
    [MD5]: hash('md5', 'native'),
    [MD5_ON_ALL]: async () => atOnce(await Promise.all(Array.from({ length: cores }, hash('md5', 'native')))),
    [hashed('sha256', 'native')]: hash('sha256', 'native'),
    [WASM_SHA256]: hash('sha256', 'wasm'),
    [PLAIN_DD]: async () => measure(`dd if=${source} of=${join(to, 'image')} bs=1M status=none`),
  };
}

async function runChild(order: StageOrder): Promise<StageTime> {
  const program = join(import.meta.dirname, 'stages-child.js');
  const running = promisify(execFile)(process.execPath, [program, JSON.stringify(order)]);
  endsWithUs(running.child);
  const { stdout } = await running;
  return JSON.parse(stdout) as StageTime;
}

/** Of one of them, while the others are at it too: the last one's seconds, and the processor's of one. */
function atOnce(times: readonly StageTime[]): StageTime {
  const cpu = times.reduce((sum, each) => sum + each.cpu, 0) / times.length;
  return { seconds: Math.max(...times.map(({ seconds }) => seconds)), cpu };
}

/** Medians, and what follows from them. */
export function stageFigures(
  times: ReadonlyMap<string, readonly StageTime[]>,
  cores: number,
  { mebibytes, rounds }: Pick<Options, 'mebibytes' | 'rounds'>,
): StageFigures {
  const rows = [...times].map(([name, all]) => rowOf(name, all, mebibytes));
  const row = (name: string): StageRow | undefined => rows.find((each) => each.name === name);
  const cpuOf = (name: string): number => row(name)?.cpu_seconds_per_gibibyte ?? 0;
  const lanes = [MD5, hashed('sha256', 'native')].flatMap((name) => row(name) ?? []);
  const costs = [
    { name: READ, cpu_seconds_per_gibibyte: cpuOf(READ) },
    ...[READ_AND_WRITE, ...LANES.map(withLane)].map((name) => ({
      name,
      cpu_seconds_per_gibibyte: beyond(cpuOf(name), cpuOf(READ)),
    })),
  ];
  const alone = [READ, READ_AND_WRITE, ...LANES.map(withLane)].map((name) => ({
    name,
    seconds: median(row(name)?.seconds ?? []),
  }));
  const all = { cpu: median(row(ALL)?.cpu_seconds ?? []) };
  return {
    mebibytes,
    rounds,
    rows,
    bottleneck: bottleneck(alone, all, cores),
    own_limit: ownLimit(cores, lanes, costs),
  };
}

function rowOf(name: string, all: readonly StageTime[], mebibytes: number): StageRow {
  const seconds = all.map((each) => round(each.seconds, 3));
  const cpu = all.map((each) => round(each.cpu, 3));
  return {
    name,
    mebibytes_per_second: round(mebibytes / median(seconds), 1),
    cpu_seconds_per_gibibyte: round((median(cpu) / mebibytes) * 1024, 3),
    seconds,
    cpu_seconds: cpu,
  };
}
