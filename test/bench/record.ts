/** What the machine tells the station: one line of JSON each. */
export type BenchRecord = ScenarioRecord | CaptureRecord;

/** How a scenario went. */
export interface ScenarioRecord {
  readonly type: 'scenario';
  readonly name: string;
  /** What its `command` gave. */
  readonly seen?: unknown;
  /** Why it could not be carried out or cleared away, with the stack; absent when it was. */
  readonly error?: string;
  readonly ms: number;
}

/** A file for `test/fixtures/bench/`. */
export interface CaptureRecord {
  readonly type: 'capture';
  readonly path: string;
  readonly content: string;
}
