import type { HardwareEntry, HardwareMatch } from '../model/hardware.ts';

/** Two entries that can't stand beside each other; `later` is the one that is blamed, both are left out. */
interface Conflict {
  readonly earlier: HardwareEntry;
  readonly later: HardwareEntry;
  /** Where in `later`: `['id']`, `['match', 1]`. */
  readonly path: readonly (string | number)[];
  readonly why: string;
}

/**
 * Same ids, and entries that say different things of the same device. The lab's entries, which are for a serial, and
 * the shipped ones, which are not, are two facts and may differ: the verdict calls that a contradiction, and it
 * concerns that one device only.
 */
export function findConflicts(entries: readonly HardwareEntry[]): Conflict[] {
  return entries.flatMap((later, index) => entries.slice(0, index).flatMap((earlier) => conflictOf(earlier, later)));
}

function conflictOf(earlier: HardwareEntry, later: HardwareEntry): Conflict[] {
  if (earlier.id === later.id) return [{ earlier, later, path: ['id'], why: 'has the same id as' }];
  if (earlier.blocks === later.blocks && earlier.role === later.role) return [];
  const at = later.match.findIndex((one) => earlier.match.some((other) => overlap(one, other)));
  if (at < 0) return [];
  return [{ earlier, later, path: ['match', at], why: 'matches the same device, and says otherwise of it, as' }];
}

/**
 * Whether one device may agree with both, and neither is the exact one: a product's entry wins over its vendor's, a
 * serial's over a product's. INQUIRY strings make no entry win: a disk could bring them along.
 */
function overlap(one: HardwareMatch, other: HardwareMatch): boolean {
  return (
    one.vendorId === other.vendorId &&
    one.productId === other.productId &&
    one.serial?.trim() === other.serial?.trim() &&
    begins(one.inquiryVendor, other.inquiryVendor) &&
    begins(one.inquiryProduct, other.inquiryProduct)
  );
}

/** Whether one string can begin with both; null demands nothing. */
function begins(one: string | null, other: string | null): boolean {
  return one === null || other === null || one.startsWith(other) || other.startsWith(one);
}
