import { isAllowed, parseNet } from '../model/ip-address.ts';
import type { JournalRecord } from './journal-chain.ts';
import { resumedRecord } from './reading-records.ts';
import { RECEIVED_RECORDS } from './received-account.ts';
import { openingOf, sessionRecords, type Opening } from './sessions.ts';
import type { ManifestStart } from './start.ts';

type Law = readonly [holds: boolean, fault: string];

/** Streams of a source that was not sent, and a session whose source came in another way than the first's. Pure. */
export function sentFaults(records: readonly JournalRecord[], { head }: ManifestStart): string[] {
  const sent = head.source.received !== null;
  const streams = records.some(({ type }) => Object.hasOwn(RECEIVED_RECORDS, type));
  const otherwise = records.some(({ type, data }) => {
    const later = type === 'resumed' ? resumedRecord.safeParse(data).data : undefined;
    return later !== undefined && (later.head.source.received !== null) !== sent;
  });
  return [
    ...(streams && !sent ? ['it tells of streams, and its source was not sent'] : []),
    ...(otherwise ? [`a session of it takes a source that was ${sent ? 'not sent' : 'sent'}`] : []),
  ];
}

/** Streams that no session could have let in, or ended; each is a sentence. A session waits for one, from where it stands. Pure. */
export function streamFaults(records: readonly JournalRecord[]): string[] {
  return sessionRecords(records).flatMap(sittingFaults);
}

type Shown = ReturnType<typeof RECEIVED_RECORDS.listening.parse>;

/** What a session has told of its port so far. */
interface Port {
  /** The commands that were shown last. */
  shown: Shown | null;
  streams: number;
  open: boolean;
}

function sittingFaults(own: readonly JournalRecord[]): string[] {
  const opening = openingOf(own[0]);
  const port: Port = { shown: null, streams: 0, open: false };
  return own.flatMap((record) => {
    const laws = lawsOf(record, port, opening);
    take(record, port);
    return laws.filter(([holds]) => !holds).map(([, fault]) => `record ${record.n}: ${fault}`);
  });
}

function take({ type, data }: JournalRecord, port: Port): void {
  if (type === 'listening') port.shown = RECEIVED_RECORDS.listening.safeParse(data).data ?? null;
  if (type === 'stream-admitted') port.streams += 1;
  if (type === 'stream-admitted' || type === 'stream-ended') port.open = type === 'stream-admitted';
}

function lawsOf({ type, data }: JournalRecord, port: Port, opening: Opening | null): Law[] {
  switch (type) {
    case 'listening':
      return listeningLaws(data, opening);
    case 'stream-admitted':
      return [
        [!port.open, 'a stream is let in while another lives'],
        [port.open || port.streams === 0, 'a second stream is let in, and a session takes one'],
        ...admittedLaws(data, port.shown, opening),
      ];
    case 'stream-ended':
      return [[port.open, 'a stream ends that was not let in']];
    default:
      return [];
  }
}

function listeningLaws(data: JournalRecord['data'], opening: Opening | null): Law[] {
  const shown = RECEIVED_RECORDS.listening.safeParse(data).data;
  const begun = opening?.head.source.received ?? null;
  if (shown === undefined || begun === null) return [];
  const same =
    shown.allowed.length === begun.allowed.length && shown.allowed.every((net, at) => net === begun.allowed[at]);
  return [[same, 'who may connect is not who the session was begun for']];
}

function admittedLaws(data: JournalRecord['data'], shown: Shown | null, opening: Opening | null): Law[] {
  const stream = RECEIVED_RECORDS['stream-admitted'].safeParse(data).data;
  if (stream === undefined) return [];
  const { offset, address } = stream;
  return [
    [
      opening === null || offset === opening.from,
      `a stream begins at ${offset}, and its session goes on from ${opening?.from ?? 0}`,
    ],
    [shown?.offset === offset, 'a stream is let in for which its session had shown no command'],
    [
      shown === null || wasAllowed(address, shown.allowed),
      'a stream is let in from an address that was not to be let in then',
    ],
  ];
}

/** Whether this address is of those that might connect. A list with an entry that is no network was never in force. */
export function wasAllowed(peer: string, allowed: readonly string[]): boolean {
  const nets = allowed.map(parseNet).filter((net) => typeof net !== 'string');
  return nets.length === allowed.length && isAllowed(peer, nets);
}
