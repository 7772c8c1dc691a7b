import { ENGINES } from '../../model/digest.ts';
import type { Fact } from '../../model/device.ts';
import { ExhibitError } from '../../model/errors.ts';
import type { Limit } from '../../model/expectation.ts';
import type { SpeedFigures, StationIdentity } from '../../model/speed.ts';
import { utc } from '../../system/clock.ts';
import type { Ports } from '../../system/ports.ts';
import type { TrialPlace } from './destination.ts';
import { engineRates } from './engines.ts';
import { writeRate } from './write-rate.ts';

/** What was measured, before it is known whether it can be kept. */
export type Measurement = Omit<SpeedFigures, 'station'> & { readonly station: Fact<StationIdentity> };

/**
 * Measures a destination, then the engines: half a minute at the very most on a slow machine, some ten seconds on most.
 * @throws ExhibitError `interrupted` when it is stopped: nothing is left then
 */
export async function measureSpeed(
  ports: Ports,
  place: TrialPlace,
  station: Fact<StationIdentity>,
  stop: AbortSignal,
): Promise<Measurement> {
  try {
    const writing = await writeRate(ports, place.facts.path, place.cap, stop);
    const engines = await engineRates(ports, stop);
    return { measuredAt: utc(ports.clock.wallMs()), station, destination: place.identity, writing, ...engines };
  } catch (cause) {
    if (!stop.aborted) throw cause;
    throw new ExhibitError('interrupted', 'interrupted', 'Stopped: nothing was measured, and nothing is left of it.', {
      cause,
    });
  }
}

/** What holds up a default job on this station, whatever the source gives. */
export interface Bottleneck {
  readonly what: Extract<Limit, 'destination' | 'hashing'>;
  readonly bytesPerSecond: number;
}

/** The smaller of writing, and hashing by the engine that `auto` falls back to: the faster one. Pure. */
export function bottleneckOf({ writing, together }: Pick<SpeedFigures, 'writing' | 'together'>): Bottleneck {
  const hashing = Math.max(...ENGINES.map((engine) => together[engine]));
  return writing.bytesPerSecond <= hashing
    ? { what: 'destination', bytesPerSecond: writing.bytesPerSecond }
    : { what: 'hashing', bytesPerSecond: hashing };
}
