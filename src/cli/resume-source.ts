import { judgeSourceOptions, type SourceOptions } from '../catalog/source-options.ts';
import { UsageFaults } from '../catalog/usage-faults.ts';
import { readStoppedFolder } from '../acquire/stopped/stopped-folder.ts';
import type { ResumeChoices } from '../acquire/stopped/resume-request.ts';
import { ExhibitError } from '../model/errors.ts';
import type { HostKey } from '../model/remote.ts';
import { sourceKind, type SourceKind } from '../model/source-kind.ts';
import { visible } from '../model/text.ts';
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
  readonly remote: { readonly section: RemoteSection; readonly hostKey: HostKey | null } | null;
  readonly sent: {
    readonly section: ReceivedSection;
    readonly path: string;
    /** Nothing of it is still to come. */
    readonly whole: boolean;
  } | null;
}

export async function elsewhereOf(
  env: Env,
  { folder, stem }: { readonly folder: string; readonly stem: string },
): Promise<Elsewhere> {
  const { lastHead, hostKey, state, start } = await readStoppedFolder(env.ports, folder, stem);
  const { remote, received, path } = lastHead.source;
  return {
    remote: remote === null ? null : { section: remote, hostKey },
    sent: received === null ? null : { section: received, path, whole: state.position === start.size },
  };
}

/**
 * A source is reached as it was when it was begun, and what is said of how fits that.
 * @throws ExhibitError `usage.request` with every fault at once
 */
export function requireSameWay({ remote, sent }: Elsewhere, source: string | null, options: SourceOptions): void {
  const kind: SourceKind = sent !== null ? 'listen' : remote !== null ? 'ssh' : 'here';
  const faults = new UsageFaults();
  if (source !== null && sourceKind(source) !== kind)
    faults.add(`${visible(source)}: the disk of this acquisition ${BEGAN[kind]}.`, NAME_IT[kind]);
  judgeSourceOptions(kind, options, faults);
  faults.throwIfAny();
}

const BEGAN: Readonly<Record<SourceKind, string>> = {
  here: 'was on this station',
  ssh: 'was read over SSH',
  listen: 'was sent by another machine',
};

const AS_FIRST = 'Name the source as it was named first, or leave it out.';
const NAME_IT: Readonly<Record<SourceKind, string>> = {
  here: AS_FIRST,
  ssh: AS_FIRST,
  listen: 'Name where it is waited for: listen://ADDR:PORT',
};

/**
 * Where and how it is reached again: as before, but for what is said anew. The key must be the one of the first session.
 * @throws ExhibitError `remote.host-key-changed` when another one is asked for
 */
export function remoteChoice(
  { section, hostKey }: NonNullable<Elsewhere['remote']>,
  { sourcePath }: ResumeChoices,
  options: RemoteOptions,
): { address: RemoteReach['address']; pinned: HostKey | null; transport: string } {
  const asked = options.hostKey === undefined ? null : parseFingerprint(options.hostKey);
  if (asked !== null && hostKey !== null && asked !== hostKey.fingerprint) throw otherKey(asked, hostKey.fingerprint);
  return {
    address: diskAddress(sourcePath ?? formatSshAddress(section.address)),
    pinned: hostKey,
    transport: options.transport ?? section.transport,
  };
}

function otherKey(asked: string, fingerprint: string): ExhibitError {
  const message = `--host-key ${visible(asked)} is not the key by which the machine proved who it is when it was begun (${visible(fingerprint)}).`;
  return new ExhibitError('remote', 'remote.host-key-changed', message, {
    hint: 'Another key is another machine, or somebody in between. Find out, and image it anew if it was given a new key.',
  });
}
