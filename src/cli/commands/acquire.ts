import { acquire } from '../../acquire/acquire.ts';
import { preflight } from '../../acquire/preflight.ts';
import type { SourceSide } from '../../acquire/source-side.ts';
import { buildRequest, profileName, type AcquireFlags } from '../../catalog/merge.ts';
import { loadProfile } from '../../catalog/profiles.ts';
import { UsageFaults } from '../../catalog/usage-faults.ts';
import { loadRequestFile } from '../../catalog/request-file.ts';
import type { AcquireRequest } from '../../model/request.ts';
import { warmThreads } from '../../hash/lane-threads.ts';
import { findSigningKey } from '../../manifest/keys.ts';
import { describePlan } from '../../plan/describe.ts';
import type { Env } from '../env.ts';
import { expectedOf } from '../expected.ts';
import { labHardwareFile } from '../lab-hardware.ts';
import { listenAsked, listeningSide, type ListenOptions } from '../listen-options.ts';
import { Output } from '../output.ts';
import type { RemoteOptions } from '../remote-machine.ts';
import { diskAddress, withSide } from '../remote-side.ts';
import { askAndRun, reportDryRun } from './run-job.ts';

export interface AcquireOptions extends AcquireFlags, RemoteOptions, ListenOptions {
  readonly request?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** The slowest hash has one, the others share another: what any job takes. */
const LANE_THREADS = 2;

/** `exhibit acquire`: request → plan → question → trial signature → job. */
export async function acquireCommand(env: Env, options: AcquireOptions): Promise<number> {
  const output = new Output(env, options.json === true);
  const request = await readRequest(env, options);
  if (request.listen !== undefined)
    return acquireFrom(env, output, request, options, listeningSide(env, request.listen));
  // A read that hangs in this process would keep it from ending; dd is a child anyway.
  if (request.remote === undefined && request.settings.reader === 'direct' && env.supervise !== null)
    return env.supervise();
  if (request.remote === undefined) return acquireFrom(env, output, request, options, undefined);
  const address = diskAddress(request.sourcePath);
  return withSide(env, address, options, null, (side) => acquireFrom(env, output, request, options, side));
}

async function acquireFrom(
  env: Env,
  output: Output,
  request: AcquireRequest,
  options: AcquireOptions,
  side: SourceSide | undefined,
): Promise<number> {
  if (options.dryRun !== true) warmThreads(LANE_THREADS);
  const { result, station, readerVersion } = await preflight(
    env.ports,
    request,
    await labHardwareFile(env.ports),
    side,
  );
  if (!result.ok) return output.refused(result.refusals, result.findings);
  const { plan } = result;
  const expected = await expectedOf(env.ports, plan);
  output.say(`${describePlan(plan, expected)}\n`);
  const key = request.overrides.unsigned ? null : await findSigningKey(env.ports, request.keyPath);
  if (options.dryRun === true) return reportDryRun(output, plan, expected);
  return askAndRun(env, output, plan, key, (job) =>
    acquire({ ...job, station, readerVersion, ...(side === undefined ? {} : { side }) }),
  );
}

async function readRequest(env: Env, options: AcquireOptions): Promise<AcquireRequest> {
  const file = options.request === undefined ? null : await loadRequestFile(env.ports, options.request);
  const profile = await loadProfile(env.ports, profileName(options, file));
  const faults = new UsageFaults();
  const listen = listenAsked(options.source ?? '', options, faults);
  const request = buildRequest(options, file, profile, faults);
  return listen === null ? request : { ...request, listen };
}
