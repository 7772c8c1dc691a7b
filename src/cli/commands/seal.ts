import { basename, join } from 'node:path';
import type { ClosedFolder } from '../../acquire/close-folder.ts';
import { sealClosed } from '../../acquire/seal-closed.ts';
import { sealIncomplete } from '../../acquire/seal-incomplete.ts';
import { ExhibitError } from '../../model/errors.ts';
import { visible } from '../../model/text.ts';
import { stemOfJournalName, stemOfManifestName } from '../../manifest/file-names.ts';
import { hasMismatch } from '../../manifest/outcome.ts';
import { findSigningKey } from '../../manifest/keys.ts';
import { openSigner } from '../../manifest/sign.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Output } from '../output.ts';
import { sealLines } from '../screen/acquire-summary.ts';
import { outcomeText } from '../screen/manifest-summary.ts';
import { makeScreen } from '../screen/make-screen.ts';

/** `exhibit seal`: signs what an unsigned or a stopped acquisition left. */
export async function sealCommand(
  env: Env,
  target: string,
  options: { incomplete?: string; key?: string; json?: boolean },
): Promise<ExitCode> {
  const output = new Output(env, options.json === true);
  const state = await lookAt(env, target);
  const reason = judgeReason(target, state.closed, options.incomplete);
  const key = await findSigningKey(env.ports, options.key ?? null);
  const signals = env.watchSignals(() => undefined);
  const signer = await openSigner(env.ports, key, {
    interactive: env.terminal.canAsk,
    now: env.ports.clock.wallMs(),
    notify: (message) => {
      output.say(message);
    },
  });
  const screen = makeScreen(env, output, ['seal'], 512);
  try {
    const work = {
      ports: env.ports,
      folder: state.folder,
      stem: state.stem,
      signer,
      emit: screen.emit,
      stop: signals.stop,
    };
    const closed = reason === null ? await sealClosed(work) : await sealIncomplete({ ...work, reason });
    screen.emit({ type: 'stage', stage: 'seal', status: 'done', detail: closed.manifest.outcome });
    await screen.stop(false);
    const exit = hasMismatch(closed.manifest) ? EXIT.damaged : EXIT.done;
    output.result(resultOf(state.folder, closed, exit), summary(state.folder, closed));
    return exit;
  } catch (error) {
    await screen.stop(true);
    throw error;
  } finally {
    await signer.close();
    signals.release();
  }
}

interface FolderState {
  readonly folder: string;
  readonly stem: string;
  /** There is a manifest: only signatures are missing. */
  readonly closed: boolean;
}

async function lookAt(env: Env, target: string): Promise<FolderState> {
  const { files } = env.ports;
  const names = await files.readDir(target).catch((cause: unknown) => {
    throw new ExhibitError('usage', 'seal.no-folder', `${visible(target)} is not a folder that can be read.`, {
      hint: 'Name the evidence folder, the one that holds the .journal.jsonl.',
      cause,
    });
  });
  const manifests = names.map(stemOfManifestName).filter((stem) => stem !== null);
  const journals = names.map(stemOfJournalName).filter((stem) => stem !== null);
  const stems = [...new Set([...manifests, ...journals])];
  const [stem] = stems;
  if (stem === undefined || stems.length > 1 || journals.length !== 1) {
    throw new ExhibitError(
      'usage',
      'seal.no-folder',
      `${visible(target)} is not an evidence folder: it holds ${journals.length} journals.`,
      {
        hint: `Name the evidence folder itself${names.length > 0 ? `, perhaps ${visible(join(basename(target), names[0] ?? ''))}` : ''}.`,
      },
    );
  }
  return { folder: await files.realPath(target), stem, closed: manifests.length === 1 };
}

function judgeReason(target: string, closed: boolean, reason: string | undefined): string | null {
  if (closed && reason !== undefined) {
    throw new ExhibitError('usage', 'seal.complete', `${visible(target)} has a manifest: it is not incomplete.`, {
      hint: 'Leave --incomplete out to sign it.',
    });
  }
  if (closed) return null;
  if (reason !== undefined && reason.trim() !== '' && reason.isWellFormed()) return reason;
  throw new ExhibitError(
    'usage',
    'seal.no-reason',
    `${visible(target)} holds an acquisition that stopped before its end.`,
    {
      hint: 'Close it as incomplete, and say why: exhibit seal DIR --incomplete "the drive stopped answering"',
    },
  );
}

function resultOf(folder: string, { manifest, seal }: ClosedFolder, exit: ExitCode): object {
  const { outcome, read_back, source_check } = manifest;
  const ok = exit === EXIT.done;
  return { ok, exit, folder, outcome, seal, readBack: read_back.state, sourceCheck: source_check.state };
}

function summary(folder: string, { manifest, seal }: ClosedFolder): string {
  return [
    `SEALED. ${visible(folder)} (${outcomeText(manifest)})`,
    ...(hasMismatch(manifest) ? ['  Two readings that should be equal were not: do not rely on this image.'] : []),
    ...sealLines(seal),
  ].join('\n');
}
