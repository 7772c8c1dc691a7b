import type { Blocks, HardwareEntry, HardwareMatch, HardwareRole } from '../../src/model/hardware.ts';

const NO_MATCH: HardwareMatch = {
  vendorId: null,
  productId: null,
  inquiryVendor: null,
  inquiryProduct: null,
  serial: null,
};

/** An entry of a made-up vendor's file; one that never blocks is an ordinary bridge. */
export function entryOf(id: string, blocks: Blocks, ...match: Partial<HardwareMatch>[]): HardwareEntry {
  const role: HardwareRole = blocks === 'never' ? 'bridge' : 'write-blocker';
  return {
    id,
    make: 'Acme',
    model: id,
    role,
    blocks,
    match: match.map((each) => ({ ...NO_MATCH, ...each })),
    quirks: [],
    evidence: [{ level: 'reported', claims: ['identity'], source: 'a list', note: null }],
    attestation: null,
    file: 'hardware/acme.yaml',
    sha256: '0'.repeat(64),
  };
}
