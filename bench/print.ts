/** The tables that the terminal gets. */
import type { Contest } from './contest.ts';
import type { Measured } from './results.ts';
import { round } from './stats.ts';
import type { Target } from './targets.ts';

export function print(measured: Measured): void {
  for (const [kind, contest] of Object.entries(measured.acquire ?? {})) printContest(`Acquire, ${kind}`, contest);
  if (measured.verify !== undefined) printContest('Verify', measured.verify);
  if (measured.stages !== undefined) {
    const { rows, bottleneck, own_limit: limit } = measured.stages;
    console.log('Stages alone');
    console.table(rows.map(withoutRuns));
    console.log(`What holds it up: ${bottleneck}`);
    if (limit !== null) console.log(`Own limit: ${limit.mebibytes_per_second} MiB/s, set by ${limit.set_by}`);
  }
  if (measured.growth !== undefined) {
    console.log('Growth');
    console.table(measured.growth.rows.map(withoutRuns));
    for (const why of measured.growth.left_out) console.log(`Left out: ${why}`);
  }
  printBadMedia(measured.bad_media ?? []);
  if (measured.cut_off !== undefined) console.table(measured.cut_off);
  for (const remote of [measured.netcat, measured.ssh])
    if (remote !== undefined)
      console.table(remote.map(({ times, ...each }) => ({ ...withoutRuns(each), times: JSON.stringify(times) })));
}

export function printTargets(targets: readonly Target[]): void {
  const told = targets.filter(({ measured }) => measured !== null);
  if (told.length === 0) return;
  console.log('Targets');
  console.table(
    told.map(({ name, is, wanted, measured, reached }) => ({
      name,
      wanted: `${is} ${wanted}`,
      measured,
      reached: reached === true ? 'yes' : 'NO',
    })),
  );
  const open = targets.filter(({ measured }) => measured === null).map(({ name }) => name);
  if (open.length > 0) console.log(`Not measured: ${open.join('; ')}`);
}

function printContest(title: string, { mebibytes, rounds, rows }: Contest): void {
  console.log(`${title}: ${rounds} × ${mebibytes} MiB`);
  console.table(
    rows.map(({ times, ...row }) => ({
      ...withoutRuns(row),
      ...Object.fromEntries(Object.entries(times).map(([rival, value]) => [`× ${rival}`, value])),
    })),
  );
}

function printBadMedia(figures: NonNullable<Measured['bad_media']>): void {
  if (figures.length === 0) return;
  const rival = figures.find(({ name }) => name === 'ddrescue -d')?.seconds;
  console.log('A disk with three bad sectors');
  console.table(
    figures.map((each) => ({
      ...withoutRuns(each),
      seconds: each.seconds,
      'times ddrescue -d': rival === undefined ? '' : round(each.seconds / rival, 2),
    })),
  );
}

const RUNS = ['seconds', 'cpu_seconds', 'single_seconds'];

/** Single runs are for the file. */
function withoutRuns(row: object): object {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !RUNS.includes(name)));
}
