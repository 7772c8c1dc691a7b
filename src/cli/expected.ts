import { observeLinkSpeeds } from '../discover/link-speeds.ts';
import { fileSystemIdentity, nearestExisting } from '../discover/file-system-identity.ts';
import { figuresFor } from '../doctor/speed/kept.ts';
import { stationIdentity } from '../doctor/speed/station.ts';
import { known, unknown, type Fact } from '../model/device.ts';
import { messageOf } from '../model/errors.ts';
import { expectation } from '../model/expectation.ts';
import { linkRate, type LinkRate } from '../model/link-rate.ts';
import { isElsewhere, type Plan } from '../model/plan.ts';
import { hashingLimit, hashingLimitOf, type HashJob, type SpeedFigures } from '../model/speed.ts';
import type { EngineChoice } from '../model/digest.ts';
import type { Expected } from '../plan/describe-expected.ts';
import type { Ports } from '../system/ports.ts';
import { readSpeedFile } from './speed-file.ts';

/**
 * What is known of the pace of a plan: the source's link, and what `exhibit doctor --speed` measured here. It informs and
 * decides nothing: whatever can't be had is unknown, and it never throws.
 * @param done bytes of the source that need not be read again
 */
export async function expectedOf(ports: Ports, plan: Plan, done = 0): Promise<Expected> {
  const [link, measured] = await Promise.all([linkOf(ports, plan), measuredFor(ports, plan)]);
  const { settings } = plan.request;
  const job: HashJob = { hashes: settings.hashes, spanLanes: settings.format === 'split' ? 2 : 1 };
  const { folder, station, destination } = measured;
  const writing = ofFigures(destination, ({ writing: { bytesPerSecond } }) => bytesPerSecond);
  const engine = engineOf(plan);
  const hashing = ofFigures(station, (figures) => hashingLimitOf(figures, job, engine));
  const again = ofFigures(station, (figures) => hashingLimit(figures, { ...job, spanLanes: 1 }, 'native'));
  return {
    link,
    writing,
    hashing: hashing.known ? known({ ...hashing.value, how: HOW[engine] }) : hashing,
    folder,
    expectation: expectation({
      toRead: Math.max(0, plan.size - done),
      size: plan.size,
      link: rateOf(link),
      writing: rateOf(writing),
      hashing: rateOf(hashing),
      hashingAgain: rateOf(again),
      readBack: settings.readBack,
      verifySource: settings.verifySource,
    }),
  };
}

const HOW: Readonly<Record<EngineChoice, string>> = {
  auto: 'by WASM while it keeps up, else native: the faster of the two',
  wasm: 'by WASM',
  native: 'native',
};

/** A rescue is not measured, and takes WASM. */
function engineOf({ request: { settings } }: Plan): EngineChoice {
  return settings.engine === 'auto' && settings.recovery === 'deferred' ? 'wasm' : settings.engine;
}

async function linkOf(ports: Ports, { source }: Plan): Promise<Fact<LinkRate>> {
  if (isElsewhere(source)) return unknown('the network, whose rate is not known');
  if (source.kind === 'file') return unknown('a plain file: what it lies on was not looked at');
  try {
    const { chain } = source.device;
    return linkRate(chain, await observeLinkSpeeds(ports, chain));
  } catch (error) {
    return unknown(messageOf(error));
  }
}

interface MeasuredFor {
  /** Where to measure. */
  readonly folder: string;
  readonly station: Fact<SpeedFigures>;
  readonly destination: Fact<SpeedFigures>;
}

async function measuredFor(ports: Ports, { destination, folder: planned }: Plan): Promise<MeasuredFor> {
  const none = (folder: string): MeasuredFor => ({
    folder,
    station: unknown('not measured'),
    destination: unknown('not measured'),
  });
  try {
    const folder = await nearestExisting(ports, planned.path);
    const [kept, station] = await Promise.all([readSpeedFile(ports), stationIdentity(ports)]);
    if (kept.length === 0 || !station.known) return none(folder);
    const identity = await fileSystemIdentity(ports, folder, destination);
    const { here, thereToo } = figuresFor(kept, station.value, identity);
    // Others were measured, or this one by another station, another Node.
    const orNot = (found: SpeedFigures | null): Fact<SpeedFigures> =>
      found === null ? unknown('not measured here') : known(found);
    return { folder, station: orNot(here), destination: orNot(thereToo) };
  } catch {
    return none(destination.path);
  }
}

function ofFigures(
  figures: Fact<SpeedFigures>,
  rate: (figures: SpeedFigures) => number,
): Fact<{ bytesPerSecond: number; measuredAt: string }> {
  if (!figures.known) return figures;
  return known({ bytesPerSecond: rate(figures.value), measuredAt: figures.value.measuredAt });
}

function rateOf(fact: Fact<{ readonly bytesPerSecond: number }>): Fact<number> {
  return fact.known ? known(fact.value.bytesPerSecond) : fact;
}
