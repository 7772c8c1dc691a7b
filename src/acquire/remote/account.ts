import type { Range } from '../../model/range.ts';
import type { LinkFacts, RemoteFacts, RemoteRun, WireMode } from '../../model/remote.ts';
import { valueOf } from '../../model/device.ts';
import type { Journal, JournalData } from '../../manifest/journal.ts';
import type { GivenUp } from '../../remote/channel-pool.ts';
import type { Mismatch, ProofLog } from '../../remote/range-reader.ts';
import type { Crossing } from '../../remote/range-answer.ts';
import type { RemoteShell } from '../../remote/shell.ts';

/** Runs that one session puts on record at most; all are counted. */
const MOST_RUNS = 200;
/** Characters of why a program was given up. */
const MOST_WORDS = 500;

/**
 * What one session did on another machine, and what that machine told of the bytes it sent. Totals go into the journal
 * before each checkpoint: what is in the image by then has been counted.
 */
export class RemoteAccount implements ProofLog {
  #ranges = 0;
  #bytes = 0;
  #hashedRanges = 0;
  #hashedBytes = 0;
  #wireBytes = 0;
  readonly #modes: Record<WireMode, number> = { none: 0, zstd: 0, gzip: 0 };
  #mismatches: Mismatch[] = [];
  #givenUp: GivenUp[] = [];
  #shells: { readonly shell: RemoteShell; told: number }[] = [];
  #runs = 0;
  #changed = false;

  taken({ start, end }: Range, hashed: boolean, { mode, wire }: Crossing): void {
    this.#ranges += 1;
    this.#wireBytes += wire;
    this.#modes[mode] += 1;
    this.#bytes += end - start;
    if (hashed) {
      this.#hashedRanges += 1;
      this.#hashedBytes += end - start;
    }
    this.#changed = true;
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

  /** Appends what is new since the last time; nothing when nothing is. */
  async tell(journal: Journal): Promise<void> {
    const runs = this.#freshRuns();
    if (!this.#changed && runs.length === 0) return;
    const kept = runs.slice(0, Math.max(0, MOST_RUNS - this.#runs));
    this.#runs += runs.length;
    this.#changed = false;
    await journal.append('remote-account', {
      ranges: this.#ranges,
      bytes: this.#bytes,
      hashed_ranges: this.#hashedRanges,
      hashed_bytes: this.#hashedBytes,
      wire_bytes: this.#wireBytes,
      modes: { ...this.#modes },
      mismatches: this.#mismatches.splice(0).map(({ start, end, told, ours }) => ({ start, end, told, ours })),
      given_up: this.#givenUp.splice(0).map(({ code, at, why }) => ({ code, at, why: why.slice(0, MOST_WORDS) })),
      run_count: runs.length,
      runs: kept.map(runSection),
    });
  }

  #freshRuns(): RemoteRun[] {
    return this.#shells.flatMap((each) => {
      const fresh = each.shell.footprint.slice(each.told);
      each.told += fresh.length;
      return fresh;
    });
  }
}

function runSection({ argv, exit, signal, ms, outputBytes, stderr }: RemoteRun): JournalData {
  return { argv: [...argv], exit, signal, ms, stdout_bytes: outputBytes, stderr: stderr.slice(0, 1000) };
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
