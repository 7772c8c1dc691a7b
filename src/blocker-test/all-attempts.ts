import { messageOf } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';
import { attempt, watch } from './attempt.ts';
import { clearFlag, restoreFlag, type FlagStep } from './flag.ts';
import type { HeldDisk } from './held-disk.ts';
import { placesOf } from './layout.ts';
import type { Marker } from './marker.ts';
import { blockAttempts, sgAttempts, type PlannedAttempt, type Target } from './plan-attempts.ts';
import type { AttemptRecord } from './report-schema.ts';

export interface AttemptsJob {
  readonly ports: Ports;
  readonly held: HeldDisk;
  readonly marker: Marker;
  /** Of this run; stands in the bytes that are written. */
  readonly run: string;
  readonly stop: AbortSignal;
  /** Told of everything in order, before the next thing happens. */
  readonly onAttempt: (record: AttemptRecord) => Promise<void>;
  readonly onFlag: (step: FlagStep) => Promise<void>;
}

export interface AttemptsDone {
  readonly attempts: readonly AttemptRecord[];
  readonly flag: readonly FlagStep[];
  /** Why not all were carried out; null: they were. */
  readonly stopped: string | null;
}

export function targetOf({ facts, device }: HeldDisk['disk']): Target {
  return { path: facts.realPath, size: device.size, sector: device.logicalSector };
}

/**
 * All attempts: with the kernel's flag as it was found, then without it, then by SG_IO, which no flag concerns.
 * Stops at the first that gives no answer: what comes after a command that still hangs proves nothing. The flag
 * is put back as it was, whatever happens.
 */
export async function carryOutAll(job: AttemptsJob): Promise<AttemptsDone> {
  const { ports, held } = job;
  const { realPath } = held.disk.facts;
  const attempts: AttemptRecord[] = [];
  const flag: FlagStep[] = [];
  let stopped: string | null = null;
  try {
    const target = targetOf(held.disk);
    const watched = await watch(held, placesOf(target.size, target.sector), job.marker);
    const asFound = held.disk.device.readOnly;
    const runAll = async (planned: readonly PlannedAttempt[]): Promise<void> => {
      for (const each of planned) {
        if (job.stop.aborted) throw new Error(`stopped by ${String(job.stop.reason)}`);
        const record = await attempt(ports, held, watched, each, attempts.length + 1, job.stop);
        attempts.push(record);
        await job.onAttempt(record);
        if (record.answer === 'no-answer') throw new Error(`attempt ${record.number}: ${record.said}`);
      }
    };
    if (asFound.known && asFound.value) await runAll(blockAttempts(target, job.run));
    for (const step of await clearFlag(ports, realPath)) {
      flag.push(step);
      await job.onFlag(step);
    }
    // A flag that the kernel keeps would only give the same answers again.
    const cleared = flag.at(-1)?.read_only === false;
    if (cleared || attempts.length === 0) await runAll(blockAttempts(target, job.run));
    await runAll(sgAttempts(target, job.run));
  } catch (error) {
    stopped = messageOf(error);
  }
  for (const step of await restoreFlag(ports, realPath, flag)) {
    flag.push(step);
    await job.onFlag(step);
  }
  return { attempts, flag, stopped };
}
