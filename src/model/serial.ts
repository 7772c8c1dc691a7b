import { type Device, valueOf } from './device.ts';
import { visible } from './text.ts';

/** Something about the disks of a station that a person has to know before one of them is chosen. */
export interface DeviceNote {
  readonly code: 'serial.empty' | 'serial.zeros' | 'serial.repeated' | 'serial.padded' | 'serial.same';
  /** Paths of the devices that it is about. */
  readonly devices: readonly string[];
  readonly message: string;
}

/** Blanks fill the fields of ATA, SCSI and NVMe as their standards want it. A string of USB has a length: nothing has to be filled. */
const BLANKS = /^\p{Z}|\p{Z}$/u;

/** NULs and the like at an end, or so many zeros in front that they only fill a field. */
const FILL = /^\p{Cc}|\p{Cc}$|^0{6,}[^0]/u;

/** Why a serial tells no disk from another; null: it may. */
export function textSaysNothing(serial: string): 'empty' | 'zeros' | 'repeated' | null {
  const letters = bare(serial);
  if (letters === '') return 'empty';
  if (/^0+$/.test(letters)) return 'zeros';
  return letters.length > 1 && /^(.)\1+$/u.test(letters) ? 'repeated' : null;
}

/** The same of what a device tells; null also where it tells none. */
export function serialSaysNothing(device: Pick<Device, 'serial' | 'serialAsTold'>): ReturnType<typeof textSaysNothing> {
  const told = valueOf(device.serial) ?? valueOf(device.serialAsTold);
  return told === null ? null : textSaysNothing(told);
}

/** Words for the table's cell: `(says nothing: zeros)`. */
export const SAYS_NOTHING = {
  empty: 'says nothing: empty',
  zeros: 'says nothing: zeros',
  repeated: 'says nothing: one letter repeated',
} as const;

/** What is wrong with the serials of these devices, alone and among each other. One note a fault, naming all devices. */
export function serialNotes(devices: readonly Device[]): DeviceNote[] {
  const disks = devices.filter(hasSerialOfItsOwn);
  const saying = (what: string): Device[] => disks.filter((device) => serialSaysNothing(device) === what);
  return [
    ...noteOf('serial.empty', saying('empty'), 'tells an empty serial: go by the label and the port (by-path).'),
    ...noteOf(
      'serial.zeros',
      saying('zeros'),
      'tells a serial of zeros, as bridges do: go by the label and the port (by-path).',
    ),
    ...noteOf(
      'serial.repeated',
      saying('repeated'),
      'tells one letter over and over as its serial: go by the label and the port (by-path).',
    ),
    ...noteOf(
      'serial.padded',
      disks.filter(isPadded),
      'fills its serial up with blanks, zeros or the like: compare it with the label letter by letter.',
    ),
    ...sameSerials(disks),
  ];
}

/** What the serial of one device can and can't tell among the disks of its station. */
export interface SerialFacts {
  /** Other disks that tell the serial of the disk, or of a disk, that it lies on: their paths. */
  readonly twins: readonly string[];
  /** What is odd about its own. */
  readonly notes: readonly DeviceNote[];
}

export function serialFacts(device: Device, all: readonly Device[]): SerialFacts {
  return { twins: twinsOf(device, all), notes: notesOn(device, all).filter(({ code }) => code !== 'serial.same') };
}

/** What of that concerns one of them. A partition has its disk's serial, and its disk's notes. */
export function notesOn(device: Device, all: readonly Device[]): DeviceNote[] {
  const disk = all.find(({ name }) => name === device.wholeDisk)?.path ?? device.path;
  return serialNotes(all).filter(({ devices }) => devices.includes(disk));
}

/** The other disks that tell the serial of the disk, or of a disk, that a device lies on: their paths. */
export function twinsOf(device: Pick<Device, 'disks'>, all: readonly Device[]): string[] {
  const own = new Set(all.filter(({ name }) => device.disks.includes(name)).map(({ path }) => path));
  return sameSerials(all.filter(hasSerialOfItsOwn)).flatMap(({ devices }) =>
    devices.some((path) => own.has(path)) ? devices.filter((path) => !own.has(path)) : [],
  );
}

/** Devices that tell the same serial, padding and case aside. Serials that say nothing were named already. */
function sameSerials(disks: readonly Device[]): DeviceNote[] {
  const bySerial = new Map<string, { serial: string; devices: string[] }>();
  for (const disk of disks) {
    const serial = valueOf(disk.serial);
    if (serial === null || serialSaysNothing(disk) !== null) continue;
    const group = bySerial.get(bare(serial)) ?? { serial, devices: [] };
    group.devices.push(disk.path);
    bySerial.set(bare(serial), group);
  }
  return [...bySerial.values()].flatMap(({ serial, devices }): DeviceNote[] => {
    if (devices.length < 2) return [];
    const message = `${visible(devices.join(', '))} tell the same serial, "${visible(serial)}": it does not say which is which, or one disk is seen more than once. Go by the label and the port (by-path).`;
    return [{ code: 'serial.same', devices, message }];
  });
}

/** Whole devices; what has its serial from the disk below it would only repeat that one's. */
function hasSerialOfItsOwn(device: Device): boolean {
  return device.kind === 'disk' || device.kind === 'optical';
}

function isPadded(device: Device): boolean {
  const told = valueOf(device.serialAsTold);
  if (told === null || serialSaysNothing(device) !== null) return false;
  const onUsb = device.chain.known && device.chain.value.bus === 'usb';
  return FILL.test(told) || (onUsb && BLANKS.test(told));
}

function noteOf(code: DeviceNote['code'], devices: readonly Device[], what: string): DeviceNote[] {
  if (devices.length === 0) return [];
  const paths = devices.map(({ path }) => path);
  return [{ code, devices: paths, message: `${visible(paths.join(', '))}: ${what}` }];
}

/** Letters and digits alone, in capitals: padding, dashes and case tell nothing. */
export function bare(text: string): string {
  return text.toUpperCase().replace(/[^\p{L}\p{N}]/gu, '');
}
