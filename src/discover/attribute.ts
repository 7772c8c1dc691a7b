import { errnoOf, messageOf } from '../model/errors.ts';
import { known, unknown, valueOf, type Fact } from '../model/device.ts';
import type { Ports } from '../system/ports.ts';
import { at } from './root.ts';

/** What the kernel answers for an entry that is not there, or whose device was pulled out while it was asked. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ENODEV', 'ENXIO']);

/** Whether there is no such entry, or no longer: anything else that keeps it from being read is not known to be that. */
export function isGone(error: unknown): boolean {
  return GONE.has(errnoOf(error) ?? '');
}

/** One sysfs attribute without its closing line break. Unknown when it is not there or can't be read. */
export async function attribute(ports: Ports, path: string): Promise<Fact<string>> {
  try {
    return known((await ports.files.readText(at(ports, path))).replace(/\n$/, ''));
  } catch (error) {
    return unknown(isGone(error) ? `there is no ${path}` : `${path}: ${messageOf(error)}`);
  }
}

/** As {@link attribute}, trimmed; null when not known or empty. */
export async function attributeText(ports: Ports, path: string): Promise<string | null> {
  const text = valueOf(await attribute(ports, path))?.trim() ?? '';
  return text === '' ? null : text;
}

/** A whole number; null when not known or not a number. */
export async function attributeNumber(ports: Ports, path: string): Promise<number | null> {
  const text = await attributeText(ports, path);
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

/** Names in a folder, sorted. Gone means none; a folder that can't be read is unknown. */
export async function names(ports: Ports, path: string): Promise<Fact<readonly string[]>> {
  try {
    return known((await ports.files.readDir(at(ports, path))).sort());
  } catch (error) {
    return isGone(error) ? known([]) : unknown(`${path}: ${messageOf(error)}`);
  }
}
