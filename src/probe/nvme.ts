import { known, unknown, type Fact } from '../model/device.ts';
import type { DeclaredProtection } from '../model/probe.ts';
import { firstWords, type Answer } from './ask.ts';
import { countAt, parseRecord } from './json.ts';

/** Bit 0 of the namespace attributes: write protected, for whatever reason. The bit exists since NVMe 1.4. */
const WRITE_PROTECTED = 1;
const NVME_1_4 = 0x01_04_00;

/** By the kernel's name for it. */
export function isNvme(name: string): boolean {
  return /^nvme\d/.test(name);
}

/**
 * Reads `nvme id-ns --output-format=json`. A clear bit means something only where the controller follows NVMe 1.4.
 * @param version as smartctl has it; null: not told
 */
export function parseNamespace(answer: Answer, version: number | null): Fact<DeclaredProtection> {
  if (answer.why !== null) return unknown(answer.why);
  if (answer.exit !== 0)
    return unknown(`the namespace can't be identified: ${firstWords(answer.stderr, answer.stdout)}`);
  const json = parseRecord(answer.stdout);
  const attributes = json === null ? null : countAt(json, 'nsattr');
  if (json === null || attributes === null || attributes > 0xff || (countAt(json, 'nsze') ?? 0) === 0) {
    return unknown('nvme did not answer with the attributes of a namespace');
  }
  const writeProtected = (attributes & WRITE_PROTECTED) !== 0;
  if (!writeProtected && (version === null || version < NVME_1_4)) {
    return unknown('the controller is not known to follow NVMe 1.4, before which a namespace has no write-protect bit');
  }
  return known({ writeProtected, by: 'NVMe namespace attributes' });
}
