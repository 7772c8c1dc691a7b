import { basename, isAbsolute } from 'node:path';
import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import type { Person } from './credentials.ts';

/** Where one connection keeps its socket and its logs: a folder of whoever `ssh` runs as, closed to others. */
export interface OpenSshPlace {
  readonly socket: string;
  /** Of a log with this name. */
  path(name: string): string;
  /** What is logged so far, all of it; empty: nothing, or it can't be read whole. */
  read(name: string): Promise<string>;
  remove(): Promise<void>;
}

const TIMEOUT_MS = 10_000;
const NAME = 'exhibit-ssh-';

/** Under sudo all of it is made, read and removed as the caller: root does nothing in a folder that is somebody else's. */
export async function makePlace(ports: Ports, { caller }: Person): Promise<OpenSshPlace> {
  const { as } = caller ?? { as: [] };
  if (as.length === 0) {
    const folder = await ports.files.makePrivateFolder(NAME);
    return {
      socket: `${folder}/link`,
      path: (name) => `${folder}/${name}`,
      read: (name) => ports.files.readText(`${folder}/${name}`).catch(() => ''),
      remove: () => ports.files.removePrivateFolder(folder),
    };
  }
  const run = (...argv: string[]) => ports.commands.run([...as, ...argv], { timeoutMs: TIMEOUT_MS });
  // Root's TMPDIR may be closed to others; and the name of a socket may have no more than 107 bytes (unix(7)).
  const made = await run('env', '-u', 'TMPDIR', 'mktemp', '-d', '-t', `${NAME}XXXXXXXXXX`);
  const folder = made.stdout.trim();
  if (made.exit !== 0 || !isAbsolute(folder) || !basename(folder).startsWith(NAME)) throw notMade(made.stderr.trim());
  return {
    socket: `${folder}/link`,
    path: (name) => `${folder}/${name}`,
    read: async (name) => {
      const { exit, failure, stdout } = await run('cat', '--', `${folder}/${name}`);
      return exit === 0 && failure === null ? stdout : '';
    },
    remove: async () => {
      await run('rm', '-rf', '--', folder);
    },
  };
}

function notMade(why: string): ExhibitError {
  const message = `No folder for the connection of ssh could be made as the person who called sudo (${visible(why)}).`;
  return new ExhibitError('unexpected', 'remote.no-openssh', message, {
    hint: 'That person must be able to make a folder for temporary files (mktemp -d). Or leave --transport out: ssh2 needs no folder.',
  });
}
