/** Schemes of sources that are not on this station: a disk behind SSH, and one that another machine sends. */
export const SCHEMES = { ssh: 'ssh://', listen: 'listen://' } as const;

/** Percent-encoded UTF-8 in plain; null: it is none. */
export function percentDecoded(encoded: string): string | null {
  try {
    const plain = decodeURIComponent(encoded);
    return plain.isWellFormed() ? plain : null;
  } catch {
    return null;
  }
}

/** A path as an address holds it; empty where none is named. */
export function percentEncodedPath(path: string | null): string {
  return path === null ? '' : path.split('/').map(encodeURIComponent).join('/');
}

/**
 * A port as it is written, in decimal digits; null: it is none.
 * @param least 1, or 0 where that means any that is free
 */
export function parsePort(digits: string, least: 0 | 1): number | null {
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : -1;
  return port >= least && port <= 65_535 ? port : null;
}
