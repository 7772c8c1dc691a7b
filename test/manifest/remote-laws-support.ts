import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeManifest } from '../../src/manifest/encode.ts';
import { parseManifest } from '../../src/manifest/parse.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { resumed } from '../support/resumed.ts';
import { sampleManifest } from '../support/sample-manifest.ts';
import { BOOT_ID, frozenManifest, remoteManifest } from '../support/sample-remote.ts';

type Remote = NonNullable<Manifest['source']['remote']>;

export const L = remoteManifest();
export const F = frozenManifest();
export const S = sampleManifest();
export const remote = L.source.remote!;
export const [connection] = remote.connections;
export const HASH = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
export const OTHER_BOOT = BOOT_ID.replace('0f', '1f');
export const unlocked = { device: '/dev/sda2', mapper: '/dev/mapper/root', uuid: 'CRYPT-LUKS2-x' };
export const WITHOUT = { option: 'unsigned', reason: null };
export const UNREAD = { start: 0, end: 512, first_sector: 0, end_sector: 1, errno: 'EIO', attempts: 1 };
export const mismatch = { start: 0, end: 4096, told: HASH, ours: OTHER };

export function faultsOf(manifest: Manifest): string[] {
  const result = parseManifest(encodeManifest(manifest));
  return result.ok ? [] : result.faults;
}

/** Somebody changed the section, and nothing else. */
export function but(manifest: Manifest, change: Partial<Remote>): Manifest {
  return { ...manifest, source: { ...manifest.source, remote: { ...manifest.source.remote!, ...change } } };
}

export const system = (change: Partial<Remote['system']>): Partial<Remote> => ({
  system: { ...remote.system, ...change },
});
export const proof = (change: Partial<Remote['proof']>): Partial<Remote> => ({
  proof: { ...remote.proof, ...crossed(change) },
});
/** As many crossed as came, none of it packed, where nothing else is said. */
const crossed = (change: Partial<Remote['proof']>): Partial<Remote['proof']> => ({
  ...(change.ranges === undefined ? {} : { modes: { none: change.ranges, zstd: 0, gzip: 0 } }),
  ...(change.bytes === undefined ? {} : { wire_bytes: change.bytes }),
  ...change,
});
export const second = (change: Partial<Remote['second_pass'] & object>): Partial<Remote> => ({
  second_pass: { ...F.source.remote!.second_pass!, ...change },
});
export const settings = (manifest: Manifest, change: Partial<Manifest['acquisition']>): Manifest => ({
  ...manifest,
  acquisition: { ...manifest.acquisition, ...change },
});
export const sessions = (manifest: Manifest, change: Partial<Manifest['sessions'][number]>): Manifest => ({
  ...manifest,
  sessions: manifest.sessions.map((session) => ({ ...session, ...change })),
});
/** Gone on with once; of the first session nothing is missing. */
export const twoSessions = (change: Partial<Remote>): Manifest => {
  const { manifest } = resumed(L);
  const attachments = manifest.sessions.flatMap((session) => session.attachments);
  return but(manifest, { connections: attachments.map(() => connection!), ...change });
};
export const anew = (): Manifest => {
  const manifest = twoSessions({});
  const { connections } = manifest.source.remote!;
  return but(manifest, {
    connections: connections.map((each, index) =>
      index < connections.length - 1 ? each : { ...each, boot_id: OTHER_BOOT },
    ),
  });
};
type Session = Manifest['sessions'][number];
export const sessionsOf = (
  manifest: Manifest,
  change: (session: Session, index: number) => Partial<Session>,
): Manifest => ({
  ...manifest,
  sessions: manifest.sessions.map((session, index) => ({ ...session, ...change(session, index) })),
});
export const attachment = L.sessions[0]!.attachments[0]!;

/** A test for each forgery by its name: it is faulted, and for what it is. */
export function eachFaulted(table: Readonly<Record<string, readonly [Manifest, RegExp]>>): void {
  for (const [name, [manifest, fault]] of Object.entries(table)) {
    test(name, () => {
      const faults = faultsOf(manifest);
      assert.ok(
        faults.some((line) => fault.test(line)),
        JSON.stringify(faults),
      );
    });
  }
}
