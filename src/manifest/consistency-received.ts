import { compareTold, isWholeEnd } from '../model/listen.ts';
import { wasAllowed } from './consistency-received-journal.ts';
import { unaskedLaws, unseenLaws } from './consistency-elsewhere.ts';
import { fatalEnd, hashOf } from './received-account.ts';
import type { ReceivedSection, SectionStream } from './received-schema.ts';
import type { Manifest } from './schema.ts';

type Law = readonly [holds: boolean, fault: string];

/** The laws of a disk that another machine sent: whatever speaks of one speaks of the other. */
export function checkReceived(manifest: Manifest): string[] {
  const { source, acquisition, sessions } = manifest;
  const { received } = source;
  const there = received !== null;
  const how = there ? 'was sent' : 'was not sent';
  const laws: Law[] = [
    [(source.held_by === 'stream') === there, `source.held_by is ${source.held_by}, though the source ${how}`],
    [
      (acquisition.reader.name === 'listen') === there,
      `acquisition.reader.name is ${acquisition.reader.name}, though the source ${how}`,
    ],
    [
      sessions.every(({ reader, attachments }) =>
        [reader.name === 'listen', ...attachments.map(({ held_by }) => held_by === 'stream')].every(
          (sent) => sent === there,
        ),
      ),
      'a session took the source in another way than the manifest says',
    ],
  ];
  const all = there
    ? [
        ...laws,
        ...lawsThere(manifest, received),
        ...unaskedLaws(manifest),
        ...unseenLaws(manifest, received),
        ...received.streams.flatMap(streamLaws(manifest, received)),
      ]
    : laws;
  return all.filter(([holds]) => !holds).map(([, fault]) => fault);
}

function lawsThere(
  { source, guard, acquisition, outcome, read_map, ...rest }: Manifest,
  received: ReceivedSection,
): Law[] {
  const { encrypted, certificate_check, plaintext_reason, listened, streams, refused } = received;
  const plain = plaintext_reason !== null;
  const reason = acquisition.overrides.find(({ option }) => option === 'allow-plaintext')?.reason ?? null;
  const fatal = fatalEnd(streams.map(({ ended }) => ended));
  const { settings } = acquisition;
  return [
    [source.remote === null, 'source.received and source.remote are both set'],
    [rest.case.authority !== null, 'case.authority: it is not said by whose leave a running machine was read'],
    [source.kind === 'block', 'source.received is set, though the source is no device'],
    [guard.verdict === 'not-applicable', `guard.verdict is ${guard.verdict} for a disk of a running machine`],
    [received.expect_size === source.size, 'source.received.expect_size is not source.size'],
    [source.identity_after === null, 'source.identity_after: a disk that was sent was never looked at'],
    [encrypted === !plain, 'source.received.encrypted contradicts plaintext_reason'],
    [(certificate_check === 'none') === plain, 'source.received.certificate_check contradicts plaintext_reason'],
    [reason === plaintext_reason, 'source.received.plaintext_reason is not the reason of the override'],
    [
      settings.recovery === 'in-line' && settings.retries === 0 && !settings.verify_source,
      'acquisition.settings ask for what a stream can not give: retries, passes, or a second reading',
    ],
    [read_map.unreadable + read_map.failed === 0, 'read_map: a stream tells of no sector that could not be read'],
    [
      listened.every(({ fingerprint }) => (fingerprint === null) === plain),
      'source.received.listened: a fingerprint goes with TLS, and with nothing else',
    ],
    [
      refused.connections.length <= refused.count,
      `source.received.refused counts ${refused.count}, and tells of ${refused.connections.length}`,
    ],
    [
      fatal === null || outcome === 'incomplete',
      `source.received.streams: one ended as ${fatal ?? ''}, though the outcome is ${outcome}`,
    ],
    [
      outcome === 'incomplete' || streams.some((stream) => isWhole(stream, source.size)),
      `source.received.streams: none came to the end of the disk, though the outcome is ${outcome}`,
    ],
    [
      isOneEach(streams, rest.sessions),
      'source.received.streams: a session takes one, from where it goes on, and these are others',
    ],
    [
      covers(streams, read_map.good),
      `source.received.streams do not reach as far as the ${read_map.good} bytes that were read`,
    ],
  ];
}

function streamLaws({ source }: Manifest, { encrypted, listened }: ReceivedSection) {
  return (stream: SectionStream, index: number): Law[] => {
    const { offset, tls, tells, ended, hash, address } = stream;
    const name = `source.received.streams[${index}]`;
    const promised = source.size - offset;
    const shown = listened.filter((each) => each.offset === offset);
    const laws: Law[] = [
      [(tls !== null) === encrypted, `${name}: tls goes with an encrypted way, and with no other`],
      [promised > 0, `${name}: its offset is not inside the source`],
      [shown.length > 0, `${name}: no command was shown for its offset`],
      [
        shown.length === 0 || shown.some(({ allowed }) => wasAllowed(address, allowed)),
        `${name}: its address was not to be let in`,
      ],
      [hash === hashOf({ tells, ended }), `${name}: hash is ${hash}; from its end it is ${hashOf({ tells, ended })}`],
    ];
    if (ended === null) return laws;
    const { received, end, told } = ended;
    const different = compareTold(ended) === 'differs';
    return [
      ...laws,
      [tells || (told === null && ended.sha256 === null), `${name}: a hash was told, though none was promised`],
      [
        end === 'too-much' ? received > promised : received <= promised,
        `${name}: ${received} bytes came of ${promised}, and its end is ${end}`,
      ],
      [
        !(isWholeEnd(end) || end === 'sender-failed') || received === promised,
        `${name}: ${received} bytes came of ${promised}, and its end is ${end}`,
      ],
      [
        (end === 'hash-differs') === different,
        `${name}: its end is ${end}, though what was told ${different ? 'differs' : 'does not differ'} from what arrived`,
      ],
      [
        isWholeEnd(end) ? (told?.exit ?? 0) === 0 : end !== 'sender-failed' || (told?.exit ?? 0) !== 0,
        `${name}: its end is ${end}, though the target told ${told?.exit ?? 'nothing'} of dd`,
      ],
    ];
  };
}

function isWhole({ offset, ended }: SectionStream, size: number): boolean {
  return ended !== null && isWholeEnd(ended.end) && offset + ended.received === size;
}

/** In the order of the sessions; one to which nobody came has none. */
function isOneEach(streams: readonly SectionStream[], sessions: Manifest['sessions']): boolean {
  let next = 0;
  return streams.every(({ offset }) => {
    const own = sessions.findIndex(({ from }, index) => index >= next && from === offset);
    next = own + 1;
    return own !== -1;
  });
}

/** Without a gap from the start of the disk; how far a stream went whose end nobody told is not known. */
function covers(streams: readonly SectionStream[], good: number): boolean {
  let end = 0;
  for (const { offset, ended } of streams) {
    if (offset > end) return false;
    end = Math.max(end, ended === null ? Infinity : offset + ended.received);
  }
  return good <= end;
}
