import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import type { Manifest } from '../../src/manifest/schema.ts';
import { frozenOnce, remoteManifest, unreached } from '../support/sample-remote.ts';

import {
  eachFaulted,
  L,
  F,
  S,
  remote,
  connection,
  unlocked,
  WITHOUT,
  UNREAD,
  mismatch,
  faultsOf,
  but,
  system,
  proof,
  second,
  settings,
  sessions,
  twoSessions,
  anew,
  sessionsOf,
  attachment,
} from './remote-laws-support.ts';

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
    'asked by programs of this station': [
      { ...L, probes: { ...L.probes, own: S.probes.own } },
      /probes: a disk of another machine is said to have been asked/,
    ],
    'behind a blocker of this station': [
      { ...L, guard: { ...L.guard, attested: S.guard.hardware } },
      /guard: something of this station is said to stand before a disk/,
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
  };
  eachFaulted(table);
});
