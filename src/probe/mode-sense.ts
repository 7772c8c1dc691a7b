import { known, unknown, type Fact } from '../model/device.ts';
import type { DeclaredProtection } from '../model/probe.ts';
import { firstWords, type Answer } from './ask.ts';

/** sg3_utils(8), EXIT STATUS: an illegal request, and an operation code that the device does not know. */
const ILLEGAL_REQUEST = 5;
const INVALID_OPCODE = 9;

/** True when the device does not know MODE SENSE(10), so that the older MODE SENSE(6) may be tried. */
export function knowsNoModeSense10({ exit }: Answer): boolean {
  return exit === ILLEGAL_REQUEST || exit === INVALID_OPCODE;
}

/** The line that sg_modes prints for disks only; other devices use the byte otherwise. */
const BITS = /^ {2}Mode data length=\d+, medium type=0x[\da-f]{2}, WP=([01]), DpoFua=[01], longlba=[01]$/gm;

/**
 * Reads `sg_modes`: the write-protect bit of the mode parameter header. A set bit is the device's own word. A clear one
 * of a disk whose INQUIRY vendor is `ATA` is not: ATA has no such bit, the host's translation fills in a zero.
 */
export function parseModeSense(answer: Answer): Fact<DeclaredProtection> {
  if (answer.why !== null) return unknown(answer.why);
  if (answer.exit !== 0) return unknown(`MODE SENSE was refused: ${firstWords(answer.stderr, answer.stdout)}`);
  const header = /^Mode parameter header from (MODE SENSE\((?:6|10)\)):$/m.exec(answer.stdout)?.[1];
  const bits = [...answer.stdout.matchAll(BITS)].map((match) => match[1]);
  if (header === undefined || bits.length !== 1 || !/peripheral_type: disk \[0x0\]$/m.test(answer.stdout)) {
    return unknown(`sg_modes does not tell a write-protect bit: ${firstWords(answer.stderr, answer.stdout)}`);
  }
  const writeProtected = bits[0] === '1';
  if (!writeProtected && /^ {4}ATA {6}/.test(answer.stdout)) {
    return unknown(
      "an ATA disk has no write-protect bit: the zero in its MODE SENSE answer comes from this host's own translation",
    );
  }
  return known({ writeProtected, by: header });
}
