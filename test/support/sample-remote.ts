import { nothingCrossed, type RemotePass } from '../../src/manifest/remote-schema.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { sampleManifest } from './sample-manifest.ts';
import { withSessions } from './told.ts';
import { unasked } from './unasked.ts';

type Remote = NonNullable<Manifest['source']['remote']>;

/** When the second record of a sample journal was written. */
const SECOND_RECORD = '2026-03-01T09:15:01.000Z';
export const BOOT_ID = '0f6b1c9e-5d0a-4f5e-9a51-2d8f5c1f7f10';

/** All of the sample's bytes, in two ranges. */
const WHOLE: RemotePass = {
  ranges: 2,
  bytes: 10_000,
  hashed_ranges: 2,
  hashed_bytes: 10_000,
  wire_bytes: 10_000,
  modes: { none: 2, zstd: 0, gzip: 0 },
  mismatches: [],
  given_up: [],
};

/** As `sampleManifest`, of a disk of another machine that is in use, read over SSH in two ranges. */
export function remoteManifest(changes: Partial<Remote> = {}): Manifest {
  const sample = sampleManifest();
  const remote: Remote = { ...remoteSection(), ...changes };
  const { frozen_reason: frozen } = remote;
  const { settings, reader } = sample.acquisition;
  const { guard, probes } = unasked(sample);
  return withSessions({
    ...sample,
    source: {
      ...sample.source,
      path: 'ssh://root@box.example:2222/dev/sda',
      real_path: '/dev/sda',
      held_by: 'remote-descriptor',
      remote,
    },
    guard: { ...guard, required: 'none-observed' },
    probes,
    acquisition: {
      ...sample.acquisition,
      settings: { ...settings, write_protection: 'none-observed', verify_source: frozen !== null },
      overrides: frozen === null ? [] : [{ option: 'frozen', reason: frozen }],
      reader: { ...reader, name: 'remote-dd', run_count: 0, runs: [] },
    },
  });
}

/** As {@link remoteManifest}, of a disk that was said not to change, and read a second time with the same hashes. */
export function frozenManifest(changes: Partial<Remote> = {}): Manifest {
  const second_pass = WHOLE;
  const frozen = { live: false, frozen_reason: 'rescue system, nothing mounted' };
  const cache = { avoided: 'unknown' as const, how: 'on another machine', file_system: 'unknown' };
  return withSessions({
    ...remoteManifest({ ...frozen, reproducible: 'second-pass-agreed', second_pass, ...changes }),
    source_check: { state: 'match', cache, differing: [], unreadable: [] },
  });
}

function remoteSection(): Remote {
  return {
    address: { user: 'root', host: 'box.example', port: 2222, path: '/dev/sda' },
    transport: 'ssh2',
    live: true,
    frozen_reason: null,
    reproducible: 'no',
    system: {
      hostname: 'box',
      uname: 'Linux 6.1.0 #1 SMP x86_64',
      uid: 0,
      via: 'root',
      boot_id: BOOT_ID,
      clock: { theirs: 1_772_356_501_500, ours: 1_772_356_500_000, offset: 1500, round_trip: 12, step: 1 },
    },
    tools: { dd: { path: '/usr/bin/dd', kind: 'gnu', version: 'dd (coreutils) 9.1' }, zstd: null },
    sizes: { sysfs: 10_000, blockdev: 10_000, lsblk: 10_000 },
    uses: [{ kind: 'mount', device: '/dev/sda1', by: '/' }],
    unlocked: [],
    reading: {
      by_bytes: true,
      direct: true,
      program: 'dd',
      hash: 'sha256sum',
      connections: 2,
      compress: 'auto',
      modes: ['none', 'zstd', 'gzip'],
      limit_rate: null,
    },
    unknown: {},
    connections: [
      {
        at: SECOND_RECORD,
        host_key: { type: 'ssh-ed25519', fingerprint: 'SHA256:abc', judged_by: '--host-key' },
        server_version: 'OpenSSH_9.2',
        cipher: 'aes128-gcm@openssh.com',
        authentication: 'key /home/jo/.ssh/id',
        boot_id: BOOT_ID,
      },
    ],
    footprint: {
      run_count: 3,
      runs: [{ argv: ['uname', '-s'], exit: 0, signal: null, ms: 3, stdout_bytes: 6, stderr: '' }],
    },
    proof: { told_by: 'target', ...WHOLE },
    second_pass: null,
  };
}

/** Said not to change, and nobody looked. */
export function frozenOnce(): Manifest {
  const manifest = remoteManifest({ live: false, frozen_reason: 'x' });
  const { acquisition } = manifest;
  return withSessions({
    ...manifest,
    acquisition: { ...acquisition, settings: { ...acquisition.settings, verify_source: false } },
  });
}

/** It stopped when the folder was made, and was closed as it was. */
export function unreached(): Manifest {
  const manifest = remoteManifest({ connections: [], proof: { told_by: 'target', ...nothingCrossed() } });
  const { image, files, pieces, read_map } = manifest;
  return withSessions({
    ...manifest,
    outcome: 'incomplete',
    incomplete_reason: 'power cut',
    image: { ...image, size: 0, complete: false, segments: [] },
    files: files.slice(1),
    pieces: { ...pieces, count: 0 },
    read_map: { ...read_map, good: 0, not_tried: 10_000 },
    read_back: { state: 'not-done', why: 'stopped before' },
  });
}
