import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { encodeManifest } from '../../src/manifest/encode.ts';
import { parseManifest } from '../../src/manifest/parse.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { resumed } from '../support/resumed.ts';
import { sampleManifest } from '../support/sample-manifest.ts';
import { BOOT_ID, frozenManifest, frozenOnce, remoteManifest, unreached } from '../support/sample-remote.ts';

type Remote = NonNullable<Manifest['source']['remote']>;

const L = remoteManifest();
const F = frozenManifest();
const S = sampleManifest();
const remote = L.source.remote!;
const [connection] = remote.connections;
const HASH = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const OTHER_BOOT = BOOT_ID.replace('0f', '1f');
const unlocked = { device: '/dev/sda2', mapper: '/dev/mapper/root', uuid: 'CRYPT-LUKS2-x' };
const WITHOUT = { option: 'unsigned', reason: null };
const UNREAD = { start: 0, end: 512, first_sector: 0, end_sector: 1, errno: 'EIO', attempts: 1 };
const mismatch = { start: 0, end: 4096, told: HASH, ours: OTHER };

function faultsOf(manifest: Manifest): string[] {
  const result = parseManifest(encodeManifest(manifest));
  return result.ok ? [] : result.faults;
}

/** Somebody changed the section, and nothing else. */
function but(manifest: Manifest, change: Partial<Remote>): Manifest {
  return { ...manifest, source: { ...manifest.source, remote: { ...manifest.source.remote!, ...change } } };
}

const system = (change: Partial<Remote['system']>): Partial<Remote> => ({ system: { ...remote.system, ...change } });
const proof = (change: Partial<Remote['proof']>): Partial<Remote> => ({
  proof: { ...remote.proof, ...crossed(change) },
});
/** As many crossed as came, none of it packed, where nothing else is said. */
const crossed = (change: Partial<Remote['proof']>): Partial<Remote['proof']> => ({
  ...(change.ranges === undefined ? {} : { modes: { none: change.ranges, zstd: 0, gzip: 0 } }),
  ...(change.bytes === undefined ? {} : { wire_bytes: change.bytes }),
  ...change,
});
const second = (change: Partial<Remote['second_pass'] & object>): Partial<Remote> => ({
  second_pass: { ...F.source.remote!.second_pass!, ...change },
});
const settings = (manifest: Manifest, change: Partial<Manifest['acquisition']>): Manifest => ({
  ...manifest,
  acquisition: { ...manifest.acquisition, ...change },
});
const sessions = (manifest: Manifest, change: Partial<Manifest['sessions'][number]>): Manifest => ({
  ...manifest,
  sessions: manifest.sessions.map((session) => ({ ...session, ...change })),
});
/** Gone on with once; of the first session nothing is missing. */
const twoSessions = (change: Partial<Remote>): Manifest => {
  const { manifest } = resumed(L);
  const attachments = manifest.sessions.flatMap((session) => session.attachments);
  return but(manifest, { connections: attachments.map(() => connection!), ...change });
};
const anew = (): Manifest => {
  const manifest = twoSessions({});
  const { connections } = manifest.source.remote!;
  return but(manifest, {
    connections: connections.map((each, index) =>
      index < connections.length - 1 ? each : { ...each, boot_id: OTHER_BOOT },
    ),
  });
};
type Session = Manifest['sessions'][number];
const sessionsOf = (manifest: Manifest, change: (session: Session, index: number) => Partial<Session>): Manifest => ({
  ...manifest,
  sessions: manifest.sessions.map((session, index) => ({ ...session, ...change(session, index) })),
});
const attachment = L.sessions[0]!.attachments[0]!;

describe('a source on another machine keeps these laws', () => {
  const kept: Record<string, Manifest> = {
    live: L,
    'frozen, and read twice': F,
    'frozen, and not read twice': frozenOnce(),
    'nothing there hashes': remoteManifest({
      reading: { ...remote.reading, hash: null },
      proof: { ...remote.proof, hashed_ranges: 0, hashed_bytes: 0 },
    }),
    'a range arrived differently, and was read again': remoteManifest(proof({ mismatches: [mismatch] })),
    'read by sudo': remoteManifest(system({ uid: 1000, via: 'sudo' })),
    'nobody knows uid, clock and boot id': remoteManifest({
      ...system({ uid: null, clock: null, boot_id: null }),
      connections: [{ ...connection!, boot_id: null }],
    }),
    'its size is told by sysfs alone': remoteManifest({ sizes: { ...remote.sizes, blockdev: null, lsblk: null } }),
    'ciphertext, for a reason': settings(remoteManifest({ unlocked: [unlocked] }), {
      overrides: [{ option: 'ciphertext', reason: 'the key is known' }],
    }),
    'cut off before it was reached': unreached(),
    'all that was run is told': remoteManifest({ footprint: { ...remote.footprint, run_count: 1 } }),
    'more came than was kept': remoteManifest(proof({ ranges: 3, bytes: 14_000 })),
    'packed in both ways': remoteManifest(proof({ modes: { none: 0, zstd: 1, gzip: 1 }, wire_bytes: 300 })),
    'nothing to be packed, and nothing was': remoteManifest({ reading: { ...remote.reading, modes: ['none'] } }),
    'a mismatch up to the end, and a program given up there': remoteManifest(
      proof({
        mismatches: [{ ...mismatch, end: 10_000 }],
        given_up: [{ code: 'remote.reader-died', at: 10_000, why: 'x' }],
      }),
    ),
    'a part was unreadable the second time': {
      ...but(F, second({ bytes: 9488, hashed_bytes: 9488, wire_bytes: 9488 })),
      source_check: { ...F.source_check, unreadable: [UNREAD] } as never,
    },
    'another program had read a part': {
      ...but(L, proof({ bytes: 5904, hashed_bytes: 5904 })),
      read_map: { ...L.read_map, adopted: [{ start: 0, end: 4096 }] },
    },
    'started anew between two sessions, for a reason': sessionsOf(anew(), (_, index) => ({
      overrides: index === 0 ? [] : [WITHOUT, { option: 'rebooted', reason: 'power was lost' }],
    })),
    'the second session found no tool to hash or pack with': twoSessions({
      reading: { ...remote.reading, hash: null, modes: ['none'] },
      ...proof({ modes: { none: 1, zstd: 1, gzip: 0 }, wire_bytes: 9000 }),
    }),
  };
  for (const [name, manifest] of Object.entries(kept)) {
    test(name, () => {
      assert.deepEqual(faultsOf(manifest), []);
    });
  }
});

describe('a forged source on another machine', () => {
  const table: Record<string, [Manifest, RegExp]> = {
    'held as one of this station': [
      { ...L, source: { ...L.source, held_by: 'exclusive-open' } },
      /held_by is exclusive-open, though the source is on another machine/,
    ],
    'one of this station, held as one of another': [
      { ...S, source: { ...S.source, held_by: 'remote-descriptor' } },
      /held_by is remote-descriptor, though the source is on this station/,
    ],
    'read by a reader of this station': [
      settings(L, { reader: { ...L.acquisition.reader, name: 'dd' } }),
      /reader\.name is dd, though the source is on another machine/,
    ],
    'read by another program than the section says': [
      settings(L, { reader: { ...L.acquisition.reader, name: 'remote-python' } }),
      /reader\.name is remote-python, though it was another program that read/,
    ],
    'the section says another program than read': [
      but(L, { reading: { ...remote.reading, program: 'python3' } }),
      /reader\.name is remote-dd, though it was another program that read/,
    ],
    'of this station, read by the other reader': [
      settings(S, { reader: { ...S.acquisition.reader, name: 'remote-dd' } }),
      /reader\.name is remote-dd, though the source is on this station/,
    ],
    'a session that read it here': [
      sessions(L, { reader: { name: 'direct', version: '1' } }),
      /a session read the source on another machine than/,
    ],
    'the first of two sessions read it here': [
      sessionsOf(twoSessions({}), (session, index) =>
        index === 1 ? {} : { reader: { ...session.reader, name: 'dd' } },
      ),
      /a session read the source on another machine than/,
    ],
    'an attachment that held it here': [
      sessions(L, { attachments: [{ ...attachment, held_by: 'nothing' }] }),
      /a session read the source on another machine than/,
    ],
    'nobody gave leave': [{ ...L, case: { ...L.case, authority: null } }, /by whose leave/],
    'a file': [{ ...L, source: { ...L.source, kind: 'file' } }, /the source is no device/],
    'a path of this station': [{ ...L, source: { ...L.source, path: '/dev/sda' } }, /source\.path is no address/],
    'a verdict': [
      { ...L, guard: { ...L.guard, verdict: 'known-blocker' } },
      /guard\.verdict is known-blocker for a disk of a running machine/,
    ],
    'another size by sysfs': [but(L, { sizes: { ...remote.sizes, sysfs: 9999 } }), /sizes\.sysfs is not source\.size/],
    'another size by blockdev': [but(L, { sizes: { ...remote.sizes, blockdev: 9999 } }), /size .* told differently/],
    'another size by lsblk': [but(L, { sizes: { ...remote.sizes, lsblk: 0 } }), /size .* told differently/],
    'ciphertext, and nobody said why': [
      but(L, { unlocked: [unlocked] }),
      /ciphertext of an open device was read, and no override/,
    ],
    'ciphertext, and no word why': [
      settings(but(L, { unlocked: [unlocked] }), { overrides: [{ option: 'ciphertext', reason: null }] }),
      /ciphertext of an open device was read, and no override/,
    ],
    'ciphertext, and the reason of something else': [
      settings(but(L, { unlocked: [unlocked] }), { overrides: [{ option: 'allow-unblocked', reason: 'x' }] }),
      /ciphertext of an open device was read, and no override/,
    ],
    'root by sudo': [but(L, system({ via: 'sudo' })), /uid 0 read it by the rights of sudo/],
    'somebody as root': [but(L, system({ uid: 1000 })), /uid 1000 read it by the rights of root/],
    'an offset of clocks that is none': [
      but(L, system({ clock: { ...remote.system.clock!, offset: 0 } })),
      /offset is not theirs less ours/,
    ],
    'fewer runs than are told': [
      but(L, { footprint: { ...remote.footprint, run_count: 0 } }),
      /footprint has more runs than there were/,
    ],
    'live, with a reason why not': [but(L, { frozen_reason: 'x' }), /live contradicts frozen_reason/],
    'not live, and no reason': [but(L, { live: false }), /live contradicts frozen_reason/],
    'a reason that no override gave': [
      but(F, { frozen_reason: 'shut down' }),
      /frozen_reason is not the reason of the override/,
    ],
    'an override that the section does not know': [
      settings(L, { overrides: [{ option: 'frozen', reason: 'x' }] }),
      /frozen_reason is not the reason of the override/,
    ],
    'live, and to be read twice': [
      settings(L, { settings: { ...L.acquisition.settings, verify_source: true } }),
      /a disk in use was read a second time/,
    ],
    'live, and a second reading was begun': [
      but(L, { second_pass: F.source.remote!.second_pass }),
      /a disk in use was read a second time/,
    ],
    'live, and a second reading agreed': [
      { ...L, source_check: F.source_check },
      /a disk in use was read a second time/,
    ],
    'live, and read twice': [
      { ...but(L, { second_pass: F.source.remote!.second_pass }), source_check: F.source_check },
      /a disk in use was read a second time/,
    ],
    'live, and agreed': [
      but(L, { reproducible: 'second-pass-agreed' }),
      /reproducible is second-pass-agreed; the second/,
    ],
    'agreed, and nobody read it again': [
      { ...F, source_check: { state: 'not-done' } },
      /reproducible is second-pass-agreed; the second/,
    ],
    'agreed, though it differed': [
      {
        ...F,
        outcome: 'mismatch',
        source_check: { ...F.source_check, state: 'mismatch', differing: [{ start: 0, end: 512 }] } as never,
      },
      /reproducible is second-pass-agreed; the second/,
    ],
    'it agreed, and nothing is said of it': [
      but(F, { reproducible: 'no' }),
      /reproducible is no; the second reading was match/,
    ],
    'a second reading for which nothing came': [
      but(F, { second_pass: null }),
      /second reading was match, and 0 bytes came for it/,
    ],
    'a second reading of a part': [
      but(F, second({ bytes: 9999, hashed_bytes: 9999 })),
      /second reading was match, and 9999 bytes came for it/,
    ],
    'more hashed bytes than came': [but(L, proof({ hashed_bytes: 10_001 })), /proof: more is said to be hashed/],
    'more hashed ranges than came': [but(L, proof({ hashed_ranges: 3 })), /proof: more is said to be hashed/],
    'more hashed bytes than came, in fewer ranges': [
      but(L, proof({ hashed_bytes: 10_001, hashed_ranges: 1 })),
      /proof: more is said to be hashed/,
    ],
    'more hashed ranges than came, of fewer bytes': [
      but(L, proof({ hashed_bytes: 9999, hashed_ranges: 3 })),
      /proof: more is said to be hashed/,
    ],
    'all ranges hashed, and not all bytes': [but(L, proof({ hashed_bytes: 9999 })), /not as many bytes as ranges/],
    'all bytes hashed, and not all ranges': [but(L, proof({ hashed_ranges: 1 })), /not as many bytes as ranges/],
    'more hashed than came the second time': [
      but(F, second({ hashed_bytes: 20_000 })),
      /second_pass: more is said to be hashed/,
    ],
    'bytes in no range': [
      but(L, proof({ ranges: 0, hashed_ranges: 0 })),
      /proof: 10000 bytes did not come in 0 ranges/,
    ],
    'more ranges than bytes': [
      but(L, proof({ ranges: 20_000, hashed_ranges: 20_000 })),
      /10000 bytes did not come in 20000 ranges/,
    ],
    'more ranges than bytes, few of them hashed': [
      but(L, proof({ ranges: 20_000, hashed_ranges: 5000, hashed_bytes: 9999 })),
      /10000 bytes did not come in 20000 ranges/,
    ],
    'more hashed ranges than hashed bytes': [
      but(L, proof({ ranges: 9000, hashed_ranges: 100, hashed_bytes: 99 })),
      /did not come in 9000 ranges/,
    ],
    'ranges without a byte, the second time': [
      but(F, second({ ranges: 2, bytes: 0, hashed_ranges: 0, hashed_bytes: 0 })),
      /second_pass: 0 bytes did not come in 2 ranges/,
    ],
    'hashed there, where nothing hashes': [
      but(L, { reading: { ...remote.reading, hash: null } }),
      /though nothing there hashes/,
    ],
    'hashed there both times, where nothing hashes': [
      but(F, { reading: { ...remote.reading, hash: null } }),
      /though nothing there hashes/,
    ],
    'a mismatch, where nothing hashes': [
      but(L, {
        reading: { ...remote.reading, hash: null },
        ...proof({ hashed_bytes: 0, hashed_ranges: 0, mismatches: [mismatch] }),
      }),
      /though nothing there hashes/,
    ],
    'less came than was read': [
      but(L, proof({ bytes: 9999, hashed_bytes: 9999 })),
      /9999 bytes came, and 10000 were read/,
    ],
    'a mismatch that is none': [
      but(L, proof({ mismatches: [{ ...mismatch, ours: HASH }] })),
      /hashes agree is said not to/,
    ],
    'a mismatch that is none, the second time': [
      but(F, second({ mismatches: [{ ...mismatch, ours: HASH }] })),
      /hashes agree is said not to/,
    ],
    'ranges that crossed in no way': [but(L, proof({ modes: { none: 1, zstd: 0, gzip: 0 } })), /not all ranges/],
    'fewer bytes than came, nothing packed': [but(L, proof({ wire_bytes: 9999 })), /other bytes crossed than came/],
    'packed as it was not to be': [
      but(L, { ...proof({ modes: { none: 1, zstd: 1, gzip: 0 } }), reading: { ...remote.reading, modes: ['none'] } }),
      /a way that was not to be used/,
    ],
    'a mismatch of nothing': [but(L, proof({ mismatches: [{ ...mismatch, end: 0 }] })), /none of the source/],
    'a mismatch behind the end': [but(L, proof({ mismatches: [{ ...mismatch, end: 10_001 }] })), /none of the source/],
    'a program given up behind the end': [
      but(L, proof({ given_up: [{ code: 'ETIMEDOUT', at: 10_001, why: 'x' }] })),
      /given up at a place that is none of the source/,
    ],
    'a program given up behind the end, the second time': [
      but(F, second({ given_up: [{ code: 'ETIMEDOUT', at: 10_001, why: 'x' }] })),
      /given up at a place that is none of the source/,
    ],
    'more connections than attachments': [
      but(L, { connections: [connection!, connection!] }),
      /connections has 2; the source was taken 1 times/,
    ],
    'no connection': [but(L, { connections: [] }), /connections has 0; the source was taken 1 times/],
    'bytes from nowhere': [
      { ...but(L, { connections: [] }), sessions: L.sessions },
      /bytes came, and no connection is told/,
    ],
    'the boot id of another start': [but(L, system({ boot_id: OTHER_BOOT })), /boot_id is not that of the first/],
    'several host keys': [
      but(L, {
        connections: [connection!, { ...connection!, host_key: { ...connection!.host_key, fingerprint: 'x' } }],
      }),
      /showed several host keys/,
    ],
    'started anew, and nobody said why it was gone on with': [
      but(L, { connections: [connection!, { ...connection!, boot_id: OTHER_BOOT }] }),
      /was started anew, and no override/,
    ],
    'started anew between two sessions, and no word why': [
      sessionsOf(anew(), () => ({ overrides: [{ option: 'rebooted', reason: null }] })),
      /was started anew, and no override/,
    ],
    'started anew between two sessions, and the reason of something else': [
      sessionsOf(anew(), () => ({ overrides: [{ option: 'allow-unblocked', reason: 'x' }] })),
      /was started anew, and no override/,
    ],
    'started anew, and silent in between': [
      but(L, {
        connections: [connection!, { ...connection!, boot_id: null }, { ...connection!, boot_id: OTHER_BOOT }],
      }),
      /was started anew, and no override/,
    ],
    'started anew, for a reason given before that': [
      {
        ...sessions(but(L, { connections: [connection!, { ...connection!, boot_id: OTHER_BOOT }] }), {
          overrides: [{ option: 'rebooted', reason: 'x' }],
        }),
      },
      /was started anew, and no override/,
    ],
  };
  for (const [name, [manifest, fault]] of Object.entries(table)) {
    test(name, () => {
      const faults = faultsOf(manifest);
      assert.ok(
        faults.some((line) => fault.test(line)),
        JSON.stringify(faults),
      );
    });
  }
});
