import { spawnSync, type SpawnSyncReturns } from 'node:child_process';

/** Folders with system tools that an ordinary user's PATH may leave out. */
const SBIN = '/usr/local/sbin:/usr/sbin:/sbin';

/** Runs a tool of the station and waits; `error` is set when there is no such tool. */
export function tool(name: string, argv: readonly string[]): SpawnSyncReturns<string> {
  const env = { ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH'] ?? ''}:${SBIN}` };
  return spawnSync(name, argv, { encoding: 'utf8', env });
}

export function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
