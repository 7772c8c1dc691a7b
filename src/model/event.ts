/** What happens while a job runs: one model, several renderers (task list, lines, JSON). */
export type Stage = 'preflight' | 'read' | 'read-back' | 'verify-source' | 'seal' | 'verify';

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
    }
  | { readonly type: 'note'; readonly level: 'info' | 'warning'; readonly code: string; readonly message: string };

export type Emit = (event: Event) => void;
