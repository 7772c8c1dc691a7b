import type { Env } from '../cli/env.ts';
import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import { StoredFolder } from '../verify/stored-folder.ts';
import { checkContents, type ReportCheck } from './check-contents.ts';
import { checkReportSignatures } from './check-signed.ts';
import { TEST_EXIT } from './exit-codes.ts';
import type { Voice } from './voice.ts';

const EXIT_OF: Readonly<Record<Exclude<ReportCheck['status'], 'ok'>, number>> = {
  damaged: TEST_EXIT.damaged,
  invalid: TEST_EXIT.notValid,
  unestablished: TEST_EXIT.inconclusive,
};

/** `verify FOLDER`: everything that is wrong, in one run. Writes nothing. */
export async function verifyReport(env: Env, voice: Voice, path: string, signers: string | null): Promise<number> {
  const { ports } = env;
  const names = await ports.files.readDir(path).catch((cause: unknown) => {
    throw new ExhibitError('usage', 'verify.folder', `${visible(path)} is not a folder that can be read.`, {
      hint: 'Name the folder that "exhibit-blocker-test run" made.',
      cause,
    });
  });
  const folder = new StoredFolder(ports, path, names, new AbortController().signal);
  const contents = await checkContents(folder);
  const signatures = await checkReportSignatures(ports, folder, contents.report, signers);
  const checks = [...contents.checks, ...signatures.checks];
  const exit = exitOf(checks);
  const words = { [TEST_EXIT.done]: 'VERIFIED', [TEST_EXIT.inconclusive]: 'NOT ESTABLISHED' }[exit];
  const verdict = words ?? (exit === TEST_EXIT.damaged ? 'DAMAGED' : 'NOT VALID');
  const { report } = contents;
  const text = [
    `${verdict}: ${visible(path)}`,
    ...checks.map(({ status, message }) => `  ${status.padEnd(13)} ${message}`),
    ...(report === null
      ? []
      : [
          `The report says: ${report.result}, ${visible(report.blocker.make)} ${visible(report.blocker.model)}, by ${visible(report.examiner)}, ${report.finished}.`,
        ]),
    ...(signatures.signer === null ? [] : [`Signed by ${visible(signatures.signer)}.`]),
  ];
  voice.result(
    {
      ok: exit === TEST_EXIT.done,
      exit,
      folder: path,
      result: report?.result ?? null,
      signer: signatures.signer,
      checks,
    },
    text.join('\n'),
  );
  return exit;
}

/** Damage wins over what is not valid, and that over what is not established. */
function exitOf(checks: readonly ReportCheck[]): number {
  for (const status of ['damaged', 'invalid', 'unestablished'] as const) {
    if (checks.some((check) => check.status === status)) return EXIT_OF[status];
  }
  return TEST_EXIT.done;
}
