import { bug } from '../model/errors.ts';
import type { Algorithm, Engine, EngineDecision } from '../model/digest.ts';
import type { Ring } from '../ring/ring.ts';
import { givesWay, groupLanes, type LaneCost } from './lane-groups.ts';
import type { LaneTask } from './lane-protocol.ts';
import { startLanes, type Lane, type LaneResult } from './lane.ts';
import { stateOf, type Resume } from './resume.ts';

/** What of a job its lanes depend on. */
export interface LanesWanted {
  readonly hashes: readonly Algorithm[];
  /** Bytes. */
  readonly spanBytes: readonly number[];
  readonly spanShares?: number;
  readonly resume?: Resume;
}

/** What is to be computed: the streams, then the spans of each grid, share by share. */
export function tasksOf(spec: LanesWanted, engines: readonly EngineDecision[]): LaneTask[] {
  const engineOf = (algorithm: Algorithm): Engine => {
    const decision = engines.find((candidate) => candidate.algorithm === algorithm);
    if (decision === undefined) throw bug(`no engine was chosen for ${algorithm}`);
    return decision.engine;
  };
  return [
    ...spec.hashes.map((algorithm) => streamTask(algorithm, engineOf(algorithm), spec.resume)),
    ...spec.spanBytes.flatMap((spanBytes) => spanTasks(spanBytes, spec.spanShares ?? 1)),
  ];
}

function spanTasks(spanBytes: number, of: number): LaneTask[] {
  if (of === 1) return [{ kind: 'spans', spanBytes }];
  return Array.from({ length: of }, (_, index): LaneTask => ({ kind: 'spans', spanBytes, share: { index, of } }));
}

/** The streams as they are, and for each grid one result in place of those of its shares. */
export function joinShares(results: readonly LaneResult[], streams: number, shares: number): LaneResult[] {
  const grids = Array.from({ length: (results.length - streams) / shares }, (_, grid) =>
    results.slice(streams + grid * shares, streams + (grid + 1) * shares),
  );
  const sum = (of: readonly LaneResult[], what: 'bytes' | 'rate'): number =>
    of.reduce((total, result) => total + result[what], 0);
  return [
    ...results.slice(0, streams),
    ...grids.map((of): LaneResult => ({
      hex: null,
      spans: of.flatMap(({ spans }) => spans).sort((a, b) => a.offset - b.offset),
      bytes: sum(of, 'bytes'),
      rate: sum(of, 'rate'),
    })),
  ];
}

function streamTask(algorithm: Algorithm, engine: Engine, resume: Resume | undefined): LaneTask {
  const state = stateOf(resume, algorithm);
  if (resume === undefined || state === undefined) return { kind: 'stream', algorithm, engine };
  if (engine !== 'wasm') throw bug(`the saved state of ${algorithm} was given to the ${engine} engine`);
  return { kind: 'stream', algorithm, engine, resume: { position: resume.position, state } };
}

/**
 * Starts the threads, on the first consumers of the ring.
 * @param lanes gets a lane for each task, in their order; of threads that were started before one could not be, theirs
 */
export function startAll(ring: Ring, tasks: readonly LaneTask[], cost: LaneCost, lanes: Lane[]): void {
  if (tasks.length === 0) return;
  const groups = groupLanes(tasks, cost);
  const tasksIn = (places: readonly number[]): LaneTask[] => tasks.filter((_, place) => places.includes(place));
  const all = groups.map(tasksIn);
  const placed: (readonly [place: number, lane: Lane])[] = [];
  try {
    for (const [consumer, places] of groups.entries()) {
      const started = startLanes(ring, consumer, tasksIn(places), givesWay(tasksIn(places), all, cost));
      placed.push(...started.map((lane, index) => [places[index] ?? -1, lane] as const));
    }
  } finally {
    lanes.push(...placed.sort(([a], [b]) => a - b).map(([, lane]) => lane));
  }
  for (let consumer = groups.length; consumer < tasks.length; consumer += 1) ring.dismiss(consumer);
}
