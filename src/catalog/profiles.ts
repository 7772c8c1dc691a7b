import { basename } from 'node:path';
import { ExhibitError } from '../model/errors.ts';
import type { ProfileRef, Settings } from '../model/request.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import { readData } from './data-file.ts';
import { profileSchema, settingsOf } from './profile-schema.ts';
import { listFaults, parseYaml } from './yaml.ts';

/** The profile that applies when nobody names one. */
export const DEFAULT_PROFILE = 'bench';

export interface Profile {
  readonly ref: ProfileRef;
  readonly settings: Settings;
  readonly description: string;
}

type CatalogPorts = Pick<Ports, 'files' | 'host'>;

/**
 * Loads a profile: a name from the program's own `profiles/`, or a file (anything with a `/`, or ending in `.yaml`).
 * @throws ExhibitError `usage.unknown-profile`, or `profile.invalid` with every fault of the file by line and column
 */
export async function loadProfile(ports: CatalogPorts, nameOrFile: string): Promise<Profile> {
  const isFile = nameOrFile.includes('/') || nameOrFile.endsWith('.yaml');
  if (!isFile && !(await knownProfiles(ports)).includes(nameOrFile)) throw await unknownProfile(ports, nameOrFile);
  const path = isFile ? nameOrFile : `${folderOf(ports)}/${nameOrFile}.yaml`;
  const { text, sha256 } = await readDataFile(ports, path, '--profile');
  const parsed = parseYaml(text, profileSchema);
  if (!parsed.ok) throw invalid(path, 'profile', listFaults(path, parsed.faults));
  const { profile: name, version, description } = parsed.value;
  return { ref: { name, version, sha256 }, settings: settingsOf(parsed.value), description };
}

/** Names of the profiles that came with the program. */
export async function knownProfiles(ports: CatalogPorts): Promise<string[]> {
  const names = await ports.files.readDir(folderOf(ports));
  return names
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => basename(name, '.yaml'))
    .sort();
}

/** The text of a YAML file that an option names, and the SHA-256 of its bytes. */
export async function readDataFile(
  ports: Pick<Ports, 'files'>,
  path: string,
  option: string,
): Promise<{ text: string; sha256: string }> {
  const file = await readData(ports, path);
  if (file.ok) return file;
  if (file.reason === 'not-text') {
    throw new ExhibitError('usage', 'usage.unreadable-file', `${option}: ${visible(path)} is not UTF-8 text.`, {
      hint: 'Save it as UTF-8.',
      cause: file.cause,
    });
  }
  throw new ExhibitError(
    'usage',
    'usage.unreadable-file',
    `${option}: ${visible(path)} can't be read: ${visible(file.why)}`,
    { hint: 'Check the path and the rights on the file.', cause: file.cause },
  );
}

/** The refusal of a data file, with its fault list. */
export function invalid(path: string, kind: 'profile' | 'request', faults: string): ExhibitError {
  const article = kind === 'profile' ? 'a profile' : 'a request file';
  return new ExhibitError('usage', `${kind}.invalid`, `${visible(path)} is not ${article}:\n${faults}`, {
    hint: `profiles/${kind}.schema.json describes the format; many editors check against it.`,
  });
}

function folderOf(ports: CatalogPorts): string {
  return `${ports.host.packageRoot}/profiles`;
}

async function unknownProfile(ports: CatalogPorts, name: string): Promise<ExhibitError> {
  const names = (await knownProfiles(ports)).join(', ');
  return new ExhibitError('usage', 'usage.unknown-profile', `--profile: there is no profile "${visible(name)}".`, {
    hint: `Known are: ${names}. A file of your own is given by its path, such as ./mine.yaml.`,
  });
}
