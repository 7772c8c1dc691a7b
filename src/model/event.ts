import type { FailedReads } from './checkpoint.ts';

/** What happens while a job runs: one model, several renderers (task list, lines, JSON). */
export type Stage = 'preflight' | 'read' | 'hash' | 'read-back' | 'verify-source' | 'seal' | 'verify';

export type Event =
  | {
      readonly type: 'stage';
      readonly stage: Stage;
      readonly status: 'start' | 'done' | 'skipped' | 'failed';
      readonly detail?: string;
    }
  | {
      readonly type: 'progress';
      readonly stage: Stage;
      /** Bytes. */
      readonly done: number;
      readonly total: number;
      /** Bytes filled so far because they could not be read. */
      readonly unreadable: number;
      /** Reading a source: the reads that failed so far, all sessions together. */
      readonly failedReads?: FailedReads;
      /** Only while good areas are read first: the pass under way, and bytes of the source. */
      readonly rescue?: {
        readonly pass: string;
        /** Good, unreadable, or failed so far. */
        readonly tried: number;
        readonly good: number;
      };
    }
  /** What is known of a source of `size` bytes by now, as `mapCells` gives it; at most once a second, while it is read. */
  | { readonly type: 'map'; readonly stage: Stage; readonly size: number; readonly cells: string }
  /** What is to be run on another machine, which sends its disk to this address then. Exact: nothing of it is shortened or escaped. */
  | {
      readonly type: 'invitation';
      readonly host: string;
      readonly port: number;
      /** Byte of the disk from which it is to be sent. */
      readonly offset: number;
      /** SHA-256 of the certificate; null: plain. */
      readonly fingerprint: string | null;
      readonly commands: readonly {
        readonly name: string;
        readonly needs: string;
        readonly tells: boolean;
        readonly line: string;
      }[];
      /** The same in words, a line each. */
      readonly text: readonly string[];
    }
  | { readonly type: 'note'; readonly level: 'info' | 'warning'; readonly code: string; readonly message: string };

export type Emit = (event: Event) => void;
