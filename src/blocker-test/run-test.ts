import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Journal, type JournalData } from '../manifest/journal.ts';
import { messageOf } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';
import { utc } from '../system/clock.ts';
import { carryOutAll } from './all-attempts.ts';
import type { HeldDisk } from './held-disk.ts';
import { judge } from './judge.ts';
import { NOT_ATTEMPTED } from './kinds.ts';
import type { Marker } from './marker.ts';
import { hashDisk } from './read-disk.ts';
import { FILES } from './report-folder.ts';
import { REPORT_FORMAT, REPORT_VERSION, type AttemptRecord, type Report } from './report-schema.ts';

/** What the report says of the circumstances; looked up before the first attempt. */
export type ReportHead = Pick<Report, 'examiner' | 'tool' | 'blocker' | 'disk' | 'marker' | 'station' | 'signing'>;

export interface TestJob {
  readonly ports: Ports;
  readonly held: HeldDisk;
  readonly marker: Marker;
  readonly head: ReportHead;
  /** Made for this run, empty. */
  readonly folder: string;
  readonly stop: AbortSignal;
  readonly say: (text: string) => void;
  readonly onAttempt: (record: AttemptRecord) => void;
}

/**
 * The story of one validation: read all, attempt, read all, compare. From the first attempt on it ends with a report,
 * whatever happens; before, it throws and leaves a journal that says so.
 */
export async function runTest(job: TestJob): Promise<Report> {
  const { ports, held, marker, head } = job;
  const started = utc(ports.clock.wallMs());
  const run = randomUUID();
  const journal = await Journal.create(ports.files, ports.clock, join(job.folder, FILES.journal));
  try {
    await journal.append('begin', { run, ...head });
    const before = await read(job, 'before').catch(async (error: unknown) => {
      await journal.append('given-up', { message: messageOf(error) });
      throw error;
    });
    await journal.append('read-before', { sha256: before });
    const sizeBefore = held.disk.device.size;
    const done = await carryOutAll({
      ports,
      held,
      marker,
      run,
      stop: job.stop,
      onAttempt: async (record) => {
        job.onAttempt(record);
        await journal.append('attempt', record);
      },
      onFlag: (step) => journal.append('flag', step as unknown as JournalData),
    });
    const after = await readAfter(job);
    const facts = {
      attempts: [...done.attempts],
      reads: {
        before: { sha256: before, bytes: sizeBefore },
        after: after.sha256 === null ? null : { sha256: after.sha256, bytes: sizeBefore },
        why: after.why,
      },
      capacity: { marker: marker.size, before: sizeBefore, after: after.size },
      stopped: done.stopped,
    };
    const verdict = judge(facts);
    await journal.append('end', { result: verdict.result, sha256: after.sha256, stopped: done.stopped });
    return {
      format: REPORT_FORMAT,
      version: REPORT_VERSION,
      result: verdict.result,
      why: [...verdict.why],
      limits: [...verdict.limits],
      not_attempted: [...NOT_ATTEMPTED],
      started,
      finished: utc(ports.clock.wallMs()),
      ...head,
      ...facts,
      flag: done.flag.map((step) => ({ ...step, argv: [...step.argv] })),
      journal: { records: journal.count, head: journal.head },
    };
  } finally {
    await journal.close();
  }
}

interface After {
  readonly sha256: string | null;
  readonly size: number | null;
  readonly why: string | null;
}

/** The same disk, all of it; or why that can't be had. */
async function readAfter(job: TestJob): Promise<After> {
  try {
    // The same size too, or it throws.
    await job.held.checkSame();
  } catch (error) {
    return { sha256: null, size: null, why: messageOf(error) };
  }
  const { size } = job.held.disk.device;
  try {
    return { sha256: await read(job, 'after'), size, why: null };
  } catch (error) {
    return { sha256: null, size, why: messageOf(error) };
  }
}

const TELL_EVERY_MS = 10_000;

async function read({ ports, held, stop, say }: TestJob, when: 'before' | 'after'): Promise<string> {
  const { size } = held.disk.device;
  say(`Reading the whole disk, ${when} the attempts …`);
  let told = ports.clock.monotonicMs();
  return hashDisk(held, stop, (done) => {
    if (ports.clock.monotonicMs() - told < TELL_EVERY_MS) return;
    told = ports.clock.monotonicMs();
    say(`  ${Math.floor((done / size) * 100)} %`);
  });
}
