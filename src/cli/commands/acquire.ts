import { acquire } from '../../acquire/acquire.ts';
import { preflight } from '../../acquire/preflight.ts';
import { buildRequest, profileName, type AcquireFlags } from '../../catalog/merge.ts';
import { loadProfile } from '../../catalog/profiles.ts';
import { loadRequestFile } from '../../catalog/request-file.ts';
import type { AcquireRequest } from '../../model/request.ts';
import { findSigningKey } from '../../manifest/keys.ts';
import { describePlan } from '../../plan/describe.ts';
import type { Env } from '../env.ts';
import { labHardwareFile } from '../lab-hardware.ts';
import { Output } from '../output.ts';
import { askAndRun, reportDryRun } from './run-job.ts';

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
  const { result, station, readerVersion } = await preflight(env.ports, request, await labHardwareFile(env.ports));
  if (!result.ok) return output.refused(result.refusals, result.findings);
  const { plan } = result;
  output.say(`${describePlan(plan)}\n`);
  const key = request.overrides.unsigned ? null : await findSigningKey(env.ports, request.keyPath);
  if (options.dryRun === true) return reportDryRun(output, plan);
  return askAndRun(env, output, plan, key, (job) => acquire({ ...job, station, readerVersion }));
}

async function readRequest(env: Env, options: AcquireOptions): Promise<AcquireRequest> {
  const file = options.request === undefined ? null : await loadRequestFile(env.ports, options.request);
  const profile = await loadProfile(env.ports, profileName(options, file));
  return buildRequest(options, file, profile);
}
