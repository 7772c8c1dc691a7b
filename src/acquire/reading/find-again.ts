import { listDevices } from '../../discover/devices.ts';
import { asSource, findSource } from '../../discover/source.ts';
import { ExhibitError } from '../../model/errors.ts';
import { diskDifferences } from '../../model/identity.ts';
import type { SourceFacts } from '../../model/plan.ts';
import { visible } from '../../model/text.ts';
import type { Ports } from '../../system/ports.ts';

/** What a look for a disk that went away found. */
export type FoundAgain =
  | { readonly found: 'nothing' }
  | { readonly found: 'same'; readonly source: SourceFacts }
  /** Something else stands where it was. */
  | { readonly found: 'other'; readonly source: SourceFacts; readonly differences: readonly string[] };

/**
 * Looks for a disk that went away: at its path, then among all disks, for names move. A disk without a serial and model
 * is looked for at its path alone. Passive.
 */
export async function findAgain(ports: Ports, lost: SourceFacts): Promise<FoundAgain> {
  const there = await at(ports, lost);
  if (there !== null && isSame(lost, there)) return { found: 'same', source: there };
  // One look for both questions: a disk may come between two.
  const all = (await listDevices(ports)).filter(({ size }) => size > 0).map((device) => asSource(device));
  const elsewhere = among(all, lost);
  if (elsewhere !== null) return { found: 'same', source: elsewhere };
  const other = there ?? inItsPlace(all, lost);
  const differences = other === null ? [] : differencesTo(other, lost);
  return other === null || differences.length === 0
    ? { found: 'nothing' }
    : { found: 'other', source: other, differences };
}

/** The disk around a lost partition is back before the partition is: then its size says nothing. */
function differencesTo(other: SourceFacts, lost: SourceFacts): string[] {
  const around = isPartition(lost) && !isPartition(other);
  return diskDifferences(around ? { ...lost.identity, size: other.identity.size } : lost.identity, other.identity);
}

function isPartition(source: SourceFacts): boolean {
  return source.kind === 'block' && source.device.kind === 'partition';
}

function isSame(lost: SourceFacts, there: SourceFacts): boolean {
  return diskDifferences(lost.identity, there.identity).length === 0;
}

async function at(ports: Ports, lost: SourceFacts): Promise<SourceFacts | null> {
  try {
    return await findSource(ports, lost.path);
  } catch (error) {
    // Not there yet, or there without a medium, or not yet answering.
    if (error instanceof ExhibitError && error.fault === 'source') return null;
    throw error;
  }
}

function among(all: readonly SourceFacts[], lost: SourceFacts): SourceFacts | null {
  const { serial, wwn } = lost.identity;
  if (serial === null && wwn === null) return null;
  const [only, ...more] = all.filter((each) => isSame(lost, each));
  // Two of the same name: whoever chooses must be a person.
  return only === undefined || more.length > 0 ? null : only;
}

/** A disk on the very socket that the lost one hung on. */
function inItsPlace(all: readonly SourceFacts[], lost: SourceFacts): SourceFacts | null {
  const socket = socketOf(lost);
  return socket === null ? null : (all.find((each) => socketOf(each) === socket) ?? null);
}

/** The place in sysfs of the USB device that a disk hangs on; null for whatever hangs on none. */
function socketOf(source: SourceFacts): string | null {
  if (source.kind === 'file' || !source.device.chain.known) return null;
  return source.device.chain.value.links.findLast(({ usb }) => usb !== null)?.sysfs ?? null;
}

/** Another disk was put where the source was. */
export function otherDisk(
  lost: SourceFacts,
  { source, differences }: Extract<FoundAgain, { found: 'other' }>,
): ExhibitError {
  const message = `Another disk was put in the place of ${visible(lost.path)} (${visible(source.path)}: ${visible(differences.join('; '))}).`;
  return new ExhibitError('source', 'source.changed', message, {
    hint: 'Nothing was read from it. Connect the disk that was being imaged, then: exhibit resume DIR',
  });
}
