import type { Device } from '../model/device.ts';
import { valueOf } from '../model/device.ts';
import type { Finding } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import { refusal } from './scratch-disk.ts';

/** The marker's header has room for it, however it is spelled. */
const LONGEST = 300;

/** What a person has to type to show that he means this very disk, and where it is read off. */
export interface DiskName {
  readonly option: '--serial' | '--backing-file';
  readonly value: string;
}

export type DiskNameResult =
  { readonly ok: true; readonly name: DiskName } | { readonly ok: false; readonly refusals: readonly Finding[] };

/**
 * The serial of a disk; of a loop device, which has none, the file behind it. No other disk of the station may tell the
 * same one.
 * @param others all disks of this station, the disk itself may be among them
 */
export function diskName(device: Device, others: readonly Device[]): DiskNameResult {
  if (device.kind === 'loop') return fileName(device);
  const path = visible(device.path);
  const serial = valueOf(device.serial)?.trim() ?? '';
  if (/^[0\s.\-_]*$/.test(serial)) {
    const told = device.serial.known
      ? `"${visible(device.serial.value)}", which names no disk`
      : visible(device.serial.why);
    return refused(
      'disk.no-serial',
      `${path} tells no serial: ${told}.`,
      'Without one nothing proves that this is the disk that you mean. Connect it to a port of the station itself, or by another adapter; or take another disk.',
    );
  }
  const twins = others.filter(
    (other) =>
      other.number !== device.number &&
      other.kind === 'disk' &&
      valueOf(other.serial)?.trim().toUpperCase() === serial.toUpperCase(),
  );
  if (twins.length > 0) {
    return refused(
      'disk.serial-twice',
      `${path} and ${twins.map((twin) => visible(twin.path)).join(', ')} tell the same serial.`,
      'Disconnect every disk that is not meant, or take another adapter: some tell their own serial for every disk.',
    );
  }
  return named({ option: '--serial', value: serial }, path);
}

/** Compared as it is: a name that nearly fits is another disk's. Null: it is the right one. */
export function typedRefusal(device: Device, name: DiskName, typed: string): Finding | null {
  if (typed.trim() === name.value) return null;
  const what = name.option === '--serial' ? 'serial' : 'backing file';
  return refusal(
    'disk.not-the-one',
    `The ${what} that was typed, "${visible(typed.trim())}", is not what ${visible(device.path)} tells.`,
    name.option === '--serial'
      ? 'Read it off the label of the disk in your hand, every character, and compare with "exhibit devices".'
      : 'Type the whole path, as "losetup --list" shows it.',
  );
}

function fileName(device: Device): DiskNameResult {
  if (device.backingFile !== null)
    return named({ option: '--backing-file', value: device.backingFile }, visible(device.path));
  return refused(
    'disk.no-serial',
    `${visible(device.path)} is a loop device, and the file behind it is not known.`,
    'Set it up from a file that this user can see.',
  );
}

function named(name: DiskName, path: string): DiskNameResult {
  if (name.value.length <= LONGEST) return { ok: true, name };
  return refused(
    'disk.long-name',
    `What names ${path} is longer than ${LONGEST} letters.`,
    'Take another disk, or a shorter path.',
  );
}

function refused(code: string, message: string, hint: string): DiskNameResult {
  return { ok: false, refusals: [refusal(code, message, hint)] };
}
