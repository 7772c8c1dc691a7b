/** One thing looked at. `missing`: imaging needs it. `warning`: imaging works, with less than it could have. */
export interface Examination {
  readonly what: string;
  readonly state: 'ok' | 'warning' | 'missing';
  readonly found: string;
  readonly advice: string | null;
}

export function ok(what: string, found: string): Examination {
  return { what, state: 'ok', found, advice: null };
}

export function warning(what: string, found: string, advice: string | null): Examination {
  return { what, state: 'warning', found, advice };
}
