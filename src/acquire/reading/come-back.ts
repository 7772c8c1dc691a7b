import { valueOf } from '../../model/device.ts';
import { ExhibitError } from '../../model/errors.ts';
import { identityDifferences, type SourceIdentity } from '../../model/identity.ts';
import type { SourceFacts } from '../../model/plan.ts';
import { placeOf } from '../../model/remote-faults.ts';
import { visible } from '../../model/text.ts';
import { isUnreachable } from '../../remote/open-machine.ts';
import { findAgain, type FoundAgain } from './find-again.ts';
import { asRemote, connectSide, lookOn, type SourceSide } from '../source-side.ts';

/** Milliseconds between two looks for a disk here; and between two attempts to reach its machine, the last for all that follow. */
const LOOK_EVERY = 1000;
const BACK_OFF = [1000, 2000, 4000, 8000, 15_000];

/** How long to wait before the next look. */
export function pauseAfter(looks: number, { remote }: SourceSide): number {
  if (remote === undefined) return LOOK_EVERY;
  return BACK_OFF[Math.min(looks, BACK_OFF.length - 1)] ?? LOOK_EVERY;
}

/** What says that the device, or the way to it, is gone, and not that a place on it is bad. */
const GONE = ['source.vanished', 'source.silent', 'remote.link-lost', 'remote.silent'];

export function isGone(error: unknown): error is ExhibitError {
  return error instanceof ExhibitError && GONE.includes(error.code);
}

/**
 * The side of a source that went away: its machine is connected anew where that was lost. Null: it can't be reached yet.
 * @throws ExhibitError `source.rebooted`; what is no matter of waiting, a host key that is another one first of all
 */
async function sideAgain(side: SourceSide, lost: SourceFacts, stop: AbortSignal): Promise<SourceSide | null> {
  if (side.remote === undefined) return side;
  try {
    const { reach, account } = side.remote;
    const was = account.bootId;
    const again = await connectSide(reach, account, stop);
    const rebooted = rebootedSince(lost, was, account.bootId);
    if (rebooted !== null) throw rebooted;
    return again;
  } catch (error) {
    if (isUnreachable(error) || stop.aborted) return null;
    throw error;
  }
}

/** One look for a source that went away, wherever it was. */
export async function lookAgain(
  side: SourceSide,
  lost: SourceFacts,
  stop: AbortSignal,
): Promise<{ readonly side: SourceSide; readonly again: FoundAgain }> {
  const nothing = { found: 'nothing' } as const;
  const now = await sideAgain(side, lost, stop);
  if (now === null) return { side, again: nothing };
  const path = lost.remote?.address.path ?? lost.path;
  const again = await lookOn(now, () => findAgain(now.ports, { ...lost, path })).catch((error: unknown) => {
    if (now.remote !== undefined && isUnreachable(error)) return nothing;
    throw error;
  });
  return {
    side: now,
    again: again.found === 'nothing' ? again : { ...again, source: asRemote(now, lost, again.source) },
  };
}

/** Null: it is not known to have been started anew. Each is the last that was told: silence in between hides nothing. */
function rebootedSince(lost: SourceFacts, was: string | null, now: string | null): ExhibitError | null {
  if (was === null || now === null || now === was) return null;
  const place = lost.remote === undefined ? '' : placeOf(lost.remote.address);
  const message = `${place} was started anew since: its boot id was ${visible(was)}, and is ${visible(now)}. Its disk was written to in between.`;
  return new ExhibitError('source', 'source.rebooted', message, {
    hint: 'Nothing was read since, and what was read is kept. Whether to go on is for you to decide: exhibit resume DIR --rebooted REASON',
  });
}

/**
 * The very same disk of a machine that ran on all the time: what it holds need not be compared, and on a disk that is in
 * use it differs by itself. A kernel that counts no disks (`diskseq`, since 5.15) can't tell one that took its place.
 */
export function ranOn(
  was: { readonly identity: SourceIdentity; readonly bootId: string | null },
  { identity, remote }: SourceFacts,
): boolean {
  const bootId = remote === undefined ? null : valueOf(remote.machine.bootId);
  const counted = identity.diskseq !== null;
  return (
    counted && bootId !== null && bootId === was.bootId && identityDifferences(was.identity, identity).length === 0
  );
}
