import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { bug, errnoOf, ExhibitError, messageOf } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import { utc, type Clock } from '../system/clock.ts';
import type { Files, OpenFile } from '../system/files.ts';
import { canonicalLine } from './encode.ts';
import {
  checkChain,
  formatRecord,
  hashLine,
  NO_RECORD,
  type JournalData,
  type JournalRecord,
} from './journal-chain.ts';

export { checkChain, formatRecord, type Chain, type JournalData, type JournalRecord } from './journal-chain.ts';

/** Where a journal stands: records written, hash of the last one, bytes of the file that hold whole records. */
interface Position {
  readonly count: number;
  readonly head: string;
  readonly length: number;
}

/** Bytes of a journal that is read whole: pieces of 1 MiB make 130 MB of them for two terabytes. */
export const JOURNAL_LIMIT = 1024 * 1024 * 1024;

const EMPTY: Position = { count: 0, head: NO_RECORD, length: 0 };

/** The append-only, hash-chained record of a run. `docs/manifest-format.md`, section 6. */
export class Journal {
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #file: OpenFile;
  #position: Position;
  #queue: Promise<void> = Promise.resolve();
  #closed = false;
  #broken: ExhibitError | null = null;

  private constructor(files: Files, clock: Clock, file: OpenFile, position: Position) {
    this.#files = files;
    this.#clock = clock;
    this.#file = file;
    this.#position = position;
  }

  /**
   * Makes a new, empty journal, and so claims its folder. The caller locks `fd` before it appends.
   * Throws `destination.exists` when there is anything of that name.
   */
  static async create(files: Files, clock: Clock, path: string): Promise<Journal> {
    const file = await files.open(path, 'create').catch((error: unknown) => {
      throw errnoOf(error) === 'EEXIST'
        ? alreadyThere(path, error)
        : destinationFault(path, 'can not be created', error);
    });
    try {
      await files.syncFolder(dirname(path));
    } catch (error) {
      await file.close();
      await files.unlink(path).catch(() => undefined);
      throw destinationFault(path, 'can not be made safe on disk', error);
    }
    return new Journal(files, clock, file, EMPTY);
  }

  /**
   * Opens a stopped run's journal to go on with it. A torn tail is cut off, which the next record (`tail-dropped`) says.
   * @param claim locks the descriptor, or throws: a running job's half-written line is no torn tail
   * Throws `journal.missing`, `journal.chain` (fault `damage`), or what `claim` throws; then nothing was changed.
   */
  static async reopen(
    files: Files,
    clock: Clock,
    path: string,
    claim: (fd: number) => Promise<void>,
  ): Promise<Journal> {
    const file = await files.open(path, 'append').catch((error: unknown) => {
      throw errnoOf(error) === 'ENOENT' ? missing(path, error) : destinationFault(path, 'can not be opened', error);
    });
    try {
      await claim(file.fd);
      return await Journal.#continue(files, clock, file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  static async #continue(files: Files, clock: Clock, file: OpenFile): Promise<Journal> {
    const bytes = await readAll(file);
    const chain = checkChain(bytes);
    if (!chain.ok) throw brokenChain(file.path, chain.faults);
    const length = chain.torn?.offset ?? bytes.length;
    const journal = new Journal(files, clock, file, { count: chain.records.length, head: chain.head, length });
    if (chain.torn !== null) {
      await files.truncate(file.path, length);
      const tail = bytes.subarray(length);
      await journal.append('tail-dropped', {
        offset: length,
        bytes: tail.length,
        sha256: createHash('sha256').update(tail).digest('hex'),
      });
    }
    return journal;
  }

  /** The descriptor that carries the job's lock. */
  get fd(): number {
    return this.#file.fd;
  }

  /** SHA-256 of the last record that is on disk. */
  get head(): string {
    return this.#position.head;
  }

  /** Records on disk. */
  get count(): number {
    return this.#position.count;
  }

  /**
   * Appends a record; resolves when it is on disk. Records keep the order of the calls. A full disk throws
   * `destination.full` and leaves the journal as it was, so that a later record can still be written.
   */
  async append(type: string, data: JournalData = {}): Promise<void> {
    if (this.#closed) throw bug(`journal: a record "${type}" after it was closed`);
    // The caller's object may change while the record waits for its turn.
    const copy = JSON.parse(canonicalLine(data)) as JournalData;
    const at = utc(this.#clock.wallMs());
    const mono_ms = Math.floor(this.#clock.monotonicMs());
    const done = this.#queue.then(() => this.#write({ at, mono_ms, type, data: copy }));
    this.#queue = done.catch(() => undefined);
    await done;
  }

  /** Waits for the records under way, then closes. The descriptor's lock ends here. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue;
    await this.#file.close();
  }

  async #write(fields: Pick<JournalRecord, 'at' | 'mono_ms' | 'type' | 'data'>): Promise<void> {
    if (this.#broken !== null) throw this.#broken;
    const { count, head, length } = this.#position;
    const line = formatRecord({ n: count, prev: head, ...fields });
    try {
      await this.#file.write(line, 0, line.length, length);
    } catch (error) {
      await this.#takeBack(length);
      throw destinationFault(this.#file.path, 'can not be written', error);
    }
    await this.#sync();
    this.#position = { count: count + 1, head: hashLine(line), length: length + line.length };
  }

  /** After a failed write part of the line may be there; what follows it would break the chain. */
  async #takeBack(length: number): Promise<void> {
    try {
      await this.#files.truncate(this.#file.path, length);
    } catch (error) {
      this.#broken = destinationFault(
        this.#file.path,
        'can not be written, nor cut back to its last whole record',
        error,
      );
    }
  }

  /** After a failed fsync nobody knows what is on disk, and a second try may lie: the journal ends there. */
  async #sync(): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (error) {
      this.#broken = destinationFault(this.#file.path, 'can not be brought to disk', error);
      throw this.#broken;
    }
  }
}

async function readAll(file: OpenFile): Promise<Buffer> {
  const { size } = await file.stat();
  const bytes = Buffer.alloc(size);
  const read = await file.read(bytes, 0, size, 0);
  return bytes.subarray(0, read);
}

function alreadyThere(path: string, cause: unknown): ExhibitError {
  return new ExhibitError(
    'destination',
    'destination.exists',
    `${visible(path)} is already there: another acquisition has this folder.`,
    {
      hint: 'Nothing was overwritten. Choose another evidence id or --folder-name, or go on with the one that stopped: exhibit resume DIR.',
      cause,
    },
  );
}

function missing(path: string, cause: unknown): ExhibitError {
  return new ExhibitError(
    'damage',
    'journal.missing',
    `${visible(path)} is not there: without its journal a stopped acquisition can't be closed.`,
    {
      hint: 'Look whether this is the right folder.',
      cause,
    },
  );
}

export function brokenChain(path: string, faults: readonly string[]): ExhibitError {
  return new ExhibitError(
    'damage',
    'journal.chain',
    `${visible(path)} was changed after it was written: ${faults.join('; ')}.`,
    {
      hint: 'Nothing was touched. Keep the folder as it is, and find out who changed it.',
    },
  );
}

function destinationFault(path: string, what: string, cause: unknown): ExhibitError {
  const full = errnoOf(cause) === 'ENOSPC' || errnoOf(cause) === 'EDQUOT';
  return new ExhibitError(
    'destination',
    full ? 'destination.full' : 'destination.io',
    `The journal ${visible(path)} ${what}: ${messageOf(cause)}.`,
    {
      hint: full ? 'Make room on the destination.' : "Look at the destination disk and the kernel's log.",
      cause,
    },
  );
}
