import { ReceivedAccount } from '../acquire/received/account.ts';
import type { SourceSide } from '../acquire/source-side.ts';
import { textFault } from '../catalog/text-laws.ts';
import { UsageFaults } from '../catalog/usage-faults.ts';
import { parseAllowed, parseExpectSize, parseListenAddress } from '../listen/address.ts';
import type { ReceivedSection } from '../manifest/received-schema.ts';
import { ExhibitError } from '../model/errors.ts';
import { formatIp, formatNet, parseIp } from '../model/ip-address.ts';
import type { ListenRequest } from '../model/listen.ts';
import { sourceKind } from '../model/source-kind.ts';
import { visible } from '../model/text.ts';
import type { Env } from './env.ts';

/** What a command line says of how a disk is waited for that another machine sends. */
export interface ListenOptions {
  readonly expectSize?: string;
  readonly tls?: boolean;
  readonly allowPeer?: readonly string[];
  readonly allowPlaintext?: string;
  readonly reachedBy?: string;
}

const SIZE_HINT = 'Ask the other machine (blockdev --getsize64 /dev/sda) and give it: --expect-size BYTES';

/** How a disk is to be waited for; null: the source is none that is sent. What is wrong goes to the faults. */
export function listenAsked(source: string, options: ListenOptions, faults: UsageFaults): ListenRequest | null {
  if (sourceKind(source) !== 'listen') return null;
  const plaintext = options.allowPlaintext ?? null;
  const fault = plaintext === null ? null : textFault(plaintext, 'line');
  if (fault !== null)
    faults.add(`--allow-plaintext ${fault}.`, 'It takes the reason in words; it stands in the manifest.');
  if (plaintext !== null && options.tls === true)
    faults.add(
      '--allow-plaintext stands beside --tls: which of the two is meant?',
      'Leave one of them out: nothing falls back to plaintext by itself.',
    );
  if (options.expectSize === undefined)
    faults.add('A stream does not tell when it is whole: --expect-size is missing.', SIZE_HINT);
  const { expectSize } = options;
  return {
    address: faults.attempt(() => parseListenAddress(source), { host: '', port: 0, path: null }),
    size: expectSize === undefined ? 0 : faults.attempt(() => parseExpectSize(expectSize), 0),
    allowed: allowedOf(options, faults),
    plaintext,
    reachedBy: reachedBy(options, faults),
  };
}

/**
 * How a stopped one is waited for again: as before, but for what is said anew.
 * @param named another place to wait at; what forwarded to the one before is not taken to forward to that
 * @throws ExhibitError `usage.request`
 */
export function listenAgain(
  { section, path }: { readonly section: ReceivedSection; readonly path: string },
  named: string | null,
  options: ListenOptions,
): ListenRequest {
  const faults = new UsageFaults();
  const address = faults.attempt(() => parseListenAddress(named ?? path), { host: '', port: 0, path: null });
  const allowed = options.allowPeer === undefined ? section.allowed : allowedOf(options, faults);
  const request = {
    address: { ...address, path: address.path ?? section.disk },
    size: section.expect_size,
    allowed,
    plaintext: section.plaintext_reason,
    reachedBy: reachedBy(options, faults) ?? (named === null ? section.reached_by : null),
  };
  faults.throwIfAny();
  return request;
}

/**
 * The side of a disk that is sent: nothing is opened yet.
 * @param whole all of it came before
 */
export function listeningSide({ ports }: Env, request: ListenRequest, whole = false): SourceSide {
  return { ports, listen: { request, account: new ReceivedAccount(request), whole } };
}

function allowedOf({ allowPeer = [] }: ListenOptions, faults: UsageFaults): string[] {
  return faults.attempt(() => parseAllowed(allowPeer).map(formatNet), []);
}

function reachedBy({ reachedBy: text }: ListenOptions, faults: UsageFaults): string | null {
  if (text === undefined) return null;
  return faults.attempt(() => {
    const address = parseIp(text);
    if (address !== null) return formatIp(address);
    throw new ExhibitError('usage', 'listen.address', `--reached-by ${visible(text)} is no IP address.`, {
      hint: 'Give the address by which the live machine reaches this station, where another one forwards to us.',
    });
  }, null);
}
