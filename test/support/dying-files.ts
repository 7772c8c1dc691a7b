import { readdirSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemFiles, type Files, type OpenFile } from '../../src/system/files.ts';
import { fileWith } from './ports.ts';

/**
 * How the end comes. `kill`: before the step. `torn`: in the middle of it, where it writes. `power`: before it, and
 * what was not brought to disk is lost: the file is there, and empty.
 */
export type Death = 'kill' | 'torn' | 'power';

/** Thrown by everything that a dead process would not do any more. */
class Killed extends Error {
  constructor() {
    super('killed by the test');
  }
}

/**
 * The real files, until the step numbered `at` of those that change something: it and all later ones are not done, as
 * if the process had been killed there. Without `at` it only counts.
 */
export class DyingFiles {
  readonly files: Files;
  /** What was done, in order: `write VERIFY.txt.new`, … */
  readonly steps: string[] = [];
  readonly #at: number;
  readonly #death: Death;
  readonly #unsynced = new Set<string>();
  dead = false;

  constructor(at = Infinity, death: Death = 'kill', hardLinks = true) {
    this.#at = at;
    this.#death = death;
    const noLinks = Object.assign(new Error('EPERM: made by the test'), { code: 'EPERM' });
    this.files = {
      ...systemFiles,
      open: async (path, mode) => {
        if (mode !== 'create' && mode !== 'append') return systemFiles.open(path, mode);
        this.#step(`open ${path}`);
        return this.#watched(await systemFiles.open(path, mode), path);
      },
      link: (from, to) =>
        hardLinks ? this.#do(`link ${to}`, () => systemFiles.link(from, to)) : Promise.reject(noLinks),
      rename: (from, to) => this.#do(`rename ${to}`, () => systemFiles.rename(from, to)),
      unlink: (path) => this.#do(`unlink ${path}`, () => systemFiles.unlink(path)),
      truncate: (path, size) => this.#do(`truncate ${path}`, () => systemFiles.truncate(path, size)),
      syncFolder: (path) => this.#do(`sync ${path}`, () => systemFiles.syncFolder(path)),
    };
  }

  #watched(file: OpenFile, path: string): OpenFile {
    const inode = `${dirname(path)}/${statSync(path).ino}`;
    const sync = (name: string, act: () => Promise<void>): Promise<void> =>
      this.#do(`${name} ${path}`, async () => {
        await act();
        this.#unsynced.delete(inode);
      });
    return fileWith(file, {
      write: async (buffer, offset, length, position) => {
        this.#unsynced.add(inode);
        try {
          this.#step(`write ${path}`);
        } catch (error) {
          if (this.#death === 'torn' && this.steps.length === this.#at)
            await file.write(buffer, offset, Math.floor(length / 2), position);
          throw error;
        }
        await file.write(buffer, offset, length, position);
      },
      sync: () => sync('fsync', () => file.sync()),
      datasync: () => sync('fdatasync', () => file.datasync()),
    });
  }

  async #do<T>(step: string, act: () => Promise<T>): Promise<T> {
    this.#step(step);
    return act();
  }

  #step(step: string): void {
    if (this.dead) throw new Killed();
    if (this.steps.length === this.#at) {
      this.dead = true;
      if (this.#death === 'power') this.#loseUnsynced();
      throw new Killed();
    }
    this.steps.push(step);
  }

  #loseUnsynced(): void {
    for (const inode of this.#unsynced) {
      const folder = dirname(inode);
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        if (statSync(path).isFile() && `${folder}/${statSync(path).ino}` === inode) truncateSync(path, 0);
      }
    }
  }
}
