import type { ClosedFolder } from '../../acquire/close-folder.ts';
import { sealClosed } from '../../acquire/stopped/seal-closed.ts';
import { sealIncomplete } from '../../acquire/stopped/seal-incomplete.ts';
import { ExhibitError } from '../../model/errors.ts';
import { visible } from '../../model/text.ts';
import { hasMismatch } from '../../manifest/outcome.ts';
import { findSigningKey, type KeyChoice } from '../../manifest/keys.ts';
import { openSigner } from '../../manifest/sign.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Output } from '../output.ts';
import { sealLines } from '../screen/acquire-summary.ts';
import { outcomeText } from '../screen/manifest-summary.ts';
import { makeScreen } from '../screen/make-screen.ts';
import { judgeReason, lookAt } from './seal-state.ts';

export interface SealOptions {
  readonly incomplete?: string;
  readonly key?: string;
  readonly unsigned?: boolean;
  readonly json?: boolean;
}

/** `exhibit seal`: signs or finishes what an unsigned or a stopped acquisition left. */
export async function sealCommand(env: Env, target: string, options: SealOptions): Promise<ExitCode> {
  const output = new Output(env, options.json === true);
  const state = await lookAt(env, target);
  const reason = judgeReason(target, state.closed, options.incomplete);
  const key = await findKey(env, options);
  const signals = env.watchSignals(() => undefined);
  const signer =
    key === null
      ? null
      : await openSigner(env.ports, key, {
          interactive: env.terminal.canAsk,
          now: env.ports.clock.wallMs(),
          notify: (message) => {
            output.say(message);
          },
        });
  const screen = makeScreen(env, output, { stages: ['seal'], sector: 512, waitForDevice: 0 });
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
    await signer?.close();
    signals.release();
  }
}

/** The key that is to sign; null: `--unsigned`. */
async function findKey(env: Env, { key, unsigned }: SealOptions): Promise<KeyChoice | null> {
  if (unsigned !== true) return findSigningKey(env.ports, key ?? null);
  if (key === undefined) return null;
  throw new ExhibitError('usage', 'usage.key', '--key and --unsigned exclude each other.', {
    hint: 'Leave one of them out.',
  });
}

function resultOf(folder: string, { manifest, seal }: ClosedFolder, exit: ExitCode): object {
  const { outcome, read_back, source_check } = manifest;
  const ok = exit === EXIT.done;
  return { ok, exit, folder, outcome, seal, readBack: read_back.state, sourceCheck: source_check.state };
}

function summary(folder: string, { manifest, seal }: ClosedFolder): string {
  return [
    `${seal.fingerprint === null ? 'CLOSED, NOT SIGNED.' : 'SEALED.'} ${visible(folder)} (${outcomeText(manifest)})`,
    ...(hasMismatch(manifest) ? ['  Two readings that should be equal were not: do not rely on this image.'] : []),
    ...sealLines(seal),
  ].join('\n');
}
