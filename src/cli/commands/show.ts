import { isAtWork, readStoppedFolder } from '../../acquire/stopped/stopped-folder.ts';
import { mapCells } from '../../model/map-cells.ts';
import { stemOfJournalName, stemOfManifestName, SUMS } from '../../manifest/file-names.ts';
import { readForShow } from '../../verify/show-folder.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Output, type ShownMap } from '../output.ts';
import { labelBlock, manifestSummary } from '../screen/manifest-summary.ts';
import { allGood } from '../screen/read-map.ts';
import { stoppedText } from '../screen/stopped.ts';
import { lookAt, type FolderState } from './seal-state.ts';

export interface ShowOptions {
  readonly label?: boolean;
  readonly json?: boolean;
}

/** `exhibit show`: what the manifest says, or the journal of a stopped job, or with `--label` the seal. Nothing is verified. */
export async function showCommand(env: Env, target: string, options: ShowOptions): Promise<ExitCode> {
  const output = new Output(env, options.json === true);
  const stopped = options.label === true ? null : await stoppedAt(env, target);
  if (stopped !== null) return showStopped(env, output, stopped);
  const shown = await readForShow(env.ports, target);
  const facts = { folder: shown.folder, sealHex: shown.sealHex, fingerprint: shown.fingerprint };
  const text = options.label === true ? labelBlock(shown.manifest, facts) : manifestSummary(shown.manifest, facts);
  output.result(
    {
      ok: true,
      exit: EXIT.done,
      verified: false,
      folder: facts.folder,
      sealSha256: facts.sealHex,
      fingerprint: facts.fingerprint,
      manifest: shown.manifest,
    },
    text,
    options.label === true || shown.map === null ? null : shownMap(mapCells(shown.map), shown.map.size),
  );
  return EXIT.done;
}

/** The folder of a job that stopped, or is still under way; null: something else, whatever it lacks. */
async function stoppedAt(env: Env, target: string): Promise<FolderState | null> {
  const names = await env.ports.files.readDir(target).catch((): string[] => []);
  const journals = names.map(stemOfJournalName).filter((stem) => stem !== null);
  const manifests = names.map(stemOfManifestName).filter((stem) => stem !== null);
  const stems = new Set([...journals, ...manifests]);
  // Sums without a manifest are no job that stopped: something was taken away.
  if (journals.length !== 1 || stems.size !== 1 || names.includes(SUMS)) return null;
  const state = await lookAt(env, target);
  return state.closed ? null : state;
}

async function showStopped(env: Env, output: Output, { folder, stem }: FolderState): Promise<ExitCode> {
  const atWork = await isAtWork(env.ports, folder, stem);
  const stopped = await readStoppedFolder(env.ports, folder, stem);
  const { start, state, sessions, lastHead } = stopped;
  const cells = mapCells(state.map);
  output.result(
    {
      ok: true,
      exit: EXIT.done,
      verified: false,
      folder,
      ended: atWork ? 'at-work' : 'stopped',
      message: stopped.stopped,
      mismatch: stopped.mismatch,
      sessions,
      examiner: lastHead.case.examiner,
      position: state.position,
      size: start.size,
      good: state.map.bytes('good'),
      unreadableBytes: state.map.bytes('unreadable'),
      failedReads: state.failedReads,
      map: cells,
    },
    stoppedText(stopped, atWork),
    shownMap(cells, start.size),
  );
  return EXIT.done;
}

function shownMap(cells: string, size: number): ShownMap | null {
  return allGood(cells) ? null : { cells, size };
}
