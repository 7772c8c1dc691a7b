import { busyNow, trialPlace, type TrialPlace } from '../../doctor/speed/destination.ts';
import { bottleneckOf, measureSpeed, type Measurement } from '../../doctor/speed/measure.ts';
import { stationIdentity } from '../../doctor/speed/station.ts';
import { known, unknown, valueOf, type Fact } from '../../model/device.ts';
import { ExhibitError, messageOf } from '../../model/errors.ts';
import { describeBytes } from '../../model/size.ts';
import { sourceKind } from '../../model/source-kind.ts';
import { visible } from '../../model/text.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { speedTable } from '../screen/speed-table.ts';
import { keepFigures } from '../speed-file.ts';

/**
 * `exhibit doctor --speed DEST`: how fast this destination takes data, and how fast each engine hashes here. No source is
 * read; what is written has no name and is gone at the end. The figures are kept for the plans of acquisitions.
 */
export async function doctorSpeed(env: Env, output: Output, to: string): Promise<ExitCode> {
  const { ports } = env;
  const place = await trialPlace(ports, to);
  const station = await stationIdentity(ports);
  output.say(announced(place));
  const signals = env.watchSignals(() => undefined);
  try {
    const measured = await measureSpeed(ports, place, station, signals.stop);
    report(output, place, measured, await keep(env, place, measured));
    return EXIT.done;
  } finally {
    signals.release();
  }
}

/** What must not be asked for together with `--speed`. @throws ExhibitError `usage` */
export function refuseBesideSpeed(machine: string | null, to: string, options: { readonly key?: string }): void {
  if (machine !== null || sourceKind(to) !== 'here') {
    throw new ExhibitError(
      'usage',
      'usage',
      '--speed measures a destination and the engines of this station; on another machine nothing is ever written.',
      { hint: 'Name a folder of this station, and no machine: exhibit doctor --speed DIR' },
    );
  }
  if (options.key !== undefined) {
    throw new ExhibitError('usage', 'usage', '--speed only measures: no key is tried.', {
      hint: 'Run it twice: exhibit doctor --speed DIR, exhibit doctor --key FILE',
    });
  }
}

/** What is about to be written where, for people. Nothing in it is raw. */
export function announced({ facts, cap, busy }: Pick<TrialPlace, 'facts' | 'cap' | 'busy'>): string {
  const { path, fileSystem, mountSource, onSystemDisk } = facts;
  const first = `Measuring ${visible(path)} (${visible(`${fileSystem} on ${mountSource}`)}) with at most ${describeBytes(cap)}, then the hash engines: about 15 seconds.`;
  return [
    first,
    ...(busy
      ? ['Another exhibit job writes to the same file system: it is slowed down, and what is measured is too little.']
      : []),
    ...(valueOf(onSystemDisk) === true
      ? [
          "It lies on the operating system's own disk: there no physical disk is imaged to without --allow-system-destination.",
        ]
      : []),
  ].join('\n');
}

/** Figures that can't be kept are figures all the same. */
async function keep(env: Env, place: TrialPlace, { station, ...figures }: Measurement): Promise<Fact<string>> {
  const disturbed = await disturbance(env, place);
  if (disturbed !== null) return unknown(disturbed);
  if (!station.known) return unknown(`what processor this is can't be told: ${station.why}`);
  try {
    return known(await keepFigures(env.ports, { ...figures, station: station.value }));
  } catch (error) {
    return unknown(messageOf(error));
  }
}

/** Why what was measured may be less than it could be. Null: no other job wrote there, before or after. */
async function disturbance({ ports }: Env, { busy, facts }: TrialPlace): Promise<string | null> {
  const now = busy ? known(true) : await busyNow(ports, facts);
  if (!now.known) return `whether another exhibit job wrote there meanwhile can't be told: ${now.why}`;
  return now.value ? 'another exhibit job wrote to the same file system meanwhile' : null;
}

function report(output: Output, place: TrialPlace, measured: Measurement, kept: Fact<string>): void {
  const { station, destination, ...figures } = measured;
  const bottleneck = bottleneckOf(measured);
  output.result(
    {
      ok: true,
      exit: EXIT.done,
      ...figures,
      station: station.known ? station.value : null,
      destination: { path: place.facts.path, ...destination },
      bottleneck,
      kept: kept.known ? kept.value : null,
      notKept: kept.known ? null : kept.why,
    },
    speedTable(place.facts.path, measured, bottleneck, kept),
  );
}
