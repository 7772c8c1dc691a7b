import { basename, join } from 'node:path';
import { isThere } from '../../acquire/stopped/leftovers.ts';
import { ExhibitError } from '../../model/errors.ts';
import { visible } from '../../model/text.ts';
import { folderNames, stemOfJournalName, stemOfManifestName } from '../../manifest/file-names.ts';
import type { Env } from '../env.ts';

/** What `exhibit seal` finds before it does anything. */
export interface FolderState {
  readonly folder: string;
  readonly stem: string;
  /** There is a manifest: only what comes after it is missing. */
  readonly closed: boolean;
}

/** Looks at the folder that is to be sealed. Throws `seal.no-folder`. */
export async function lookAt(env: Env, target: string): Promise<FolderState> {
  const { files } = env.ports;
  const names = await files.readDir(target).catch((cause: unknown) => {
    throw new ExhibitError('usage', 'seal.no-folder', `${visible(target)} is not a folder that can be read.`, {
      hint: 'Name the evidence folder, the one that holds the .journal.jsonl.',
      cause,
    });
  });
  const manifests = names.map(stemOfManifestName).filter((stem) => stem !== null);
  const journals = names.map(stemOfJournalName).filter((stem) => stem !== null);
  const stems = [...new Set([...manifests, ...journals])];
  const [stem] = stems;
  if (stem === undefined || stems.length > 1 || journals.length !== 1) {
    throw new ExhibitError(
      'usage',
      'seal.no-folder',
      `${visible(target)} is not an evidence folder: it holds ${journals.length} journals.`,
      {
        hint: `Name the evidence folder itself${names.length > 0 ? `, perhaps ${visible(join(basename(target), names[0] ?? ''))}` : ''}.`,
      },
    );
  }
  const folder = await files.realPath(target);
  // A name that is only taken is no manifest yet.
  const closed = manifests.length === 1 && (await isThere(files, folder, folderNames(stem).manifest));
  return { folder, stem, closed };
}

/** Whether an acquisition was begun in a folder. A folder that can't be read has none. */
export async function hasJournal(env: Env, target: string): Promise<boolean> {
  const names = await env.ports.files.readDir(target).catch(() => []);
  return names.some((name) => stemOfJournalName(name) !== null);
}

/** The reason of `--incomplete`, which a stopped acquisition needs and no other takes; null: there is a manifest. */
export function judgeReason(target: string, closed: boolean, reason: string | undefined): string | null {
  if (closed && reason !== undefined) {
    throw new ExhibitError('usage', 'seal.complete', `${visible(target)} has a manifest: it is not incomplete.`, {
      hint: 'Leave --incomplete out to sign it.',
    });
  }
  if (closed) return null;
  if (reason !== undefined && reason.trim() !== '' && reason.isWellFormed()) return reason;
  throw new ExhibitError(
    'usage',
    'seal.no-reason',
    `${visible(target)} holds an acquisition that stopped before its end.`,
    {
      hint: 'Close it as incomplete, and say why: exhibit seal DIR --incomplete "the drive stopped answering"',
    },
  );
}
