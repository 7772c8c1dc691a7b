import { errnoOf } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';
import { at } from './root.ts';

/** More than any text attribute of sysfs holds. */
const LIMIT = 65_536;

/**
 * An attribute without the blanks around it; null where the device has none of that name, or an empty one. Unlike
 * `attributeText` it throws where the device went away while it was asked (ENODEV, ENXIO), or anything else failed.
 */
export async function told(ports: Ports, path: string): Promise<string | null> {
  return (await toldAsIs(ports, path))?.trim() || null;
}

/** As {@link told}, padding and all, without the closing line break; null only where there is no such attribute. */
export async function toldAsIs(ports: Ports, path: string): Promise<string | null> {
  const text = await orAbsent(() => ports.files.readText(at(ports, path), LIMIT));
  return text?.replace(/\n$/, '') ?? null;
}

/** The name of the driver bound to a device's folder; null where none is. Throws as {@link told}. */
export async function driverOf(ports: Ports, folder: string): Promise<string | null> {
  const link = await orAbsent(() => ports.files.readLink(at(ports, `${folder}/driver`)));
  return link === null ? null : link.slice(link.lastIndexOf('/') + 1);
}

async function orAbsent<T>(look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return null;
    throw error;
  }
}
