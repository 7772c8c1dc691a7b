import { bridgeOf, type ChainLink, type DiskChain, type InquiryStrings } from '../model/chain.ts';
import type { Blocks, HardwareEntry, HardwareMatch } from '../model/hardware.ts';

/** From the least to the most that an entry can do for a verdict. */
const LEAST_FIRST: readonly Blocks[] = ['never', 'unknown', 'switch', 'always'];

/**
 * The entry that this disk's own bridge is, or null. A blocker anywhere else (beside it on the hub, above it for
 * another device) protects another disk and is never looked at. An entry for one serial wins over one for a product,
 * that over one for a vendor. Where entries of one rank differ, which the catalog calls a fault, the one that says the
 * least wins: a doubt never raises a verdict.
 */
export function matchHardware(chain: DiskChain, entries: readonly HardwareEntry[]): HardwareEntry | null {
  const bridge = bridgeOf(chain);
  if (bridge === null) return null;
  // The kernel keeps the INQUIRY strings with the disk, whoever wrote them.
  const inquiry = bridge.inquiry ?? chain.links.findLast(({ role }) => role === 'disk')?.inquiry ?? null;
  const found = entries.flatMap((entry) => {
    const ranks = entry.match.filter((match) => agrees(match, bridge, inquiry)).map(rank);
    return ranks.length === 0 ? [] : [{ entry, rank: Math.max(...ranks) }];
  });
  found.sort((a, b) => b.rank - a.rank || modesty(a.entry) - modesty(b.entry) || (a.entry.id < b.entry.id ? -1 : 1));
  return found[0]?.entry ?? null;
}

/** An entry without a vendor's id recognises nothing: INQUIRY strings may be the disk's own words. */
function agrees(match: HardwareMatch, { usb }: ChainLink, inquiry: InquiryStrings | null): boolean {
  if (usb === null || match.vendorId === null || match.vendorId !== usb.vendorId) return false;
  if (match.productId !== null && match.productId !== usb.productId) return false;
  if (match.serial !== null && match.serial.trim() !== usb.serial?.trim()) return false;
  if (match.inquiryVendor !== null && inquiry?.vendor.startsWith(match.inquiryVendor) !== true) return false;
  return match.inquiryProduct === null || inquiry?.product.startsWith(match.inquiryProduct) === true;
}

function rank({ serial, productId }: HardwareMatch): number {
  return (serial === null ? 0 : 2) + (productId === null ? 0 : 1);
}

function modesty({ role, blocks }: HardwareEntry): number {
  return LEAST_FIRST.indexOf(blocks) + (role === 'write-blocker' ? LEAST_FIRST.length : 0);
}
