import { blockOfNumber } from '../discover/block.ts';
import { valueOf } from '../model/device.ts';
import type { Ports } from '../system/ports.ts';
import type { CommandResult } from '../system/run-command.ts';

const TIMEOUT_MS = 10_000;

/** One look at, or change of, the kernel's read-only flag. */
export interface FlagStep {
  readonly when: 'as-found' | 'for-the-test' | 'restored';
  readonly argv: readonly string[];
  readonly exit: number | null;
  readonly said: string;
  /** What `blockdev --getro` says afterwards; null: it could not be asked. */
  readonly read_only: boolean | null;
}

/** What sysfs shows of the flag of a whole disk, by its number; for looking often. Null: it does not tell. */
export async function flagNow(ports: Ports, number: string): Promise<boolean | null> {
  const block = await blockOfNumber(ports, number);
  return block === null ? null : valueOf(block.readOnly);
}

/** What the kernel says when asked. Null: it could not be asked. */
async function readFlag(ports: Ports, path: string): Promise<boolean | null> {
  const { stdout, exit } = await blockdev(ports, '--getro', path);
  const flag = stdout.trim();
  return exit === 0 && (flag === '0' || flag === '1') ? flag === '1' : null;
}

/**
 * Takes the kernel's read-only flag away where it is set: the blocker is on trial, not this host. Gives what was done;
 * a kernel that keeps the flag (the driver set it, on the device's own word) shows in `read_only`.
 */
export async function clearFlag(ports: Ports, path: string): Promise<FlagStep[]> {
  const found = await readFlag(ports, path);
  const asFound: FlagStep = {
    when: 'as-found',
    argv: ['blockdev', '--getro', path],
    exit: found === null ? null : 0,
    said: '',
    read_only: found,
  };
  return found === true ? [asFound, await change(ports, '--setrw', path, 'for-the-test')] : [asFound];
}

/** Sets the flag again if it was set and taken away. */
export async function restoreFlag(ports: Ports, path: string, steps: readonly FlagStep[]): Promise<FlagStep[]> {
  if (!steps.some(({ when }) => when === 'for-the-test')) return [];
  return [await change(ports, '--setro', path, 'restored')];
}

async function change(
  ports: Ports,
  action: '--setrw' | '--setro',
  path: string,
  when: FlagStep['when'],
): Promise<FlagStep> {
  const { argv, exit, stderr } = await blockdev(ports, action, path);
  return { when, argv, exit, said: stderr.trim().toWellFormed(), read_only: await readFlag(ports, path) };
}

function blockdev(ports: Ports, action: string, path: string): Promise<CommandResult> {
  return ports.commands.run(['blockdev', action, path], { timeoutMs: TIMEOUT_MS });
}
