import { ALGORITHMS, ENGINES, type Algorithm, type Engine, type EngineChoice } from './digest.ts';

/** What figures of speed hold for: another one of these, and they hold no longer. */
export interface StationIdentity {
  readonly hostname: string;
  readonly cpu: string;
  readonly cores: number;
  /** Node's version. */
  readonly node: string;
  readonly hashWasm: string;
}

/** A file system, told from others that may be mounted at the same place. */
export interface FileSystemIdentity {
  readonly fileSystem: string;
  readonly mountSource: string;
  readonly mountPoint: string;
  /** As udev tells it; null: it does not, or the file system has none. */
  readonly uuid: string | null;
  /** As statfs(2) tells it, in hex; null: not told. Some file systems only have the device's number here. */
  readonly fsid: string | null;
}

/** Whole bytes per second of each algorithm, alone on one thread. */
export type AloneRates = Readonly<Record<Engine, Readonly<Record<Algorithm, number>>>>;

/** Whole bytes per second of all lanes of one job together: the pace of the slowest. */
export interface TogetherRates extends Readonly<Record<Engine, number>> {
  readonly hashes: readonly Algorithm[];
  /** Piece lists, and segments of a split image. */
  readonly spanLanes: number;
}

/** What `exhibit doctor --speed` measured. */
export interface SpeedFigures {
  /** UTC, RFC 3339. */
  readonly measuredAt: string;
  readonly station: StationIdentity;
  readonly destination: FileSystemIdentity;
  readonly writing: { readonly bytes: number; readonly milliseconds: number; readonly bytesPerSecond: number };
  readonly alone: AloneRates;
  readonly together: TogetherRates;
}

/** By its UUID wherever it is mounted; without one, all that is told must agree. */
export function sameFileSystem(a: FileSystemIdentity, b: FileSystemIdentity): boolean {
  if (a.fileSystem !== b.fileSystem) return false;
  if (a.uuid !== null || b.uuid !== null) return a.uuid === b.uuid;
  return a.fsid === b.fsid && a.mountSource === b.mountSource && a.mountPoint === b.mountPoint;
}

export function sameStation(a: StationIdentity, b: StationIdentity): boolean {
  const keys = ['hostname', 'cpu', 'cores', 'node', 'hashWasm'] as const;
  return keys.every((key) => a[key] === b[key]);
}

/** The hashes and span lanes of a job. */
export type HashJob = Pick<TogetherRates, 'hashes' | 'spanLanes'>;

/**
 * The most that the lanes of a job hash by one engine, bytes per second: as measured where it was this very job; else as
 * fast as the slowest lane alone, and as all cores together could be.
 */
export function hashingLimit(
  figures: Pick<SpeedFigures, 'alone' | 'together' | 'station'>,
  job: HashJob,
  engine: Engine,
): number {
  const { alone, together, station } = figures;
  if (sameJob(job, together)) return together[engine];
  const lanes = [
    ...job.hashes.map((algorithm) => alone[engine][algorithm]),
    // Spans are always hashed natively.
    ...Array.from({ length: job.spanLanes }, () => alone.native.sha256),
  ];
  const work = lanes.reduce((sum, rate) => sum + 1 / rate, 0);
  return Math.floor(Math.min(...lanes, station.cores / work));
}

/** As {@link hashingLimit}. `auto` takes WASM while it keeps up with the source, native where it does not: the faster of the two. */
export function hashingLimitOf(figures: SpeedFigures, job: HashJob, choice: EngineChoice): number {
  if (choice !== 'auto') return hashingLimit(figures, job, choice);
  return Math.max(...ENGINES.map((engine) => hashingLimit(figures, job, engine)));
}

function sameJob(a: HashJob, b: HashJob): boolean {
  return a.spanLanes === b.spanLanes && ALGORITHMS.every((each) => a.hashes.includes(each) === b.hashes.includes(each));
}
