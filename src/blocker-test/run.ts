import type { Env } from '../cli/env.ts';
import { openSigner, type Signer } from '../manifest/sign.ts';
import { findSigningKey } from '../manifest/keys.ts';
import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import { utc } from '../system/clock.ts';
import { targetOf } from './all-attempts.ts';
import { callOf } from './attempt.ts';
import { attemptLine } from './attempt-table.ts';
import { TEST_EXIT } from './exit-codes.ts';
import { holdDisk, type HeldDisk } from './held-disk.ts';
import { readMarker } from './mark.ts';
import type { Marker } from './marker.ts';
import { stopped } from './read-disk.ts';
import { blockAttempts, sgAttempts } from './plan-attempts.ts';
import { makeReportFolder, requireFolder, writeReport } from './report-folder.ts';
import { reportHead, type BlockerNames } from './report-head.ts';
import type { Report } from './report-schema.ts';
import { verdictLines } from './report-text.ts';
import { runTest } from './run-test.ts';
import { diskDoubts, diskRefusals, findScratchDisk, refusal } from './scratch-disk.ts';
import type { Voice } from './voice.ts';

export interface RunOptions extends BlockerNames {
  readonly to: string;
  readonly key?: string;
  readonly unsigned?: boolean;
  readonly dryRun?: boolean;
}

const BEFORE = ' before anything was written';

const EXIT_OF: Readonly<Record<Report['result'], number>> = {
  blocked: TEST_EXIT.done,
  'not-blocked': TEST_EXIT.notBlocked,
  inconclusive: TEST_EXIT.inconclusive,
};

/** `run DEV`: attempts to write to a disk that carries the scratch marker, and to no other. */
export async function runCommand(env: Env, voice: Voice, path: string, options: RunOptions): Promise<number> {
  requireNames(options);
  const { ports } = env;
  const disk = await findScratchDisk(ports, path);
  const refusals = diskRefusals(disk);
  if (refusals.length > 0) return voice.refused(refusals);
  for (const doubt of diskDoubts(disk)) voice.say(`warning: ${doubt}`);
  const signals = env.watchSignals(() => undefined);
  const held = await holdDisk(ports, disk);
  try {
    // The one permission to write: nothing else about a disk shows that nobody needs what is on it.
    const found = await readMarker(held, signals.stop);
    if (!found.ok) return voice.refused([notMarked(disk.device.path, found.fault)]);
    await requireFolder(ports.files, options.to);
    if (options.dryRun === true) return dryRun(voice, held, found.marker);
    return await testIt(env, voice, held, found.marker, options, signals.stop);
  } finally {
    await held.close();
    signals.release();
  }
}

async function testIt(
  env: Env,
  voice: Voice,
  held: HeldDisk,
  marker: Marker,
  options: RunOptions,
  stop: AbortSignal,
): Promise<number> {
  const { ports } = env;
  const signer = await signerOf(env, voice, options).catch((error: unknown) => {
    throw stop.aborted ? stopped(BEFORE) : error;
  });
  try {
    if (isStopped(stop)) throw stopped(BEFORE);
    const head = await reportHead(ports, held.disk, marker, options, signer);
    const folder = await makeReportFolder(ports, options.to, utc(ports.clock.wallMs()));
    const report = await runTest({
      ports,
      held,
      marker,
      head,
      folder,
      stop,
      say: (text) => {
        voice.say(text);
      },
      onAttempt: (record) => {
        voice.say(attemptLine(record));
      },
    });
    const seal = await writeReport(ports.files, folder, report, signer);
    const exit = isStopped(stop) ? TEST_EXIT.interrupted : EXIT_OF[report.result];
    const text = [...verdictLines(report), '', `Report  ${visible(folder)}`, `Seal    ${seal}`].join('\n');
    const ok = exit === TEST_EXIT.done;
    voice.result({ ok, exit, result: report.result, why: report.why, folder, seal_sha256: seal, report }, text);
    return exit;
  } finally {
    await signer?.close();
  }
}

// A function, because the compiler believes that a property once seen false stays so.
function isStopped(stop: AbortSignal): boolean {
  return stop.aborted;
}

/** The key proves that it signs before the disk is touched. */
async function signerOf(env: Env, voice: Voice, options: RunOptions): Promise<Signer | null> {
  if (options.unsigned === true) return null;
  const key = await findSigningKey(env.ports, options.key ?? null);
  return openSigner(env.ports, key, {
    interactive: env.terminal.canAsk,
    now: env.ports.clock.wallMs(),
    notify: (message) => {
      voice.say(message);
    },
  });
}

function dryRun(voice: Voice, { disk }: HeldDisk, marker: Marker): number {
  const target = targetOf(disk);
  const planned = [...blockAttempts(target, '(run id)'), ...sgAttempts(target, '(run id)')];
  const attempts = planned.map((each) => ({
    layer: each.layer,
    kind: each.kind,
    place: each.place,
    offset: each.range.start,
    call: callOf(each),
  }));
  const lines = planned.map((each, index) => {
    const what = each.how.by === 'nothing' ? `not possible: ${each.how.why}` : callOf(each);
    return `${String(index + 1).padStart(4)}  ${each.layer}  ${each.kind}  ${each.place}  ${visible(what)}`;
  });
  voice.result(
    { ok: true, exit: TEST_EXIT.done, dry_run: true, marker, attempts },
    [
      `Scratch marker ${marker.id} is in place. Dry run: nothing was written. These attempts would be made;`,
      "those of the block layer twice where the kernel's read-only flag is set and can be taken away:",
      ...lines,
    ].join('\n'),
  );
  return TEST_EXIT.done;
}

function notMarked(path: string, fault: string): ReturnType<typeof refusal> {
  return refusal(
    'disk.not-marked',
    `${visible(path)} may not be written to: ${fault}.`,
    'Only a disk that "exhibit-blocker-test prepare" has marked is written to; that a disk looks empty is no permission. Prepare a scratch disk, connected without a blocker.',
  );
}

function requireNames(options: RunOptions): void {
  const fields = {
    '--blocker-make': options.blockerMake,
    '--blocker-model': options.blockerModel,
    '--examiner': options.examiner,
    '--blocker-serial': options.blockerSerial ?? 'not given',
    '--blocker-firmware': options.blockerFirmware ?? 'not given',
  };
  for (const [option, value] of Object.entries(fields)) {
    if (value.trim() !== '' && value.isWellFormed() && value.length <= 500) continue;
    throw new ExhibitError('usage', 'usage.empty', `${option}: "${visible(value)}" names nothing.`, {
      hint: 'Give it as it stands on the label of the blocker, in 500 letters at most.',
    });
  }
}
