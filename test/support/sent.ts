import type { Manifest } from '../../src/manifest/schema.ts';
import type { ReceivedSection } from '../../src/manifest/received-schema.ts';
import type { Told } from './told.ts';
import { unasked } from './unasked.ts';

const AT = '2026-03-01T09:15:01.000Z';
const CALLER = { address: '192.0.2.7', port: 40_000, at: AT, tls: null };
const HASH = 'a'.repeat(64);
const PATH = 'listen://192.0.2.1:9000/dev/sda';
const SURROUNDINGS = {
  ...({ fact: 'surroundings', what: 'where the source is', seen: 'that machine sends it' } as const),
  source: PATH,
};

/** A manifest of the same image, of a disk that another machine sent plain, in one stream that told its hash. */
export function sentManifest(manifest: Manifest): Manifest {
  const { source, acquisition } = manifest;
  const { guard, probes } = unasked(manifest);
  return {
    ...manifest,
    case: { ...manifest.case, authority: 'warrant 7' },
    source: unseen(source),
    label: { ...manifest.label, comparisons: [] },
    guard: { ...guard, bus: null, chain: [], evidence: [SURROUNDINGS], evidence_after: [] },
    probes,
    acquisition: {
      ...acquisition,
      reader: { ...acquisition.reader, name: 'listen' },
      overrides: [...acquisition.overrides, { option: 'allow-plaintext', reason: 'a lab of our own' }],
      settings: { ...acquisition.settings, recovery: 'in-line', retries: 0, verify_source: false },
    },
  };
}

function unseen(source: Manifest['source']): Manifest['source'] {
  const names = { model: null, serial: null, revision: null, wwn: null, transport: null, by_id: null };
  const identity = { model: null, serial: null, wwn: null, diskseq: null, chain: null, mtimeMs: null };
  return {
    ...source,
    ...names,
    path: PATH,
    real_path: '/dev/sda',
    device_kind: null,
    whole_disk: null,
    physical: false,
    partitions: [],
    identity_before: { kind: 'block', size: source.size, node: 'not here', ...identity },
    identity_after: null,
    held_by: 'stream',
    received: sectionOf(source.size),
  };
}

function sectionOf(size: number): ReceivedSection {
  const begun = {
    disk: '/dev/sda',
    expect_size: size,
    allowed: ['192.0.2.0/24'],
    reached_by: null,
    encrypted: false,
    certificate_check: 'none' as const,
  };
  return {
    ...begun,
    plaintext_reason: 'a lab of our own',
    listened: [
      {
        at: AT,
        address: '192.0.2.1',
        port: 9000,
        fingerprint: null,
        allowed: ['192.0.2.0/24'],
        offset: 0,
        variants: ['bash alone'],
      },
    ],
    streams: [
      {
        ...CALLER,
        offset: 0,
        tells: true,
        ended: { received: size, end: 'complete', told: { exit: 0, sha256: HASH, bytes: size }, sha256: HASH },
        hash: 'confirmed',
      },
    ],
    refused: { count: 1, connections: [{ ...CALLER, refusal: 'wrong-token', said: '' }] },
  };
}

/** What the journal of {@link sentManifest} tells beside all else: the records of the port, after its first one. */
export function tellSent(manifest: Manifest, told: readonly Told[]): Told[] {
  const { received } = manifest.source;
  const [begin, ...rest] = told;
  if (begin === undefined || received === null) return [...told];
  const empty = { ...received, listened: [], streams: [], refused: { count: 0, connections: [] } };
  const data = structuredClone(begin.data) as { head: { source: { received: unknown } } };
  data.head.source.received = empty;
  return [
    { type: begin.type, data: data },
    ...received.listened.map((each) => ({ type: 'listening', data: without(each, 'at') })),
    { type: 'stream-refused', data: received.refused },
    ...received.streams.flatMap(({ ended, ...stream }) => [
      { type: 'stream-admitted', data: without(stream, 'hash') },
      ...(ended === null ? [] : [{ type: 'stream-ended', data: ended }]),
    ]),
    ...rest,
  ];
}

function without(data: Told['data'], name: string): Told['data'] {
  return Object.fromEntries(Object.entries(data).filter(([key]) => key !== name));
}
