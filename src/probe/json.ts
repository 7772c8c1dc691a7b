/** JSON of a tool, as far as it can be trusted: every look at it says what it wants, and gets null for anything else. */
export type Json = Readonly<Record<string, unknown>>;

/** The object that a text is; null when it is anything else, or cut off. */
export function parseRecord(text: string): Json | null {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return null;
  }
}

export function recordOf(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

export function recordAt(record: Json, key: string): Json {
  return recordOf(record[key]) ?? {};
}

export function listAt(record: Json, key: string): readonly unknown[] {
  const value = record[key];
  return Array.isArray(value) ? value : [];
}

/** Text with the blanks at its ends taken off, which disks pad with; null when it is no text. */
export function textAt(record: Json, key: string): string | null {
  const value = record[key];
  return typeof value === 'string' ? value.replaceAll('\0', '').trim().toWellFormed() : null;
}

/** A whole number that is exact and not negative. */
export function countAt(record: Json, key: string): number | null {
  const value = record[key];
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}
