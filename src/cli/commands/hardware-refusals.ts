import { serialFault } from '../../catalog/text-laws.ts';
import { bridgeOf, type DiskChain } from '../../model/chain.ts';
import { ExhibitError } from '../../model/errors.ts';
import type { HardwareEntry } from '../../model/hardware.ts';
import { visible } from '../../model/text.ts';

/** What an attestation is bound to. */
export interface Blocker {
  readonly vendorId: string;
  readonly productId: string;
  readonly serial: string;
}

/**
 * The disk's own bridge, as far as it can be told from every other one of its kind.
 * @throws ExhibitError `hardware.no-bridge`, `hardware.no-id`, `hardware.no-serial`
 */
export function blockerOf(device: string, chain: DiskChain): Blocker {
  const bridge = bridgeOf(chain);
  const shown = visible(device);
  if (bridge === null) {
    throw new ExhibitError(
      'usage',
      'hardware.no-bridge',
      `${shown} hangs on no bridge of its own (bus: ${chain.bus}).`,
      {
        hint: 'What is plugged in beside it, or above it, protects other disks. Name a disk that is behind the blocker.',
      },
    );
  }
  if (bridge.usb === null) {
    throw new ExhibitError(
      'usage',
      'hardware.no-id',
      `The bridge of ${shown}, ${visible(bridge.name)}, tells no USB id.`,
      {
        hint: 'Only USB bridges can be learnt. Attest this one for each job, in the notes of the case.',
      },
    );
  }
  const { vendorId, productId, serial } = bridge.usb;
  const fault = serialFault(serial ?? '');
  if (serial === null || fault !== null) {
    throw new ExhibitError(
      'usage',
      'hardware.no-serial',
      `The bridge of ${shown}, ${vendorId}:${productId}, tells ${serial === null ? 'no serial' : `the serial "${visible(serial)}", which ${fault ?? ''}`}: it can't be told from another one of its kind.`,
      { hint: 'An attestation is for one piece of hardware. Attest this one for each job, in the notes of the case.' },
    );
  }
  return { vendorId, productId, serial };
}

/** @throws ExhibitError `hardware.exists`: an entry is never overwritten */
export function refuseExisting(
  { vendorId, productId, serial }: Blocker,
  entry: HardwareEntry | null,
  file: string,
): void {
  if (entry === null) return;
  const { id, attestation } = entry;
  throw new ExhibitError(
    'destination',
    'hardware.exists',
    `${visible(file)} has an entry for ${vendorId}:${productId}, serial ${visible(serial)}, already: ${id}, attested by ${visible(attestation?.by ?? '?')} at ${attestation?.at ?? '?'}.`,
    { hint: 'Entries are never overwritten. Take that one out by hand first, and keep it: old manifests refer to it.' },
  );
}

/** @throws ExhibitError `hardware.contradicted`: the shipped data knows it as an ordinary bridge */
export function refuseOrdinary({ vendorId, productId }: Blocker, shipped: HardwareEntry | null): void {
  if (shipped?.blocks !== 'never') return;
  throw new ExhibitError(
    'guard',
    'hardware.contradicted',
    `${vendorId}:${productId} is known as an ordinary bridge: ${shipped.make} ${shipped.model} (${shipped.id} in ${shipped.file}). The attestation would be contradicted, and every job refused.`,
    {
      hint: 'If it is a blocker that its maker built on this chip, its id can not show it: docs/adding-hardware.md says what to do.',
    },
  );
}
