import type { Range } from '../../model/range.ts';
import type { LinkFacts, RemoteFacts, RemoteRun } from '../../model/remote.ts';
import { valueOf } from '../../model/device.ts';
import type { Journal, JournalData } from '../../manifest/journal.ts';
import { noTotals } from '../../manifest/remote-schema.ts';
import type { GivenUp } from '../../remote/channel-pool.ts';
import type { Mismatch, ProofLog } from '../../remote/range-reader.ts';
import type { Crossing } from '../../remote/range-answer.ts';
import type { RemoteShell } from '../../remote/shell.ts';

/** Runs that one session puts on record at most; all are counted. */
const MOST_RUNS = 200;
/** Characters of why a program was given up, and of what a command said. */
const MOST_WORDS = 500;
const MOST_STDERR = 1000;

/**
 * What one session did on another machine, and what that machine told of the bytes it sent. Totals go into the journal
 * before each checkpoint: what is in the image by then has been counted.
 */
export class RemoteAccount implements ProofLog {
  #totals = noTotals();
  readonly #mismatches: Mismatch[] = [];
  readonly #givenUp: GivenUp[] = [];
  readonly #shells: { readonly shell: RemoteShell; told: number }[] = [];
  #runs = 0;
  #bootId: string | null = null;
  #changed = false;
  #position = 0;
  #telling: Promise<void> = Promise.resolve();

  taken({ start, end }: Range, hashed: boolean, { mode, wire }: Pick<Crossing, 'mode' | 'wire'>): void {
    const totals = this.#totals;
    this.#position = end;
    totals.ranges += 1;
    totals.bytes += end - start;
    totals.wire_bytes += wire;
    totals.modes[mode] += 1;
    if (hashed) {
      totals.hashed_ranges += 1;
      totals.hashed_bytes += end - start;
    }
    this.#changed = true;
  }

  /** Where what was taken last ends on the source. */
  get position(): number {
    return this.#position;
  }

  mismatch(mismatch: Mismatch): void {
    this.#mismatches.push(mismatch);
    this.#changed = true;
  }

  gaveUp(program: GivenUp): void {
    this.#givenUp.push(program);
    this.#changed = true;
  }

  /** What is run there is ours from now on. */
  met(shell: RemoteShell): void {
    if (this.#shells.every((each) => each.shell !== shell)) this.#shells.push({ shell, told: 0 });
  }

  /** The boot id that the machine told last, in this session or before it; null: it told none. */
  get bootId(): string | null {
    return this.#bootId;
  }

  /** @param bootId what it says now; null tells nothing, and what was known stays */
  started(bootId: string | null): void {
    this.#bootId = bootId ?? this.#bootId;
  }

  /** @param bootId of an earlier session, for as long as this one knows of none */
  startedBefore(bootId: string | null): void {
    this.#bootId ??= bootId;
  }

  /** From here on the disk is read a second time: what comes is counted for itself. Tell what came before first. */
  beginSecondPass(): void {
    this.#totals = noTotals();
  }

  /** Appends what is new since the last time; nothing when nothing is. What could not be appended is still new. */
  tell(journal: Journal): Promise<void> {
    // A checkpoint and a link that came back may both tell at the same time: nothing is told twice.
    const telling = this.#telling.then(() => this.#append(journal));
    this.#telling = telling.catch(() => undefined);
    return telling;
  }

  async #append(journal: Journal): Promise<void> {
    const fresh = this.#shells.map((each) => ({ each, runs: each.shell.footprint.slice(each.told) }));
    const runs = fresh.flatMap((one) => one.runs);
    if (!this.#changed && runs.length === 0) return;
    const mismatches = this.#mismatches.map(({ start, end, told, ours }) => ({ start, end, told, ours }));
    const givenUp = this.#givenUp.map(({ code, at, why }) => ({
      code,
      at,
      why: why.slice(0, MOST_WORDS).toWellFormed(),
    }));
    this.#changed = false;
    try {
      await journal.append('remote-account', {
        ...this.#totals,
        modes: { ...this.#totals.modes },
        mismatches,
        given_up: givenUp,
        run_count: runs.length,
        runs: runs.slice(0, Math.max(0, MOST_RUNS - this.#runs)).map(runSection),
      });
    } catch (error) {
      this.#changed = true;
      throw error;
    }
    this.#mismatches.splice(0, mismatches.length);
    this.#givenUp.splice(0, givenUp.length);
    this.#runs += runs.length;
    for (const { each, runs: told } of fresh) each.told += told.length;
  }
}

function runSection({ argv, exit, signal, ms, outputBytes, stderr }: RemoteRun): JournalData {
  return {
    argv: [...argv],
    exit,
    signal,
    ms,
    stdout_bytes: outputBytes,
    stderr: stderr.slice(0, MOST_STDERR).toWellFormed(),
  };
}

/** A connection as it is put on record. */
export function connectionSection(link: LinkFacts, { bootId }: Pick<RemoteFacts, 'bootId'>) {
  return {
    host_key: { type: link.hostKey.type, fingerprint: link.hostKey.fingerprint, judged_by: link.judgedBy },
    server_version: link.serverVersion,
    cipher: link.cipher,
    authentication: link.authentication,
    boot_id: valueOf(bootId),
  };
}
