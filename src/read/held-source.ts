import { errnoOf, ExhibitError } from '../model/errors.ts';
import type { SourceFacts } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import type { Files, OpenFile } from '../system/files.ts';
import { tryLock } from '../system/lock.ts';
import type { Commands } from '../system/run-command.ts';

/** A source that is held open, read-only, so that nobody else takes it while it is read. */
export interface HeldSource {
  readonly file: OpenFile;
  readonly kind: 'block' | 'file';
  /** The operator's path, for messages. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes; 512 for a plain file. */
  readonly logicalSector: number;
  /** True when the kernel keeps others away: O_EXCL on a block device, flock on a file. */
  readonly exclusive: boolean;
  close(): Promise<void>;
}

/**
 * Opens the source and takes it: O_EXCL on a block device (the kernel then refuses mounts and other exclusive
 * openers), flock on a plain file. Throws `source.busy` when somebody else has it.
 */
export async function holdSource(files: Files, commands: Commands, facts: SourceFacts): Promise<HeldSource> {
  const block = facts.kind === 'block';
  const file = await openSource(files, facts);
  const lock = block ? 'held' : await tryLock(commands, file.fd);
  if (lock === 'busy') {
    await file.close();
    throw busy(facts.path);
  }
  return {
    file,
    kind: facts.kind,
    path: facts.path,
    size: facts.identity.size,
    logicalSector: block ? facts.device.logicalSector : 512,
    exclusive: lock === 'held',
    close: () => file.close(),
  };
}

async function openSource(files: Files, facts: SourceFacts): Promise<OpenFile> {
  try {
    return await files.open(facts.realPath, facts.kind === 'block' ? 'read-exclusive' : 'read');
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'EBUSY') throw busy(facts.path);
    if (errno === 'ENOENT' || errno === 'ENXIO' || errno === 'ENODEV' || errno === 'ENOMEDIUM') {
      throw new ExhibitError('source', 'source.vanished', `${visible(facts.path)} is gone.`, {
        hint: 'Check the cable and the power of the drive, look again with `exhibit devices`, then start again.',
        cause,
      });
    }
    throw new ExhibitError(
      'source',
      'source.unreadable',
      `${visible(facts.path)} can't be opened for reading (${errno ?? 'unknown error'}).`,
      {
        hint: 'Reading a disk takes root: run it with sudo.',
        cause,
      },
    );
  }
}

function busy(path: string): ExhibitError {
  return new ExhibitError(
    'source',
    'source.busy',
    `${visible(path)} is in use: another job reads it, or something has mounted it.`,
    {
      hint: 'Wait for the other job, or unmount what `exhibit devices` shows for it.',
    },
  );
}
