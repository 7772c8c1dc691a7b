import { preflightResume, resumeAcquisition } from '../../acquire/stopped/resume.ts';
import type { SourceSide } from '../../acquire/source-side.ts';
import type { ResumeChoices } from '../../acquire/stopped/resume-request.ts';
import { textFault } from '../../catalog/text-laws.ts';
import { recoveryLimits, type SettingFlags } from '../../catalog/merge-settings.ts';
import { UsageFaults } from '../../catalog/usage-faults.ts';
import { visible } from '../../model/text.ts';
import { findSigningKey, type KeyChoice } from '../../manifest/keys.ts';
import { describePlan } from '../../plan/describe.ts';
import type { Env } from '../env.ts';
import { expectedOf } from '../expected.ts';
import { labHardwareFile } from '../lab-hardware.ts';
import { listenAgain, listeningSide, type ListenOptions } from '../listen-options.ts';
import { Output } from '../output.ts';
import type { RemoteOptions } from '../remote-machine.ts';
import { elsewhereOf, remoteChoice, requireSameWay } from '../resume-source.ts';
import { withSide } from '../remote-side.ts';
import { describeStopped } from '../screen/stopped.ts';
import { askAndRun, reportDryRun } from './run-job.ts';
import { sealCommand } from './seal.ts';
import { adoptCommand, refuseCaseOptions, type AdoptOptions } from './adopt.ts';
import { hasJournal, lookAt } from './seal-state.ts';

export interface ResumeOptions
  extends
    RemoteOptions,
    Pick<ListenOptions, 'allowPeer' | 'reachedBy'>,
    Partial<AdoptOptions>,
    Pick<SettingFlags, 'retries' | 'maxBad' | 'readTimeout' | 'waitForDevice'> {
  readonly examiner?: string;
  readonly labelSerial?: string;
  readonly adoptMap?: string;
  readonly key?: string;
  readonly unsigned?: boolean;
  readonly allowUnblocked?: string;
  readonly softwareBlock?: boolean;
  readonly allowSystemDestination?: boolean;
  readonly ignoreBadHardware?: boolean;
  /** False: `--no-read-back`, which is refused. */
  readonly readBack?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly rebooted?: string;
}

/** `exhibit resume`: what is on disk and what the source answers are held against the journal; then it goes on. */
export async function resumeCommand(
  env: Env,
  target: string,
  source: string | undefined,
  options: ResumeOptions,
): Promise<number> {
  const output = new Output(env, options.json === true);
  if (options.adoptMap !== undefined && !(await hasJournal(env, target)))
    return adoptCommand(env, target, source, { ...options, adoptMap: options.adoptMap });
  refuseCaseOptions(options);
  const choices = choicesOf(source, options);
  const state = await lookAt(env, target);
  if (state.closed) return finishClosing(env, target, options);
  const elsewhere = await elsewhereOf(env, state);
  requireSameWay(elsewhere, choices.sourcePath, options);
  const { remote, sent } = elsewhere;
  if (sent !== null) {
    const listen = listenAgain(sent, choices.sourcePath, options);
    return resumeFrom(env, output, state, { ...choices, listen }, options, listeningSide(env, listen, sent.whole));
  }
  if (remote === null) return resumeFrom(env, output, state, choices, options, undefined);
  const { address, pinned, transport } = remoteChoice(remote, choices, options);
  const remoteReader = remote.section.reading.program === 'dd' ? 'dd' : 'auto';
  return withSide(env, address, { ...options, transport, remoteReader }, pinned, (side) =>
    resumeFrom(env, output, state, choices, options, side),
  );
}

type Stopped = Awaited<ReturnType<typeof lookAt>>;

async function resumeFrom(
  env: Env,
  output: Output,
  state: Stopped,
  choices: ResumeChoices,
  options: ResumeOptions,
  side: SourceSide | undefined,
): Promise<number> {
  const labFile = await labHardwareFile(env.ports);
  const ready = await preflightResume(env.ports, state.folder, state.stem, choices, labFile, side);
  const { result, stopped, foreign, station, readerVersion } = ready;
  const { settings } = stopped.start.head.acquisition;
  // A read that hangs in this process would keep it from ending.
  if (side === undefined && settings.reader === 'direct' && env.supervise !== null) return env.supervise();
  output.say(`${describeStopped(stopped)}\n`);
  if (!result.ok) return output.refused(result.refusals, result.findings);
  const { plan } = result;
  const { map } = stopped.state;
  const expected = await expectedOf(env.ports, plan, map.bytes('good') + map.bytes('unreadable'));
  output.say(`${describePlan(plan, expected)}\n`);
  const key = await keyOf(env, options);
  if (options.dryRun === true) return reportDryRun(output, plan, expected);
  return askAndRun(env, output, plan, key, (job) =>
    resumeAcquisition({ ...job, station, readerVersion, stopped, foreign, ...(side === undefined ? {} : { side }) }),
  );
}

/** Everything was acquired, and has its manifest: what is left is what `seal` does. */
async function finishClosing(env: Env, target: string, options: ResumeOptions): Promise<number> {
  new Output(env, options.json === true).say(
    `${visible(target)} has its manifest: only its closing is to be finished.`,
  );
  const { key, unsigned, json } = options;
  return sealCommand(env, target, {
    ...(key === undefined ? {} : { key }),
    ...(unsigned === undefined ? {} : { unsigned }),
    ...(json === undefined ? {} : { json }),
  });
}

async function keyOf(env: Env, { key, unsigned }: ResumeOptions): Promise<KeyChoice | null> {
  return unsigned === true ? null : findSigningKey(env.ports, key ?? null);
}

/** @throws ExhibitError `usage.request` with every fault at once */
function choicesOf(source: string | undefined, options: ResumeOptions): ResumeChoices {
  const faults = new UsageFaults();
  if (options.readBack === false) faults.add(NO_READ_BACK, NO_READ_BACK_HINT);
  if (options.key !== undefined && options.unsigned === true)
    faults.add('--key and --unsigned exclude each other.', 'Leave one of them out.');
  const line = (option: string, text: string | undefined): string | null => {
    const fault = text === undefined ? null : textFault(text, 'line');
    if (fault !== null) faults.add(`${option} ${fault}.`);
    return text ?? null;
  };
  const choices: ResumeChoices = {
    sourcePath: line('SOURCE', source),
    examiner: line('--examiner', options.examiner),
    labelSerial: line('--label-serial', options.labelSerial),
    limits: recoveryLimits(options, faults),
    adoptMap: line('--adopt-map', options.adoptMap),
    overrides: {
      allowUnblocked: line('--allow-unblocked', options.allowUnblocked),
      softwareBlock: options.softwareBlock === true,
      allowSystemDestination: options.allowSystemDestination === true,
      ignoreBadHardware: options.ignoreBadHardware === true,
      unsigned: options.unsigned === true,
    },
    keyPath: options.key ?? null,
    yes: options.yes === true,
    rebooted: line('--rebooted', options.rebooted),
  };
  faults.throwIfAny();
  return choices;
}

const NO_READ_BACK = 'A resumed acquisition is read back as a whole before it is signed: --no-read-back is refused.';
const NO_READ_BACK_HINT = 'Nobody saw all of it go to disk in one piece. Leave --no-read-back out.';
