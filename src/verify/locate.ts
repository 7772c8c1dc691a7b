import { basename, dirname } from 'node:path';
import { stemOfManifestName } from '../manifest/file-names.ts';
import type { Sum } from '../manifest/sums.ts';
import { errnoOf, ExhibitError, messageOf } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import type { Check } from './report.ts';
import { StoredFolder } from './stored-folder.ts';

/** The folder that is meant, and the manifest if one was named. */
export interface Target {
  readonly folder: StoredFolder;
  readonly named: string | null;
}

/** Finds the folder of `TARGET`, a folder or a manifest file in it. Throws `verify.target` (fault `usage`). */
export async function openTarget(ports: Ports, target: string, stop: AbortSignal): Promise<Target> {
  try {
    const stats = await ports.files.statOrNull(target);
    const named = stats?.isDirectory() === true ? null : basename(target);
    if (named !== null && stemOfManifestName(named) === null) {
      throw noTarget(target, stats === null ? 'there is no such folder' : 'it is neither a folder nor a manifest');
    }
    const path = await ports.files.realPath(named === null ? target : dirname(target));
    return { folder: new StoredFolder(ports, path, await ports.files.readDir(path), stop), named };
  } catch (error) {
    if (error instanceof ExhibitError) throw error;
    throw noTarget(target, errnoOf(error) === 'ENOENT' ? 'there is no such folder' : visible(messageOf(error)), error);
  }
}

/** The manifest's name: the one that was named, the only one there is, or the only one that SHA256SUMS lists. */
export function findManifest(
  { folder, named }: Target,
  sums: readonly Sum[] | null,
): { name: string | null; checks: Check[] } {
  const isManifest = (name: string): boolean => stemOfManifestName(name) !== null;
  const there = folder.names.filter(isManifest);
  const listed = (sums ?? []).map((sum) => sum.name).filter(isManifest);
  const only = listed.length === 1 ? (listed[0] ?? null) : null;
  const found = named ?? (there.length === 1 ? (there[0] ?? null) : null);
  if (found !== null && there.includes(found)) return { name: found, checks: [ok(found)] };
  if (there.length > 1) {
    const names = there.map(visible).join(', ');
    return {
      name: only !== null && there.includes(only) ? only : null,
      checks: [bad('invalid', `There are ${there.length} manifests, and there must be one: ${names}.`)],
    };
  }
  if (only !== null)
    return { name: null, checks: [bad('damaged', `The manifest ${only} is missing; SHA256SUMS lists it.`)] };
  const what = named === null ? 'There is no manifest in the folder.' : `There is no ${visible(named)} in the folder.`;
  return { name: null, checks: [bad('invalid', what)] };
}

function ok(name: string): Check {
  return { name: 'manifest-file', status: 'ok', message: `The manifest is ${visible(name)}.` };
}

function bad(status: 'damaged' | 'invalid', message: string): Check {
  return { name: 'manifest-file', status, message };
}

function noTarget(target: string, why: string, cause?: unknown): ExhibitError {
  return new ExhibitError('usage', 'verify.target', `${visible(target)} can't be checked: ${why}.`, {
    hint: 'Give the evidence folder, or the *.manifest.json in it.',
    cause,
  });
}
