import { dirname, join } from 'node:path';
import { keptText, parseKept } from '../doctor/speed/kept.ts';
import { ExhibitError } from '../model/errors.ts';
import type { SpeedFigures } from '../model/speed.ts';
import { asCaller, findCaller } from '../manifest/keys-caller.ts';
import type { Ports } from '../system/ports.ts';
import { handsOf } from './caller-hands.ts';

/** More than all that is kept. */
const LIMIT = 1024 * 1024;

/** What is kept of earlier measurements; empty where nothing can be made of what is there. It never throws. */
export async function readSpeedFile(ports: Ports): Promise<readonly SpeedFigures[]> {
  try {
    return (await read(ports, await speedFile(ports))) ?? [];
  } catch {
    return [];
  }
}

/**
 * Keeps figures for the plans of later acquisitions; gives the file's path. Under sudo it is the caller's, written as the caller.
 * @throws whatever kept it from being written: nobody needs it
 */
export async function keepFigures(ports: Ports, figures: SpeedFigures): Promise<string> {
  const { home } = await findCaller(ports);
  const path = await speedFile(ports);
  // A home that is not there is not made: whoever has none keeps nothing.
  const stateInHome = path.startsWith(`${home}/`);
  if (stateInHome && (await ports.files.statOrNull(home))?.isDirectory() !== true) {
    throw new ExhibitError('unexpected', 'speed.no-home', `the home folder ${home} does not exist`);
  }
  const text = keptText((await read(ports, path)) ?? [], figures);
  const hands = handsOf(ports, await asCaller(ports));
  const temporary = `${path}.new`;
  await hands.makeFolder(dirname(path));
  // Of a writing that was cut off; it holds nothing that anybody would miss.
  await hands.unlink(temporary).catch(() => undefined);
  await hands.create(temporary, text);
  try {
    await hands.rename(temporary, path);
  } catch (error) {
    await hands.unlink(temporary).catch(() => undefined);
    throw error;
  }
  await hands.syncFolder(dirname(path)).catch(() => undefined);
  return path;
}

async function speedFile(ports: Ports): Promise<string> {
  return join((await findCaller(ports)).stateFolder, 'exhibit', 'speed.json');
}

/** Null: no regular file, or one that is not ours. A pipe in its place would keep us for ever. */
async function read(ports: Ports, path: string): Promise<readonly SpeedFigures[] | null> {
  const stats = await ports.files.stat(path).catch(() => null);
  if (stats?.isFile() !== true) return null;
  return parseKept(await ports.files.readText(path, LIMIT));
}
