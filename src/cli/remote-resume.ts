import { readStoppedFolder } from '../acquire/stopped/stopped-folder.ts';
import type { ResumeChoices } from '../acquire/stopped/resume-request.ts';
import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import { sourceKind } from '../model/source-kind.ts';
import type { ReceivedSection } from '../manifest/received-schema.ts';
import type { RemoteSection } from '../manifest/remote-schema.ts';
import { formatSshAddress } from '../remote/address.ts';
import type { RemoteReach } from '../remote/open-machine.ts';
import { parseFingerprint } from '../remote/fingerprint.ts';
import type { Env } from './env.ts';
import type { RemoteOptions } from './remote-machine.ts';
import { diskAddress } from './remote-side.ts';

/** Where the source of a stopped acquisition is; both null: on this station. */
export interface Elsewhere {
  readonly remote: { readonly section: RemoteSection; readonly fingerprint: string | null } | null;
  readonly sent: { readonly section: ReceivedSection; readonly path: string } | null;
}

export async function elsewhereOf(
  env: Env,
  { folder, stem }: { readonly folder: string; readonly stem: string },
): Promise<Elsewhere> {
  const { lastHead, hostKey } = await readStoppedFolder(env.ports, folder, stem);
  const { remote, received, path } = lastHead.source;
  return {
    remote: remote === null ? null : { section: remote, fingerprint: hostKey },
    sent: received === null ? null : { section: received, path },
  };
}

/** A disk that was sent is sent again, and none that was not. @throws ExhibitError `usage.request` */
export function requireSameWay({ sent }: Elsewhere, source: string | null): void {
  if (source === null || (sourceKind(source) === 'listen') === (sent !== null)) return;
  const began = sent === null ? 'was not sent by another machine' : 'was sent by another machine';
  throw new ExhibitError('usage', 'usage.request', `${visible(source)}: the disk of this acquisition ${began}.`, {
    hint: sent === null ? 'Name the source as it was named first.' : 'Name where it is waited for: listen://ADDR:PORT',
  });
}

/**
 * Where and how it is reached again: as before, but for what is said anew. The key must be the one of the first session.
 * @throws ExhibitError `remote.host-key-changed` when another one is asked for
 */
export function remoteChoice(
  { section, fingerprint }: NonNullable<Elsewhere['remote']>,
  { sourcePath }: ResumeChoices,
  options: RemoteOptions,
): { address: RemoteReach['address']; pinned: string | null; transport: string } {
  const asked = options.hostKey === undefined ? null : parseFingerprint(options.hostKey);
  if (asked !== null && fingerprint !== null && asked !== fingerprint) throw otherKey(asked, fingerprint);
  return {
    address: diskAddress(sourcePath ?? formatSshAddress(section.address)),
    pinned: fingerprint,
    transport: options.transport ?? section.transport,
  };
}

function otherKey(asked: string, fingerprint: string): ExhibitError {
  const message = `--host-key ${visible(asked)} is not the key by which the machine proved who it is when it was begun (${visible(fingerprint)}).`;
  return new ExhibitError('remote', 'remote.host-key-changed', message, {
    hint: 'Another key is another machine, or somebody in between. Find out, and image it anew if it was given a new key.',
  });
}
