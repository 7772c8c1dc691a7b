import { bridgeOf, type DiskChain } from '../model/chain.ts';
import { known, unknown, type Fact } from '../model/device.ts';
import type { VendorAnswer } from '../model/probe.ts';
import type { Asker } from './ask.ts';
import { parseSgRaw } from './sg-raw.ts';
import type { AskedDisk } from './target.ts';

/** USB vendor of Tableau's bridges. No other device is ever sent its query. */
const TABLEAU = '13d7';

/** Length of the reply's head, and with the page on HPA and DCO. */
const HEAD = 120;
const REQUESTED = 152;
/** A whole command: nothing of it is ever computed. With another third byte the same operation code removes a DCO. */
const QUERY = ['ec', '00', '00', '00', '98', '00'] as const;

const READ_WRITE = 0x02;

/**
 * Asks a Tableau bridge, by its vendor's own query (Tableau's document of 2005), whether it blocks writes.
 * @param told the profile's or the operator's word: without it nothing is sent
 */
export async function askTableau(
  asker: Asker,
  disk: AskedDisk,
  chain: Fact<DiskChain>,
  told: boolean,
): Promise<Fact<VendorAnswer>> {
  if (!told) return unknown('not asked: neither profile nor operator told to send a vendor query');
  if (!chain.known) return unknown(`not asked: what ${disk.path} hangs on is not known: ${chain.why}`);
  if (bridgeOf(chain.value)?.usb?.vendorId !== TABLEAU) {
    return unknown(`not asked: the bridge of ${disk.path} is none of USB vendor ${TABLEAU} (Tableau)`);
  }
  // Without --readonly sg_raw opens the device for writing. Its own limit lets the kernel end a command that hangs.
  const limit = `--timeout=${Math.max(1, Math.floor(asker.timeoutMs / 1000))}`;
  const answer = await asker.ask(['sg_raw', '--readonly', limit, `--request=${REQUESTED}`], disk.path, QUERY);
  const reply = parseSgRaw(answer);
  if (!reply.known) return unknown(`no answer to Tableau's query: ${reply.why}`);
  return parseTableau(reply.value);
}

/** The reply to Tableau's query. Unknown when it is none. */
export function parseTableau(reply: Uint8Array): Fact<VendorAnswer> {
  const bytes = Buffer.from(reply);
  const raw = bytes.toString('hex');
  if (bytes.length < HEAD || (bytes[1] ?? 0) < HEAD) {
    return unknown(
      `no answer to Tableau's query: ${bytes.length} bytes, of which a reply has at least ${HEAD} (${raw})`,
    );
  }
  if (bytes.readUInt16BE(2) !== 0x0ecc)
    return unknown(`no answer to Tableau's query: its signature is missing (${raw})`);
  return known({
    vendor: 'tableau',
    blocking: ((bytes[7] ?? 0) & READ_WRITE) === 0,
    serial: raw.slice(16, 32),
    model: `${text(bytes, 16, 24)} ${text(bytes, 24, 32)}`.trim(),
    firmware: `${text(bytes, 32, 44)} ${text(bytes, 44, 56)}`.trim(),
    raw,
  });
}

function text(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, end).replaceAll('\0', '').trim();
}
