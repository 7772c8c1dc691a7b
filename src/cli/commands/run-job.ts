import type { AcquireJob, AcquireResult } from '../../acquire/job.ts';
import { ExhibitError } from '../../model/errors.ts';
import type { Stage } from '../../model/event.ts';
import type { Plan } from '../../model/plan.ts';
import type { KeyChoice } from '../../manifest/keys.ts';
import { openSigner, type Signer } from '../../manifest/sign.ts';
import type { Expected } from '../../plan/describe-expected.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { acquireSummary } from '../screen/acquire-summary.ts';
import { allGood } from '../screen/read-map.ts';
import { makeScreen } from '../screen/make-screen.ts';
import { confirmSource } from './confirm.ts';

/** What is settled before a job begins. */
export interface Consent {
  readonly confirmation: string;
  /** Null: `--unsigned`. */
  readonly signer: Signer | null;
}

/** The one question, then a trial signature: nobody learns after nine hours that the key can't sign. */
async function askAndTrySigning(
  env: Env,
  output: Output,
  plan: Plan,
  key: KeyChoice | null,
  stop: AbortSignal,
): Promise<Consent> {
  const confirmation = await confirmSource(env, plan, stop);
  if (key === null) return { confirmation, signer: null };
  const notify = (message: string): void => {
    output.say(message);
  };
  const now = env.ports.clock.wallMs();
  return { confirmation, signer: await openSigner(env.ports, key, { interactive: env.terminal.canAsk, now, notify }) };
}

/** What fails because the person stopped it says so. */
async function orStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (!stop.aborted) throw cause;
    throw new ExhibitError('interrupted', 'interrupted', 'Stopped before anything was read.', { cause });
  }
}

/** What would be done: the plan without the whole of the hardware data, of which it used an entry or two. */
export function reportDryRun(output: Output, plan: Plan, expected: Expected): ExitCode {
  const { guard, probes } = plan.protection;
  const shown = { ...plan, protection: { guard, probes } };
  output.result(
    { ok: true, exit: EXIT.done, dryRun: true, plan: shown, expected },
    'Dry run: nothing was read or written.',
  );
  return EXIT.done;
}

/** Asks, tries the key, runs the job with a screen, and reports. */
export async function askAndRun(
  env: Env,
  output: Output,
  plan: Plan,
  key: KeyChoice | null,
  run: (
    job: Pick<AcquireJob, 'ports' | 'plan' | 'signer' | 'confirmation' | 'emit' | 'stop'>,
  ) => Promise<AcquireResult>,
): Promise<ExitCode> {
  const signals = env.watchSignals(() => undefined);
  let consent: Consent | null = null;
  try {
    const { stop } = signals;
    consent = await orStopped(askAndTrySigning(env, output, plan, key, stop), stop);
    const { waitForDevice } = plan.request.settings;
    const screen = makeScreen(env, output, {
      stages: stagesOf(plan),
      sector: plan.logicalSector,
      waitForDevice,
      awaited: plan.source.received !== undefined,
    });
    let failed = true;
    try {
      const result = await run({ ports: env.ports, plan, ...consent, emit: screen.emit, stop });
      failed = result.ended === 'stopped';
      await screen.stop(failed);
      return report(output, result, plan.size);
    } catch (error) {
      await screen.stop(failed);
      throw error;
    }
  } finally {
    await consent?.signer?.close();
    signals.release();
  }
}

function stagesOf(plan: Plan): Stage[] {
  const { recovery, readBack, verifySource } = plan.request.settings;
  return [
    'read',
    ...(recovery === 'deferred' ? (['hash'] as const) : []),
    ...(readBack ? (['read-back'] as const) : []),
    ...(verifySource ? (['verify-source'] as const) : []),
    'seal',
  ];
}

function report(output: Output, result: AcquireResult, size: number): ExitCode {
  const exit = exitFor(result);
  const map = allGood(result.map) ? null : { cells: result.map, size };
  const ok = exit === EXIT.done || exit === EXIT.unreadableRanges;
  output.result({ ok, exit, ...result }, acquireSummary(result), map);
  return exit;
}

function exitFor(result: AcquireResult): ExitCode {
  if (result.ended === 'stopped') return EXIT.interrupted;
  switch (result.outcome) {
    case 'complete':
      return EXIT.done;
    case 'complete-with-unreadable':
      return EXIT.unreadableRanges;
    case 'mismatch':
      return EXIT.damaged;
    case 'incomplete':
      return EXIT.interrupted;
  }
}
