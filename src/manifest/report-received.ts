import { FATAL_WORDS } from '../model/listen.ts';
import { describeBytes, groupDigits } from '../model/size.ts';
import { visible } from '../model/text.ts';
import { confirmedBytes, fatalEnd } from './received-account.ts';
import type { ReceivedSection, SectionStream } from './received-schema.ts';
import { field, reportTime } from './report-lines.ts';

/** Connections that were not let in and that the report has; the manifest has more. */
const REFUSED_SHOWN = 10;

/** How a disk came that another machine sent, what it is worth, and whose word the hashes of what was sent are. */
export function receivedLines(received: ReceivedSection | null, imageSize: number): string[] {
  if (received === null) return [];
  const { disk, expect_size, listened, streams, refused } = received;
  const places = [...new Set(listened.map(({ address, port }) => `${address} port ${port}`))];
  return [
    field(
      'Sent by another machine',
      `to ${places.length === 0 ? 'us; nothing was listened for' : visible(places.join(', '))}; nothing there was looked at`,
    ),
    field('Its path there', disk ?? 'not said'),
    field('Its size', `${describeBytes(expect_size)}, as the operator said`),
    field('State', SENT_STATE),
    field('On its way', wayWords(received)),
    field('Hashes of what was sent', sentWords(received, imageSize)),
    ...streams.map((stream, index) => field(`Stream ${index + 1}`, streamWords(stream))),
    field('Connections that were not let in', refused.count === 0 ? 'none' : String(refused.count)),
    ...refused.connections
      .slice(0, REFUSED_SHOWN)
      .map(({ at, address, port, refusal }) => `  ${reportTime(at)}: ${visible(address)} port ${port}: ${refusal}`),
  ];
}

/** What a reading of such a disk can be held to, in a sentence. */
export const SENT_STATE = 'live, not reproducible: the disk was in use, or may have been, while it was sent';

/** How what was sent was kept from others, as a phrase. */
export function wayWords({ plaintext_reason, listened, streams }: ReceivedSection): string {
  if (plaintext_reason !== null) return `NOT encrypted, and NOT authenticated: ${visible(plaintext_reason)}`;
  const prints = [...new Set(listened.flatMap(({ fingerprint }) => fingerprint ?? []))];
  if (streams.length === 0) return 'was to be TLS; nobody was let in';
  return `TLS; whoever sent told the token of the command. The commands shown check our certificate, by its SHA-256 fingerprint (${prints.join(', ')}) or by the certificate itself; it is not known here whether that was done`;
}

/** What of the bytes that came the target told a hash of, as a phrase. */
export function sentWords({ streams }: ReceivedSection, imageSize: number): string {
  const fatal = fatalEnd(streams.map(({ ended }) => ended));
  const bad = fatal === null ? '' : `; ${fatal === 'hash-differs' ? 'MISMATCH: ' : ''}${FATAL_WORDS[fatal]}`;
  const confirmed = confirmedBytes(streams, imageSize);
  if (confirmed === 0) return `none: nothing is known to have arrived as it was sent${bad}`;
  const rest = confirmed === imageSize ? '' : '; of the rest nobody knows';
  const share = confirmed === imageSize ? 'all' : groupDigits(confirmed);
  return `as told by the target: ${share} of ${groupDigits(imageSize)} bytes arrived as they were sent${rest}${bad}`;
}

/** What became of the hash that a stream was to be told by, as a phrase. */
export function hashWords({ hash, ended }: Pick<SectionStream, 'hash' | 'ended'>): string {
  const told = ended?.told ?? null;
  if (ended === null || hash !== 'not-confirmed' || told?.sha256 == null || told.bytes === null)
    return HASH_WORDS[hash];
  return `NOT CONFIRMED: the target told the hash of ${groupDigits(told.bytes)} bytes, and ${groupDigits(ended.received)} arrived`;
}

const HASH_WORDS: Record<SectionStream['hash'], string> = {
  confirmed: 'arrived as it was sent, as told by the target',
  differs: 'MISMATCH: the target told ANOTHER hash or length of what it sent',
  'not-confirmed': 'NOT CONFIRMED: the target was to tell the hash of what it sent, and that was not compared',
  'not-promised': 'the target told no hash of what it sent',
};

function streamWords({ at, address, port, offset, ended, hash, tls }: SectionStream): string {
  const way = tls === null ? 'plain' : `${tls.protocol} ${tls.cipher}`;
  const came = ended === null ? 'its end is not on record' : `${groupDigits(ended.received)} bytes, ${ended.end}`;
  return `${reportTime(at)}, from ${address} port ${port} (${way}), at byte ${groupDigits(offset)}: ${came}; ${hashWords({ hash, ended })}`;
}
