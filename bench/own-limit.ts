/** What an acquisition could reach at most with the stages that it is made of. */
import { round } from './stats.ts';

/** One stage by itself. */
export interface StageCost {
  readonly name: string;
  readonly cpu_seconds_per_gibibyte: number;
}

export interface LaneRate {
  readonly name: string;
  readonly mebibytes_per_second: number;
}

export interface OwnLimit {
  readonly mebibytes_per_second: number;
  /** What sets it, in words. */
  readonly set_by: string;
}

/**
 * The smaller of the slowest lane alone, which has one thread, and of what all cores give when they do nothing but the work
 * of all stages. Null where nothing was measured.
 */
export function ownLimit(cores: number, lanes: readonly LaneRate[], costs: readonly StageCost[]): OwnLimit | null {
  const [slowest] = [...lanes].sort((a, b) => a.mebibytes_per_second - b.mebibytes_per_second);
  const cpu = costs.reduce((sum, each) => sum + each.cpu_seconds_per_gibibyte, 0);
  if (slowest === undefined || cpu === 0) return null;
  const processors = (cores / cpu) * 1024;
  if (slowest.mebibytes_per_second <= processors)
    return { mebibytes_per_second: round(slowest.mebibytes_per_second, 1), set_by: `${slowest.name}, on one thread` };
  return { mebibytes_per_second: round(processors, 1), set_by: `the processor: ${cores} cores` };
}

/** A stage's own cost: what it takes with the reader, without the reader. Never less than nothing. */
export function beyond(withStage: number, without: number): number {
  return round(Math.max(0, withStage - without), 3);
}

export interface Alone {
  readonly name: string;
  readonly seconds: number;
}

/** What holds all stages together up most: the slowest of them alone, or the processor, which they share. */
export function bottleneck(alone: readonly Alone[], all: { readonly cpu: number }, cores: number): string {
  const [slowest] = [...alone].sort((a, b) => b.seconds - a.seconds);
  const shared = all.cpu / cores;
  if (slowest === undefined || shared > slowest.seconds)
    return `the processor: ${round(all.cpu, 2)} s of work on ${cores} cores are ${round(shared, 2)} s`;
  return `${slowest.name}: ${round(slowest.seconds, 2)} s alone`;
}
