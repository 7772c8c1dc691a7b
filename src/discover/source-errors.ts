import type { Stats } from 'node:fs';
import { ExhibitError, errnoOf, messageOf } from '../model/errors.ts';
import type { Device } from '../model/device.ts';
import type { SourceFacts } from '../model/plan.ts';
import { groupDigits } from '../model/size.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';

/** What can be wrong with a source's path, in words for the operator. */
export function missing(path: string, cause: unknown): ExhibitError {
  return new ExhibitError('source', 'source.missing', `There is no source at ${visible(path)}.`, {
    hint: 'Is the drive plugged in and spun up? "exhibit devices" lists what this station sees.',
    cause,
  });
}

export function noDevice(path: string, number: string): ExhibitError {
  return new ExhibitError('source', 'source.missing', `No device stands behind ${visible(path)} (${number}).`, {
    hint: 'The drive was pulled out, or sysfs is not mounted at /sys. "exhibit devices" lists what this station sees.',
  });
}

export function unreadable(path: string, error: unknown, ports: Ports): ExhibitError {
  // A cause of our own is a sentence, and may know better what to do: the link to another machine is lost.
  const why = visible(messageOf(error)).replace(/\.$/, '');
  const hint = (error instanceof ExhibitError ? error.hint : undefined) ?? whatToCheck(error, ports);
  const message = `The source ${visible(path)} can't be read: ${why}.`;
  return new ExhibitError('source', 'source.unreadable', message, { hint, cause: error });
}

function whatToCheck(error: unknown, ports: Ports): string {
  if (!['EACCES', 'EPERM'].includes(errnoOf(error) ?? '')) return 'Check cable, power and dock; "dmesg" may say more.';
  return ports.host.uid === 0
    ? 'Even root is refused here: check the file system, the container or the security policy.'
    : 'Devices are read as root: run the same command with sudo.';
}

export function wrongKind(path: string, stats: Stats): ExhibitError {
  if (stats.isDirectory()) {
    return new ExhibitError('usage', 'usage.source-folder', `The source ${visible(path)} is a folder.`, {
      hint: 'Name the device or the file that holds its bytes; "exhibit devices" lists the devices.',
    });
  }
  const kind = stats.isCharacterDevice() ? 'a character device' : stats.isFIFO() ? 'a named pipe' : 'a socket';
  return new ExhibitError('usage', 'usage.source-kind', `The source ${visible(path)} is ${kind}.`, {
    hint: 'A source is a block device or a plain file: something with a size, that can be read twice.',
  });
}

export function empty(path: string, what: string): ExhibitError {
  return new ExhibitError('source', 'source.empty', `${what} ${visible(path)} holds no bytes.`, {
    hint: 'A card reader or a dock without a medium has size 0; so has a dying drive that does not spin up.',
  });
}

export function partialSector(path: string, device: Device): ExhibitError {
  const size = groupDigits(device.size);
  const message = `${visible(path)} has ${size} bytes, which is not a multiple of its sector of ${device.logicalSector} bytes.`;
  return new ExhibitError('source', 'source.partial-sector', message, {
    hint: 'The size or the sector size told by the bridge is wrong: try another bridge or dock.',
  });
}

export function vanished(facts: SourceFacts): ExhibitError {
  return new ExhibitError('source', 'source.vanished', `The source ${visible(facts.path)} is gone.`, {
    hint: 'The drive was unplugged, lost power, or gave up. What was read so far is kept.',
  });
}
