import { promises as fs } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../model/errors.ts';

/** Makes a folder and its missing parents; gives what it made itself, outermost first. When it fails, nothing of that is left. */
export async function makeFolder(path: string, sync: (folder: string) => Promise<unknown>): Promise<string[]> {
  const made: string[] = [];
  try {
    await makeMissing(path, made);
    for (const folder of made) await sync(dirname(folder));
    return made;
  } catch (error) {
    for (const folder of made.reverse()) await fs.rmdir(folder).catch(() => undefined);
    throw error;
  }
}

/** One folder at a time: only so is it known which of them were made here, and not by another job meanwhile. */
async function makeMissing(path: string, made: string[]): Promise<void> {
  try {
    await makeOne(path, made);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeMissing(dirname(path), made);
    await makeOne(path, made);
  }
}

async function makeOne(path: string, made: string[]): Promise<void> {
  try {
    await fs.mkdir(path);
    made.push(path);
  } catch (error) {
    const isFolder = async (): Promise<boolean> => (await fs.stat(path).catch(() => null))?.isDirectory() === true;
    if (errnoOf(error) !== 'EEXIST' || !(await isFolder())) throw error;
  }
}
