import { acquire } from '../../acquire/run.ts';
import type { AcquireResult } from '../../acquire/job.ts';
import { preflight, type Preflight } from '../../acquire/preflight.ts';
import { buildRequest, profileName, type AcquireFlags } from '../../catalog/merge.ts';
import { loadProfile } from '../../catalog/profiles.ts';
import { loadRequestFile } from '../../catalog/request-file.ts';
import { ExhibitError } from '../../model/errors.ts';
import type { Stage } from '../../model/event.ts';
import type { Plan } from '../../model/plan.ts';
import type { AcquireRequest } from '../../model/request.ts';
import { findSigningKey, type KeyChoice } from '../../manifest/keys.ts';
import { openSigner, type Signer } from '../../manifest/sign.ts';
import { describePlan } from '../../plan/describe.ts';
import type { Env } from '../env.ts';
import { labHardwareFile } from '../lab-hardware.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Output } from '../output.ts';
import { acquireSummary } from '../screen/acquire-summary.ts';
import { makeScreen } from '../screen/make-screen.ts';
import { confirmSource } from './confirm.ts';

export interface AcquireOptions extends AcquireFlags {
  readonly request?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `exhibit acquire`: request → plan → question → trial signature → job. */
export async function acquireCommand(env: Env, options: AcquireOptions): Promise<number> {
  const output = new Output(env, options.json === true);
  const request = await readRequest(env, options);
  // A read that hangs in this process would keep it from ending; dd is a child anyway.
  if (request.settings.reader === 'direct' && env.supervise !== null) return env.supervise();
  const ready = await preflight(env.ports, request, await labHardwareFile(env.ports));
  const { result } = ready;
  if (!result.ok) return output.refused(result.refusals, result.findings);
  output.say(`${describePlan(result.plan)}\n`);
  const key = request.overrides.unsigned ? null : await findSigningKey(env.ports, request.keyPath);
  if (options.dryRun === true) {
    output.result(
      { ok: true, exit: EXIT.done, dryRun: true, plan: shownPlan(result.plan) },
      'Dry run: nothing was read or written.',
    );
    return EXIT.done;
  }
  const signals = env.watchSignals(() => undefined);
  let consent: Consent | null = null;
  try {
    consent = await orStopped(askAndTrySigning(env, output, result.plan, key, signals.stop), signals.stop);
    return await runJob(env, output, { ...ready, ...consent, plan: result.plan, stop: signals.stop });
  } finally {
    await consent?.signer?.close();
    signals.release();
  }
}

/** Without the whole of the hardware data, of which the plan used an entry or two. */
function shownPlan(plan: Plan): object {
  const { guard, probes } = plan.protection;
  return { ...plan, protection: { guard, probes } };
}

interface Consent {
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

async function readRequest(env: Env, options: AcquireOptions): Promise<AcquireRequest> {
  const file = options.request === undefined ? null : await loadRequestFile(env.ports, options.request);
  const profile = await loadProfile(env.ports, profileName(options, file));
  return buildRequest(options, file, profile);
}

interface Ready extends Preflight, Consent {
  readonly plan: Plan;
  readonly stop: AbortSignal;
}

async function runJob(env: Env, output: Output, ready: Ready): Promise<ExitCode> {
  const { plan, station, readerVersion, signer, confirmation, stop } = ready;
  const screen = makeScreen(env, output, stagesOf(plan), plan.logicalSector);
  let failed = true;
  try {
    const result = await acquire({
      ports: env.ports,
      plan,
      station,
      readerVersion,
      signer,
      confirmation,
      emit: screen.emit,
      stop,
    });
    failed = result.ended === 'stopped';
    await screen.stop(failed);
    return report(output, result);
  } catch (error) {
    await screen.stop(failed);
    throw error;
  }
}

function stagesOf(plan: Plan): Stage[] {
  const { readBack, verifySource } = plan.request.settings;
  return [
    'read',
    ...(readBack ? (['read-back'] as const) : []),
    ...(verifySource ? (['verify-source'] as const) : []),
    'seal',
  ];
}

function report(output: Output, result: AcquireResult): ExitCode {
  const exit = exitFor(result);
  output.result({ ok: exit === EXIT.done || exit === EXIT.unreadableRanges, exit, ...result }, acquireSummary(result));
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
