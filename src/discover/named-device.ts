import { resolve } from 'node:path';
import type { Stats } from 'node:fs';
import type { Device } from '../model/device.ts';
import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { Seen } from '../model/verdict.ts';
import type { Ports } from '../system/ports.ts';
import { isGone } from './attribute.ts';
import { blockOfNumber } from './block.ts';
import { describeBlock } from './describe.ts';
import { deviceEvidence } from './evidence.ts';
import { observeMachine } from './machine.ts';
import { deviceNumber } from './number.ts';
import { at, resolveLinks } from './root.ts';
import { missing, noDevice, unreadable } from './source-errors.ts';

/** A device that a person named, with what the name led to. */
export interface NamedDevice {
  /** As it was given. */
  readonly given: string;
  /** The path that the name was taken for, and where its links lead. */
  readonly path: string;
  readonly realPath: string;
  readonly device: Device;
  readonly evidence: readonly Seen[];
}

/** Where a name without a slash may stand, and then the current folder. */
const FOLDERS = ['/dev/disk/by-id', '/dev/disk/by-path', '/dev'];

interface Place {
  readonly path: string;
  readonly realPath: string;
  readonly stats: Stats;
}

/**
 * The block device of this name: a path, a link, or a bare name of /dev/disk/by-id, /dev/disk/by-path or /dev. Passive:
 * it is found by its number and not opened.
 * @throws ExhibitError fault `source` when nothing stands there; `usage` when it is no block device, or several are meant
 */
export async function findNamed(ports: Ports, given: string): Promise<NamedDevice> {
  const candidates = given.includes('/')
    ? [resolve(given)]
    : [...FOLDERS.map((folder) => `${folder}/${given}`), resolve(given)];
  const places: Place[] = [];
  for (const path of candidates) {
    const place = await lookAt(ports, path);
    if (place !== null) places.push(place);
  }
  const { path, realPath, stats } = choose(given, places);
  const number = deviceNumber(stats.rdev);
  const block = await blockOfNumber(ports, number);
  const machine = await observeMachine(ports);
  const device = block === null ? null : await describeBlock(machine, block);
  if (device === null) throw noDevice(given, number);
  return { given, path, realPath, device, evidence: await deviceEvidence(machine, device) };
}

/** The one device that is meant. */
function choose(given: string, places: readonly Place[]): Place {
  const devices = places.filter(({ stats }) => stats.isBlockDevice());
  const [first] = devices;
  if (first === undefined) {
    const [other] = places;
    throw other === undefined ? missing(given, undefined) : notADevice(given, other);
  }
  const others = devices.filter(({ stats }) => stats.rdev !== first.stats.rdev);
  if (others.length > 0) throw ambiguous(given, [first, ...others]);
  return first;
}

async function lookAt(ports: Ports, path: string): Promise<Place | null> {
  try {
    const realPath = await resolveLinks(ports, path);
    return { path, realPath, stats: await ports.files.stat(at(ports, realPath)) };
  } catch (error) {
    if (isGone(error)) return null;
    throw unreadable(path, error, ports);
  }
}

function notADevice(given: string, { realPath, stats }: Place): ExhibitError {
  const what = stats.isFile() ? 'a plain file' : stats.isDirectory() ? 'a folder' : 'no block device';
  const message = `${visible(given)} is ${what}${realPath === given ? '' : ` (${visible(realPath)})`}: nothing that hangs on this station.`;
  return new ExhibitError('usage', 'usage.not-a-device', message, {
    hint: 'Name a disk or a partition; "exhibit devices" lists what this station sees.',
  });
}

function ambiguous(given: string, places: readonly Place[]): ExhibitError {
  const meant = places.map(({ path, realPath }) => `${visible(path)} (${visible(realPath)})`).join(', ');
  const message = `"${visible(given)}" names more than one device: ${meant}.`;
  return new ExhibitError('usage', 'usage.ambiguous-device', message, { hint: 'Give the whole path.' });
}
