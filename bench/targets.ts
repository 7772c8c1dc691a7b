/** What is to be reached, as data, and what of it was. */
import { DD_NATIVE, DIRECT_NATIVE, DIRECT_WASM } from './acquire.ts';
import type { Contest } from './contest.ts';
import type { RemoteFigures } from './elsewhere.ts';
import type { GrowthRow } from './growth.ts';
import { LISTEN, NC_CAT, NC_TEE, NC_TRANSPORT } from './netcat.ts';
import type { Measured } from './results.ts';
import { FAR_ONE, farBy, SSH, SSH_CAT, SSH_TEE, SSH_TRANSPORT } from './ssh.ts';
import { PLAIN_DD, READ_AND_WRITE, WASM_SHA256 } from './stages.ts';
import { median, ratio, round } from './stats.ts';
import { HASHDEEP, VERIFY } from './verify.ts';

export interface Target {
  readonly name: string;
  /** Null: not measured, or too little of it. */
  readonly measured: number | null;
  readonly wanted: number;
  readonly is: 'at least' | 'at most';
  /** Null where nothing was measured: that is not reached, and not missed. */
  readonly reached: boolean | null;
}

interface Wanted {
  readonly name: string;
  readonly wanted: number;
  readonly is: Target['is'];
  readonly measure: (all: Measured) => number | null;
  /** Of an acquisition: who is to take how many seconds, so that it is reached. */
  readonly needs?: (all: Measured) => Needed;
}

interface Needed {
  readonly ours: string;
  /** Null: not measured. */
  readonly seconds: number | null;
}

/** A target that an acquisition missed. Seconds of the whole program, from its start to its end. */
export interface Missed {
  readonly name: string;
  readonly ours: string;
  readonly took: number;
  readonly would_reach: number;
}

/** How many times as fast as a peer of the same run, on random data. */
const ACQUIRE: readonly (readonly [ours: string, peer: string, wanted: number])[] = [
  [DIRECT_NATIVE, 'dc3dd', 2],
  [DIRECT_NATIVE, 'dcfldd', 3.5],
  [DIRECT_NATIVE, 'ewfacquire', 1.5],
  [DD_NATIVE, 'dc3dd', 1.7],
  [DD_NATIVE, 'dcfldd', 3],
  [DD_NATIVE, 'ewfacquire', 1.3],
];

/** The same of a disk of another machine, both ends on this one. */
const ELSEWHERE: readonly (readonly [part: 'ssh' | 'netcat', ours: string, peer: string, wanted: number])[] = [
  ['ssh', SSH, SSH_CAT, 0.6],
  ['ssh', SSH, SSH_TEE, 1.7],
  ['ssh', SSH_TRANSPORT, SSH_CAT, 0.9],
  ['ssh', farBy(4), FAR_ONE, 3],
  ['ssh', farBy(8), FAR_ONE, 4],
  ['netcat', LISTEN, NC_CAT, 0.45],
  ['netcat', LISTEN, NC_TEE, 1.7],
  ['netcat', NC_TRANSPORT, NC_CAT, 0.85],
];

const MOST_MEMORY = 250;
const GIBIBYTES = [1, 4, 16, 64];
/** The dearest further GiB against the cheapest. To begin and to end takes the same whatever the size, and is no growth. */
const FLAT = 1.25;

const WANTED: readonly Wanted[] = [
  ...ACQUIRE.map(([ours, peer, wanted]): Wanted => ({
    name: `acquire: ${ours}, times ${peer}`,
    ...{ wanted, is: 'at least', measure: ({ acquire }) => timesOf(acquire?.random, ours, peer) },
    needs: ({ acquire }) => ({ ours, seconds: ratio(secondsOf(acquire?.random, peer), wanted) }),
  })),
  {
    name: `acquire: ${DIRECT_NATIVE}, of its own limit`,
    ...{ wanted: 0.85, is: 'at least' },
    needs: (all) => ({
      ours: DIRECT_NATIVE,
      seconds: ratio(secondsAt(all.acquire?.random, all.stages?.own_limit?.mebibytes_per_second), 0.85),
    }),
    measure: ({ acquire, stages }) =>
      ratio(rateOf(acquire?.random, DIRECT_NATIVE), stages?.own_limit?.mebibytes_per_second),
  },
  {
    name: `acquire: ${DIRECT_WASM}, of hash-wasm's SHA-256 alone`,
    ...{ wanted: 0.85, is: 'at least' },
    needs: (all) => ({
      ours: DIRECT_WASM,
      seconds: ratio(secondsAt(all.acquire?.random, stageRate(all.stages, WASM_SHA256)), 0.85),
    }),
    measure: ({ acquire, stages }) => ratio(rateOf(acquire?.random, DIRECT_WASM), stageRate(stages, WASM_SHA256)),
  },
  {
    name: `stages: ${READ_AND_WRITE}, of ${PLAIN_DD}`,
    ...{ wanted: 0.7, is: 'at least' },
    measure: ({ stages }) => ratio(stageRate(stages, READ_AND_WRITE), stageRate(stages, PLAIN_DD)),
  },
  {
    name: `verify: ${VERIFY}, times hashdeep`,
    ...{ wanted: 3.5, is: 'at least' },
    measure: ({ verify }) => timesOf(verify, VERIFY, HASHDEEP),
  },
  ...GIBIBYTES.map((gibibytes): Wanted => ({
    name: `memory: MiB of the whole tree at ${gibibytes} GiB`,
    ...{ wanted: MOST_MEMORY, is: 'at most', measure: ({ growth }) => memoryAt(growth, gibibytes) },
  })),
  ...(['in memory', 'discarded'] as const).map((image): Wanted => ({
    name: `growth: seconds per further GiB, dearest by cheapest, image ${image}`,
    ...{ wanted: FLAT, is: 'at most', measure: ({ growth }) => steepness(growth, image, 'exhibit') },
  })),
  ...ELSEWHERE.map(([part, ours, peer, wanted]): Wanted => ({
    name: `${part}: ${ours}, times ${peer}`,
    ...{ wanted, is: 'at least', measure: (all) => timesElsewhere(all[part], ours, peer) },
  })),
];

export function targetsOf(all: Measured): Target[] {
  return WANTED.map(({ name, wanted, is, measure }) => {
    const measured = measure(all);
    // Before it is rounded: 1.9996 is not 2.
    const reached = measured === null ? null : is === 'at least' ? measured >= wanted : measured <= wanted;
    return { name, measured: measured === null ? null : round(measured, 3), wanted, is, reached };
  });
}

/** What an acquisition missed, and by how much. */
export function missedBy(all: Measured): Missed[] {
  return WANTED.flatMap(({ name, wanted, is, measure, needs }) => {
    const measured = measure(all);
    const needed = needs?.(all);
    if (measured === null || needed === undefined || needed.seconds === null) return [];
    const took = secondsOf(all.acquire?.random, needed.ours);
    const reached = is === 'at least' ? measured >= wanted : measured <= wanted;
    return reached || took === null
      ? []
      : [{ name, ours: needed.ours, took: round(took, 2), would_reach: round(needed.seconds, 2) }];
  });
}

/** Seconds for what a contest acquires at such a rate. */
function secondsAt(contest: Contest | undefined, rate: number | undefined): number | null {
  return ratio(contest?.mebibytes, rate);
}

function secondsOf(contest: Contest | undefined, name: string): number | null {
  const row = contest?.rows.find((each) => each.name === name);
  return row === undefined ? null : median(row.seconds);
}

function rateOf(contest: Contest | undefined, name: string): number | undefined {
  return contest?.rows.find((row) => row.name === name)?.mebibytes_per_second;
}

function timesOf(contest: Contest | undefined, ours: string, peer: string): number | null {
  return ratio(secondsOf(contest, peer), secondsOf(contest, ours));
}

function timesElsewhere(all: readonly RemoteFigures[] | undefined, ours: string, peer: string): number | null {
  const usual = (name: string): number | null => {
    const found = all?.find((each) => each.name === name);
    return found === undefined ? null : median(found.seconds);
  };
  return ratio(usual(peer), usual(ours));
}

function stageRate(stages: Measured['stages'], name: string): number | undefined {
  return stages?.rows.find((row) => row.name === name)?.mebibytes_per_second;
}

/** The most of all runs of this size, wherever the image went. */
function memoryAt(growth: Measured['growth'], gibibytes: number): number | null {
  const rows = (growth?.rows ?? []).filter((row) => row.gibibytes === gibibytes && row.by === 'exhibit');
  return rows.length === 0 ? null : Math.max(...rows.map(({ peak_memory_mebibytes }) => peak_memory_mebibytes));
}

/** The dearest further GiB by the cheapest. Of two sizes there is one difference, which is as dear as itself: three are the least that can tell. */
export function steepness(growth: Measured['growth'], image: GrowthRow['image'], by: GrowthRow['by']): number | null {
  const each = (growth?.rows ?? [])
    .filter((row) => row.image === image && row.by === by)
    .flatMap(({ seconds_per_further_gibibyte: further }) => (further === null ? [] : [further]));
  // What takes less than less of it is no measurement.
  return each.length < 2 || Math.min(...each) <= 0 ? null : ratio(Math.max(...each), Math.min(...each));
}
