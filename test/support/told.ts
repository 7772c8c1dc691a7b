import { checkChain, formatRecord, hashLine, NO_RECORD, type JournalData } from '../../src/manifest/journal-chain.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { sessionsOf } from '../../src/manifest/sessions.ts';
import { startOf } from './sample-start.ts';

/** A record of a journal, before it has its place in the chain. */
export interface Told {
  readonly type: string;
  readonly data: JournalData;
}

/** What the journal of a run tells that ended as the manifest says. */
export function toldBy(manifest: Manifest): Told[] {
  const { outcome, digests, image, pieces, read_back, source_check, source, station, acquisition } = manifest;
  const stopped = outcome === 'incomplete';
  const { disturbances } = station.clock;
  const checked = !stopped || 'differing' in read_back || 'differing' in source_check;
  const ranges = manifest.read_map.ranges.map(({ start, end, errno, attempts }) => ({ start, end, errno, attempts }));
  const { run_count: reader_runs, runs } = acquisition.reader;
  const { failed_reads, unstable: sectors } = manifest.read_map;
  const unstable = sectors.map(({ start, end, first, again, when }) => ({ start, end, first, again, when }));
  const lists = { pieces_sha256: pieces.sha256, segments_sha256: image.segments.map(({ sha256 }) => sha256) };
  const read = { position: image.size, complete: checked, digests, engines: [], ...lists };
  const identity = source.identity_after;
  const after = { counters: manifest.guard.counters_after, asked: manifest.probes.runs_after, findings: [] };
  const [connected, first, second] = toldOfMachine(manifest);
  return [
    { type: 'begin', data: startOf(manifest) },
    ...connected,
    ...first,
    { type: 'read', data: { ...read, unreadable: ranges, read_again: [], unstable, failed_reads, reader_runs, runs } },
    ...(identity === null ? [] : [{ type: 'source-after', data: { identity, verdict: null, ...after } }]),
    ...(checked ? [{ type: 'read-back', data: read_back }] : []),
    ...second,
    ...(checked ? [{ type: 'source-check', data: source_check }] : []),
    stopped
      ? { type: 'stopped', data: { code: 'interrupted', message: 'stopped by the operator', disturbances } }
      : { type: 'closing', data: { image: 'published', disturbances } },
    ...(stopped ? [{ type: 'sealed-incomplete', data: { reason: manifest.incomplete_reason, size: image.size } }] : []),
  ];
}

/** Of a source on another machine: that it was reached, what came of it, and what came when it was read a second time. */
function toldOfMachine({ source: { remote } }: Manifest): [Told[], Told[], Told[]] {
  if (remote === null) return [[], [], []];
  const { connections, footprint, proof, second_pass } = remote;
  const none = { run_count: 0, runs: [] };
  return [
    connections.map((connection) => ({ type: 'remote-connected', data: but(connection, 'at') })),
    [{ type: 'remote-account', data: { ...proof, ...footprint } }],
    second_pass === null
      ? []
      : [
          { type: 'second-read', data: {} },
          { type: 'remote-account', data: { ...second_pass, ...none } },
        ],
  ];
}

/** Without one of its members. */
function but(all: JournalData, left: string): JournalData {
  return Object.fromEntries(Object.entries(all).filter(([name]) => name !== left));
}

/** Records in a chain that holds. */
export function journalOf(told: readonly Told[]): { bytes: Buffer; records: number; head: string } {
  let head = NO_RECORD;
  const lines = told.map(({ type, data }, n) => {
    const at = new Date(Date.UTC(2026, 2, 1, 9, 15, n)).toISOString();
    const line = formatRecord({ n, prev: head, at, mono_ms: n * 1000, type, data });
    head = hashLine(line);
    return line;
  });
  return { bytes: Buffer.concat(lines), records: lines.length, head };
}

/** The manifest with the sessions that this journal tells of. */
export function withSessions(manifest: Manifest, told: readonly Told[] = toldBy(manifest)): Manifest {
  return { ...manifest, sessions: sessionsOf(checkChain(journalOf(told).bytes).records) };
}
