import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/system/clock.ts';
import type { Ports } from '../../src/system/ports.ts';
import type { Desk } from '../support/exhibit.ts';
import { freshFileSystem } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';
import { transcriptHere } from './transcript.ts';

export const MIB = 1024 * 1024;
/** Time goes by so many times as fast: what is measured is wrong, and soon measured. */
const HURRY = 20;

/** A station with a home of its own. */
export function station(home: string, change: Partial<Ports> = {}): Ports {
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() * HURRY };
  return testPorts({ clock, ...change }, { env: { HOME: home } });
}

/** Where figures are kept in a home. */
export const stateFile = (home: string): string => join(home, '.local/state/exhibit/speed.json');

/** A home, and a destination that nobody else writes to. Null: the test is skipped, aloud. */
export function scene(t: TestContext, bytes = 200 * MIB): { home: string; to: string } | null {
  const to = freshFileSystem(t, 'tmpfs', bytes);
  return to === null ? null : { home: tempFolder(t), to };
}

/** What a plan of 3 MiB says of its pace. */
export async function expected(desk: Desk, to: string, ports: Ports, ...more: string[]): Promise<string> {
  const argv = desk.acquire(desk.file('d.img', 3 * MIB), '--to', to, '--dry-run', ...more);
  const { stderr } = await transcriptHere(argv, { exit: 0, prints: [/Dry run/], says: [/^Expected$/m] }, ports);
  return /^Expected\n((?: .*\n)+)/m.exec(stderr)?.[1] ?? '';
}
