import type { Manifest } from '../../src/manifest/schema.ts';
import { withSessions } from './told.ts';

const HASH = '0123456789abcdef'.repeat(4);

/** A manifest that keeps all laws: a raw image of 10,000 bytes in three pieces of 4096, everything read and read back. */
export function sampleManifest(changes: Partial<Manifest> = {}): Manifest {
  return { ...withSessions(complete()), ...changes };
}

/** As {@link sampleManifest}, with the sectors 8 and 9 (bytes 4096 to 5119) unreadable. */
export function unreadableManifest(): Manifest {
  const sample = complete();
  return withSessions({
    ...sample,
    outcome: 'complete-with-unreadable',
    pieces: { ...sample.pieces, with_unreadable: [4096] },
    read_map: {
      ...sample.read_map,
      good: 8976,
      unreadable: 1024,
      ranges: [{ start: 4096, end: 5120, first_sector: 8, end_sector: 10, errno: 'EIO', attempts: 4 }],
    },
  });
}

/** As {@link sampleManifest}, stopped after 6000 bytes and closed later. */
export function incompleteManifest(): Manifest {
  const sample = complete();
  const name = 'ITEM-7.dd.partial';
  return withSessions({
    ...sample,
    outcome: 'incomplete',
    incomplete_reason: 'the drive died\u001b[2J',
    image: { ...sample.image, size: 6000, complete: false, segments: [{ name, offset: 0, size: 6000, sha256: HASH }] },
    pieces: { ...sample.pieces, count: 2 },
    read_map: { ...sample.read_map, good: 6000, not_tried: 4000 },
    read_back: { state: 'not-done', why: 'stopped before' },
    files: [{ name, size: 6000, sha256: HASH, role: 'image' }, ...sample.files.slice(1)],
  });
}

/** As {@link sampleManifest}, with an image that did not read back. */
export function mismatchManifest(): Manifest {
  const sample = complete();
  const name = 'ITEM-7.dd.partial';
  return withSessions({
    ...sample,
    outcome: 'mismatch',
    image: { ...sample.image, segments: [{ name, offset: 0, size: 10_000, sha256: HASH }] },
    read_back: {
      state: 'mismatch',
      cache: { avoided: 'yes', how: 'O_DIRECT', file_system: 'ext4' },
      differing: [{ start: 4096, end: 8192 }],
    },
    files: [{ name, size: 10_000, sha256: HASH, role: 'image' }, ...sample.files.slice(1)],
  });
}

/** As {@link mismatchManifest}, stopped before it was closed: the piece that differs is not proven to be read. */
export function stoppedMismatchManifest(): Manifest {
  const sample = mismatchManifest();
  return withSessions({
    ...sample,
    outcome: 'incomplete',
    incomplete_reason: 'power cut',
    image: { ...sample.image, complete: false },
    read_map: { ...sample.read_map, good: 5904, not_tried: 4096 },
  });
}

function complete(): Manifest {
  return {
    format: 'exhibit-manifest',
    version: 1,
    tool: { name: 'exhibit', version: '0.1.0' },
    created: '2026-03-01T09:20:00.000Z',
    outcome: 'complete',
    incomplete_reason: null,
    case: {
      number: '2026-17',
      evidence_id: 'ITEM-7',
      examiner: "J. O'Neil",
      description: 'laptop disk',
      notes: null,
      authority: 'warrant 12',
    },
    label: {
      model: 'SAMPLE 1000',
      serial: 'S123',
      size: 10_000,
      seal_number: 'B-44',
      condition: 'scratched',
      comparisons: [{ field: 'serial', label: 'S123', device: 'S123', by: 'host', result: 'match' }],
    },
    source: {
      kind: 'block',
      path: '/dev/sdx',
      real_path: '/dev/sdx',
      device_kind: 'disk',
      physical: true,
      size: 10_000,
      logical_sector: 512,
      physical_sector: 4096,
      model: 'SAMPLE 1000',
      serial: 'S123',
      revision: null,
      wwn: null,
      transport: 'usb',
      by_id: [],
      whole_disk: '/dev/sdx',
      partitions: [{ path: '/dev/sdx1', start: 512, size: 1024, type: '83', file_system: null, label: null }],
      unknown: { revision: 'sysfs has no rev' },
      identity_before: { kind: 'block', size: 10_000, node: '8:16', serial: 'S123', mtimeMs: null },
      identity_after: null,
      held_by: 'exclusive-open',
      remote: null,
      received: null,
    },
    guard: {
      verdict: 'kernel-flag-only',
      meaning: 'Only this host promises not to write.',
      evidence: [{ fact: 'kernel-flag', what: 'kernel read-only flag', seen: '1', source: '/sys/block/sdx/ro' }],
      evidence_after: [],
      required: 'kernel-flag-only',
      set_read_only: ['/dev/sdx'],
      bus: 'usb',
      chain: [
        {
          role: 'bridge',
          name: '2-1',
          sysfs: '/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1',
          driver: 'usb-storage',
          usb: {
            vendor_id: '152d',
            product_id: '0578',
            manufacturer: 'JMicron',
            product: null,
            serial: '1',
            revision: '0100',
            speed: 5000,
            transport: 'bot',
          },
          pci: null,
          inquiry: null,
        },
      ],
      hardware: {
        id: 'jmicron-jms578',
        make: 'JMicron',
        model: 'JMS578',
        role: 'bridge',
        blocks: 'never',
        quirks: [],
        evidence: [{ level: 'reported', source: 'usb.ids', claims: ['identity'] }],
        attestation: null,
        file: 'hardware/jmicron.yaml',
        sha256: HASH,
      },
      attested: null,
      declared: { write_protected: false, by: 'MODE SENSE(6)' },
      vendor_answer: null,
      counters_before: [{ device: '/dev/sdx', writes: 0, written_sectors: 0, discards: 0, discarded_sectors: 0 }],
      counters_after: null,
      unknown: { vendor_answer: 'not asked' },
    },
    probes: {
      own: { model: 'SAMPLE 1000', serial: 'S123', firmware: '1.0' },
      healthy: true,
      hpa: { visible: 19, native: 20, sector_size: 512 },
      dco: null,
      partition_table: { label: 'dos', by: 'lsblk', entries: [{ start: 512, size: 1024, type: '83', name: null }] },
      encryption_signs: [],
      not_looked_at: [],
      unknown: { dco: 'refused' },
      runs: [{ argv: ['smartctl', '--json'], exit: 0, signal: null, milliseconds: 12, failure: null }],
      runs_after: [],
    },
    destination: {
      path: '/evidence/2026-17/ITEM-7',
      file_system: 'ext4',
      file_system_magic: '0xef53',
      mount_point: '/evidence',
      mount_source: '/dev/sdy1',
      disks: ['sdy'],
      model: 'STORE',
      serial: null,
      on_system_disk: false,
      unknown: {},
      folder_synced: true,
    },
    station: {
      hostname: 'bench1',
      kernel: '6.1.0',
      node: 'v20.20.2',
      uid: 0,
      sudo_user: 'jo',
      tools: { dd: 'dd (coreutils) 9.1', 'ssh-keygen': null },
      clock: {
        synchronised: true,
        seen_by: 'timedatectl',
        disturbances: [{ at: '2026-03-01T09:16:00.000Z', kind: 'clock-step', milliseconds: -250 }],
      },
      sleep_inhibited: 'systemd-inhibit',
    },
    // What the journal tells: put in last.
    sessions: [],
    acquisition: {
      started: '2026-03-01T09:15:00.000Z',
      finished: '2026-03-01T09:19:00.000Z',
      duration_ms: 240_000,
      profile: { name: 'bench', version: 1, sha256: HASH },
      settings: {
        format: 'raw',
        segment_size: 1_073_741_824,
        hashes: ['md5', 'sha256'],
        hash_engine: 'auto',
        reader: 'dd',
        block_size: 4_194_304,
        piece_size: 4096,
        read_back: true,
        verify_source: false,
        write_protection: 'kernel-flag-only',
        probe: true,
        vendor_query: false,
        recovery: 'in-line',
        retries: 0,
        max_bad: null,
        read_timeout: 300,
        wait_for_device: 600,
      },
      setting_origins: { format: 'profile', reader: 'command-line' },
      overrides: [{ option: '--allow-unblocked', reason: 'no blocker for this connector' }],
      confirmation: 'serial typed',
      reader: {
        name: 'dd',
        version: '9.1',
        run_count: 1,
        runs: [
          { argv: ['dd', 'if=/dev/sdx'], from: 0, to: 10_000, delivered: 10_000, exit: 0, signal: null, stderr: '' },
        ],
      },
      engines: [{ algorithm: 'sha256', engine: 'native', why: 'faster', wasm_rate: 170_000_000, source_rate: null }],
      self_tests: [{ algorithm: 'sha256', engine: 'native', result: 'passed' }],
      findings: [{ level: 'warning', code: 'guard.unblocked', message: 'No write blocker was seen.' }],
    },
    image: {
      format: 'raw',
      size: 10_000,
      complete: true,
      segments: [{ name: 'ITEM-7.dd', offset: 0, size: 10_000, sha256: HASH }],
    },
    digests: [
      { algorithm: 'md5', hex: HASH.slice(32), engine: 'wasm' },
      { algorithm: 'sha256', hex: HASH, engine: 'native' },
    ],
    pieces: { file: 'ITEM-7.pieces.sha256', size: 4096, count: 3, sha256: HASH, with_unreadable: [] },
    read_map: {
      file: 'ITEM-7.map',
      good: 10_000,
      unreadable: 0,
      failed: 0,
      not_tried: 0,
      fill: '00',
      ranges: [],
      failed_reads: { count: 0, ms: 0 },
      unstable: [],
      adopted: [],
    },
    read_back: {
      state: 'match',
      cache: { avoided: 'yes', how: 'O_DIRECT', file_system: 'ext4' },
      differing: [],
    },
    source_check: { state: 'not-done' },
    journal: { file: 'ITEM-7.journal.jsonl', records: 12, head: HASH },
    files: [
      { name: 'ITEM-7.dd', size: 10_000, sha256: HASH, role: 'image' },
      { name: 'ITEM-7.pieces.sha256', size: 258, sha256: HASH, role: 'pieces' },
      { name: 'ITEM-7.map', size: 150, sha256: HASH, role: 'map' },
      { name: 'ITEM-7.journal.jsonl', size: 3000, sha256: HASH, role: 'journal' },
      { name: 'ITEM-7.txt', size: 2000, sha256: HASH, role: 'report' },
    ],
    signing: { state: 'signed', principal: "J. O'Neil", fingerprint: 'SHA256:abc', key_type: 'ssh-ed25519' },
  };
}
