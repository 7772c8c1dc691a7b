import { bug, errnoOf, ExhibitError } from '../model/errors.ts';
import type { SourceFacts } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import type { Files, OpenFile } from '../system/files.ts';
import { tryLock } from '../system/lock.ts';
import type { Commands } from '../system/run-command.ts';
import type { ClosableRangeReader, ProbeOrder } from './probe.ts';
import type { Reader } from './reader.ts';

/**
 * What keeps others from a source while it is read.
 * - `exclusive-open`: a block device opened with O_EXCL (open(2)): the kernel refuses mounts and every other opener with
 *   O_EXCL, of the whole disk and of its partitions. Whoever opens it otherwise is not kept away.
 * - `advisory-lock`: a plain file with flock(2): it keeps away only those who ask for the lock, and nobody from writing.
 * - `nothing`: a plain file, and flock(1) or the file system gave no lock.
 * - `remote-descriptor`: a disk of another machine, which a program there holds open for reading: its number can't be
 *   given to another disk, and nobody is kept away.
 * - `stream`: a disk that another machine sends: only that machine knows who has it.
 */
export type HeldBy = 'exclusive-open' | 'advisory-lock' | 'nothing' | 'remote-descriptor' | 'stream';

/** How a disk of another machine is read: it has no descriptor here. */
export interface ReadElsewhere {
  /** Ranges one at a time. */
  ranges(order: ProbeOrder): ClosableRangeReader;
  /** All of it, in order. */
  readonly reader: Reader;
}

/** A source that is held open, read-only. */
export interface HeldSource {
  /** Null: it is on another machine; `elsewhere` reads it. */
  readonly file: OpenFile | null;
  readonly elsewhere?: ReadElsewhere;
  readonly kind: 'block' | 'file';
  /** The operator's path, for messages. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes; 512 for a plain file. */
  readonly logicalSector: number;
  readonly heldBy: HeldBy;
  close(): Promise<void>;
}

/** The open file of a source of this station. */
export function fileOf({ file, path }: Pick<HeldSource, 'file' | 'path'>): OpenFile {
  if (file === null) throw bug(`${visible(path)} has no descriptor here`);
  return file;
}

/**
 * Opens the source and takes it: O_EXCL on a block device (the kernel then refuses mounts and other exclusive
 * openers), flock on a plain file. Throws `source.busy` when somebody else has it.
 */
export async function holdSource(files: Files, commands: Commands, facts: SourceFacts): Promise<HeldSource> {
  const block = facts.kind === 'block';
  const file = await openSource(files, facts);
  const lock = block ? null : await tryLock(commands, file.fd);
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
    heldBy: lock === null ? 'exclusive-open' : lock === 'held' ? 'advisory-lock' : 'nothing',
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
