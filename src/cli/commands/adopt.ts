import { adoptAcquisition, preflightAdopt } from '../../acquire/stopped/adopt-foreign.ts';
import { buildRequest, type AcquireFlags } from '../../catalog/merge.ts';
import { loadProfile } from '../../catalog/profiles.ts';
import { ExhibitError } from '../../model/errors.ts';
import { sourceKind } from '../../model/source-kind.ts';
import { visible } from '../../model/text.ts';
import { findSigningKey } from '../../manifest/keys.ts';
import { describePlan } from '../../plan/describe.ts';
import type { Env } from '../env.ts';
import { expectedOf } from '../expected.ts';
import { labHardwareFile } from '../lab-hardware.ts';
import { Output } from '../output.ts';
import { askAndRun, reportDryRun } from './run-job.ts';

/** What an image needs that was begun by another program: it has no journal that tells its case. */
export interface AdoptOptions {
  readonly adoptMap: string;
  readonly image?: string;
  readonly case?: string;
  readonly evidence?: string;
  readonly description?: string;
  readonly notes?: string;
  readonly authority?: string;
}

type Options = AcquireFlags & AdoptOptions & { readonly dryRun?: boolean; readonly json?: boolean };

/** `exhibit resume DIR SOURCE --adopt-map MAP` where ddrescue began: its folder becomes the evidence folder. */
export async function adoptCommand(
  env: Env,
  target: string,
  source: string | undefined,
  options: Options,
): Promise<number> {
  const output = new Output(env, options.json === true);
  if (source !== undefined && sourceKind(source) !== 'here') throw notFromThere(source);
  const profile = await loadProfile(env.ports, 'rescue');
  const request = buildRequest({ ...options, to: target, source, folderName: undefined }, null, profile);
  if (env.supervise !== null) return env.supervise();
  const folder = await env.ports.files.realPath(target).catch((cause: unknown) => {
    const message = `${visible(target)} is not a folder that can be read.`;
    throw new ExhibitError('usage', 'adopt.no-image', message, { hint: 'Name the folder of the image.', cause });
  });
  const { adoptMap, image: name = null } = options;
  const lab = await labHardwareFile(env.ports);
  const ready = await preflightAdopt(env.ports, folder, request, adoptMap, name, lab);
  const { result, station, readerVersion, image, foreign } = ready;
  if (!result.ok) return output.refused(result.refusals, result.findings);
  const { plan } = result;
  const expected = await expectedOf(env.ports, plan, foreign.map.bytes('good'));
  output.say(`${describePlan(plan, expected)}\n`);
  output.say(`Taken over: ${visible(image.name)}, as ${visible(foreign.path)} tells (${visible(foreign.comment)}).\n`);
  const key = request.overrides.unsigned ? null : await findSigningKey(env.ports, request.keyPath);
  if (options.dryRun === true) return reportDryRun(output, plan, expected);
  return askAndRun(env, output, plan, key, (job) =>
    adoptAcquisition({ ...job, station, readerVersion, image, foreign }),
  );
}

function notFromThere(source: string): ExhibitError {
  const message = `${visible(source)} is on another machine: an image that ddrescue began is only gone on with from a disk of this station.`;
  return new ExhibitError('usage', 'adopt.remote', message, {
    hint: `Begin it anew: exhibit acquire ${sourceKind(source)}://… Or bring the disk here.`,
  });
}

/** An acquisition that exhibit began has its case and its image: nobody gives it others. */
export function refuseCaseOptions(options: Partial<AdoptOptions>): void {
  const names = ['case', 'evidence', 'description', 'notes', 'authority', 'image'] as const;
  const given = names.filter((name) => options[name] !== undefined).map((name) => `--${name}`);
  if (given.length === 0) return;
  const message = `${given.join(', ')}: the acquisition was begun with its own.`;
  throw new ExhibitError('usage', 'usage.request', message, {
    hint: 'They are for an image that another program began, together with --adopt-map. Leave them out.',
  });
}
