import { readForShow } from '../../verify/show-folder.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Output } from '../output.ts';
import { labelBlock, manifestSummary } from '../screen/manifest-summary.ts';

/** `exhibit show`: what the manifest says, or with `--label` the seal. Nothing is verified. */
export async function showCommand(
  env: Env,
  target: string,
  options: { label?: boolean; json?: boolean },
): Promise<ExitCode> {
  const output = new Output(env, options.json === true);
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
  );
  return EXIT.done;
}
