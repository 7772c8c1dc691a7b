import { ExhibitError } from './errors.ts';
import type { RemoteAddress } from './remote.ts';
import { visible } from './text.ts';

type Place = Pick<RemoteAddress, 'user' | 'host' | 'port'>;

/** What is gone on with says so itself, where something was begun. */
const LOOK = 'Check the link and the machine.';

/** `ada@box`, or `ada@box port 2222`. */
export function placeOf({ user, host, port }: Place): string {
  return visible(`${user === null ? '' : `${user}@`}${host}${port === null ? '' : ` port ${port}`}`);
}

export function unreachable(place: Place, why: string, cause?: unknown): ExhibitError {
  const hint =
    'Is it switched on, is this its address, does a firewall stand between? Is the port that of its SSH server?';
  return new ExhibitError('source', 'remote.unreachable', `${placeOf(place)} can not be reached: ${visible(why)}.`, {
    hint,
    cause,
  });
}

export function noSuchHost(place: Place, cause?: unknown): ExhibitError {
  return new ExhibitError('source', 'remote.no-such-host', `No address is known for the name ${visible(place.host)}.`, {
    hint: 'Check the spelling, or give the IP address.',
    cause,
  });
}

export function notSsh(place: Place, why: string): ExhibitError {
  return new ExhibitError(
    'source',
    'remote.not-ssh',
    `${placeOf(place)} does not speak SSH with us: ${visible(why)}.`,
    {
      hint: 'Is this the port of its SSH server? A very old server may have no algorithm in common with us: --transport openssh.',
    },
  );
}

export function linkLost(place: Place, why: string, cause?: unknown): ExhibitError {
  const message = `The connection to ${placeOf(place)} was lost: ${visible(why)}.`;
  return new ExhibitError('source', 'remote.link-lost', message, { hint: LOOK, cause });
}

export function linkSilent(place: Place, ms: number): ExhibitError {
  const message = `${placeOf(place)} has said nothing for ${(ms / 1000).toFixed(1)} seconds, though it was asked: the link is dead.`;
  return new ExhibitError('source', 'remote.silent', message, { hint: LOOK });
}

export function linkClosed(place: Place): ExhibitError {
  return new ExhibitError('interrupted', 'remote.closed', `The connection to ${placeOf(place)} was closed by us.`);
}

export function noChannel(place: Place, why: string, cause?: unknown): ExhibitError {
  const message = `${placeOf(place)} runs no further command for us: ${visible(why)}.`;
  return new ExhibitError('source', 'remote.no-channel', message, {
    hint: 'Its SSH server limits the channels of a connection (MaxSessions): it takes four, or more for --connections above one.',
    cause,
  });
}

/** Whether it runs there nobody knows. */
export function noAnswer(place: Place, ms: number): ExhibitError {
  const message = `${placeOf(place)} has not begun a command of ours within ${ms / 1000} seconds, though the link lives.`;
  return new ExhibitError('source', 'remote.no-answer', message, {
    hint: 'Can programs be started there at all (memory, processes, a disk that hangs)?',
  });
}

/** @param tried every way that was tried; `accepted`: what the server would take, null: it did not say */
export function authRefused(
  place: Place,
  tried: readonly string[],
  accepted: readonly string[] | null,
  why: string,
): ExhibitError {
  const ways = tried.length === 0 ? 'nothing: there was nothing to try' : tried.join('; ');
  const takes = accepted === null ? '' : ` It takes: ${accepted.join(', ') || 'nothing more'}.`;
  const message = `${placeOf(place)} did not let us in (${visible(why)}). Tried: ${visible(ways)}.${visible(takes)}`;
  return new ExhibitError('remote', 'remote.auth-refused', message, {
    hint: 'Name a key with --identity FILE, load one into your agent (ssh-add), or run it in a terminal to be asked for the password.',
  });
}
