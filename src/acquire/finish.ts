import type { Digest, EngineDecision } from '../model/digest.ts';
import { bug } from '../model/errors.ts';
import type { ReadMap } from '../model/read-map.ts';
import type { Finding } from '../model/plan.ts';
import type { SourceIdentity } from '../model/identity.ts';
import { weakest, type Verdict } from '../model/verdict.ts';
import { meaningOf } from '../guard/verdict.ts';
import { evidenceSection } from './guard-section.ts';
import { piecesTouched } from '../manifest/consistency.ts';
import { folderNames } from '../manifest/file-names.ts';
import { outcomeOf } from '../manifest/outcome.ts';
import { receivedEnd, type ReceivedTold } from '../manifest/received-account.ts';
import { remoteEnd, type RemoteTold } from '../manifest/remote-account.ts';
import { readMapSection } from '../manifest/read-map-section.ts';
import type { ReadingState } from '../manifest/reading-state.ts';
import type { Manifest, Session } from '../manifest/schema.ts';
import { MANIFEST_FORMAT, MANIFEST_VERSION } from '../manifest/schema.ts';
import type { ManifestStart } from '../manifest/start.ts';
import { utc } from '../system/clock.ts';

/** The manifest before the list of files is known: what the report is made of. */
export type ManifestBody = Omit<Manifest, 'files'>;

export interface ImageFile {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly sha256: string;
}

/** What reading, checking and closing added to the start. */
export interface EndFacts {
  /** Of the first session. */
  readonly start: ManifestStart;
  /** All of them, as the journal tells them. */
  readonly sessions: readonly Session[];
  /** Where reading stands by the journal: the map, bad places, what they cost, runs of the reader. */
  readonly state: ReadingState;
  /** What it tells of the machine that the source is on. */
  readonly remote: RemoteTold;
  /** And of the streams that another machine sent. */
  readonly received: ReceivedTold;
  /** What is proven by then, less what is doubtful of it. */
  readonly map: ReadMap;
  /** The program that makes this manifest. */
  readonly toolVersion: string;
  readonly createdMs: number;
  readonly finishedMs: number;
  /** Of all sessions together. */
  readonly durationMs: number;
  readonly identityAfter: SourceIdentity | null;
  /** The last look's; null: not looked at again. Its evidence stands in the manifest; the verdict is the weakest of all sessions. */
  readonly verdictAfter: Verdict | null;
  /** The write counters then; null: not counted, or not looked at again. */
  readonly countersAfter: Manifest['guard']['counters_after'];
  /** What the source was asked then. */
  readonly askedAfter: Manifest['probes']['runs_after'];
  readonly folderSynced: boolean;
  readonly findings: readonly Pick<Finding, 'level' | 'code' | 'message'>[];
  readonly engines: readonly EngineDecision[];
  readonly image: readonly ImageFile[];
  readonly digests: readonly Digest[];
  readonly piecesSha256: string;
  readonly piecesCount: number;
  readonly readBack: Manifest['read_back'];
  readonly sourceCheck: Manifest['source_check'];
  readonly journal: { readonly records: number; readonly head: string };
  readonly signing: Manifest['signing'];
  /** Set for an acquisition that stopped and is closed as incomplete. */
  readonly incompleteReason: string | null;
}

/** Start and end facts → everything but the list of files. Pure. */
export function manifestBody(end: EndFacts): ManifestBody {
  const { start } = end;
  const { head } = start;
  const names = folderNames(start.stem);
  const imageSize = end.image.reduce((sum, file) => sum + file.size, 0);
  const stopped = end.incompleteReason !== null;
  const readMap = readMapSection(names.map, end.map, end.state, head.source.logical_sector);
  return {
    format: MANIFEST_FORMAT,
    version: MANIFEST_VERSION,
    created: utc(end.createdMs),
    tool: { name: 'exhibit', version: end.toolVersion },
    outcome: outcomeOf({
      stopped,
      readBack: end.readBack.state,
      sourceCheck: end.sourceCheck.state,
      unreadable: readMap.unreadable,
    }),
    incomplete_reason: end.incompleteReason,
    case: head.case,
    label: head.label,
    source: {
      ...head.source,
      identity_after: end.identityAfter === null ? null : { ...end.identityAfter },
      remote: remoteEnd(head.source.remote, end.remote, end.sourceCheck.state),
      received: receivedEnd(head.source.received, end.received),
    },
    guard: guardOf(end),
    probes: { ...head.probes, runs_after: end.askedAfter },
    destination: { ...head.destination, folder_synced: end.folderSynced },
    station: {
      ...head.station,
      clock: {
        ...head.station.clock,
        disturbances: end.sessions.flatMap((session) => session.station.clock.disturbances),
      },
    },
    acquisition: {
      ...head.acquisition,
      finished: utc(end.finishedMs),
      duration_ms: end.durationMs,
      reader: {
        ...head.acquisition.reader,
        run_count: end.state.readerRuns,
        runs: end.state.runs.map((run) => ({ ...run, argv: [...run.argv] })),
      },
      engines: end.engines.map(({ algorithm, engine, why, wasmRate, sourceRate }) => ({
        algorithm,
        engine,
        why,
        wasm_rate: wasmRate,
        source_rate: sourceRate,
      })),
      self_tests: selfTests(end),
      findings: [
        ...head.acquisition.findings,
        ...end.findings.map(({ level, code, message }) => ({ level, code, message })),
      ],
    },
    sessions: [...end.sessions],
    image: {
      format: head.acquisition.settings.format,
      size: imageSize,
      complete: !stopped,
      segments: end.image.map((file) => ({ ...file })),
    },
    digests: end.digests.map((digest) => ({ ...digest })),
    pieces: {
      file: names.pieces,
      size: head.acquisition.settings.piece_size,
      count: end.piecesCount,
      sha256: end.piecesSha256,
      with_unreadable: piecesTouched(readMap.ranges, imageSize, head.acquisition.settings.piece_size),
    },
    read_map: readMap,
    read_back: end.readBack,
    source_check: end.sourceCheck,
    journal: { file: names.journal, records: end.journal.records, head: end.journal.head },
    signing: end.signing,
  };
}

/** Write protection at its weakest of all sessions, with what was seen of it last. */
function guardOf({ start: { head }, sessions, verdictAfter, countersAfter }: EndFacts): Manifest['guard'] {
  const verdict = weakest(sessions.map((session) => session.verdict));
  return {
    ...head.guard,
    verdict,
    meaning: verdict === head.guard.verdict ? head.guard.meaning : meaningOf(verdict),
    evidence_after: verdictAfter === null ? [] : evidenceSection(verdictAfter.evidence),
    counters_after: countersAfter,
  };
}

/** A lane that gave a digest had passed its known-answer test; pieces are always SHA-256 by node:crypto. */
function selfTests(end: EndFacts): Manifest['acquisition']['self_tests'] {
  const tested = new Map(end.digests.map(({ algorithm, engine }) => [`${algorithm} ${engine}`, { algorithm, engine }]));
  tested.set('sha256 native', { algorithm: 'sha256', engine: 'native' });
  return [...tested.values()].map((each) => ({ ...each, result: 'passed' }));
}

/** The image's files as they stand in the folder, from the segments that were written and their hashes. */
export function imageFiles(
  written: readonly { readonly segment: { readonly name: string; readonly offset: number }; readonly size: number }[],
  hashes: readonly string[],
  partial: boolean,
): ImageFile[] {
  return written.map(({ segment, size }, index) => {
    const sha256 = hashes[index];
    if (sha256 === undefined) throw bug(`segment ${segment.name} has no hash`);
    return { name: partial ? `${segment.name}.partial` : segment.name, offset: segment.offset, size, sha256 };
  });
}
