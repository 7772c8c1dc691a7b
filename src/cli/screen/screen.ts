import type { Emit, Stage } from '../../model/event.ts';

/** What a person, or a program, sees of a job while it runs. One model of events, several renderers. */
export interface Screen {
  readonly emit: Emit;
  /** Ends the display; `failed` when the job did not come to its end. Nothing is drawn afterwards. */
  stop(failed: boolean): Promise<void>;
}

export const STAGE_TITLES: Readonly<Record<Stage, string>> = {
  preflight: 'Preflight',
  read: 'Read and hash the source',
  hash: 'Hash what was read out of order',
  'read-back': 'Read the image back',
  'verify-source': 'Read the source a second time',
  seal: 'Manifest, signatures, seal',
  verify: 'Verify',
};
