import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { formatReport } from '../../src/manifest/report.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { resumed } from '../support/resumed.ts';
import { incompleteManifest, sampleManifest, unreadableManifest } from '../support/sample-manifest.ts';

const { manifest } = resumed(sampleManifest());

function has(text: string, ...lines: string[]): void {
  for (const line of lines) assert.ok(text.split('\n').includes(line), `${line}\n\n${text}`);
}

describe('the report tells of bad places', () => {
  const U = unreadableManifest();
  const [range] = U.read_map.ranges;
  const at = (start: number, end: number, change: Partial<Manifest> = {}): string =>
    formatReport({
      ...U,
      read_map: {
        ...U.read_map,
        ranges: [{ ...range!, start, end, first_sector: start / 512, end_sector: Math.ceil(end / 512) }],
      },
      ...change,
    });

  test('by sectors, bytes, pieces and the partition that they lie in', () => {
    has(
      at(1024, 5120),
      '  Unreadable: sectors 2 to 9 (8 of 512 bytes); bytes 1024 to 5119; EIO; read in vain 4 times; pieces 0 to 1; in partition /dev/sdx1',
    );
    has(
      at(9728, 10_000),
      '  Unreadable: sector 19; bytes 9728 to 9999; EIO; read in vain 4 times; piece 2; in no partition',
    );
  });

  test("by the disk's own table where the kernel saw no partitions; and by none where nobody knows", () => {
    const source = { ...U.source, partitions: [] };
    assert.match(at(1024, 1536, { source }), /; piece 0; in partition 1 \(83\)$/m);
    const probes = { ...U.probes, partition_table: null };
    assert.match(at(1024, 1536, { source, probes }), /read in vain 4 times; piece 0$/m);
  });

  test('what another program tried and could not read is not given a number of attempts', () => {
    const read_map = { ...U.read_map, ranges: [{ ...range!, errno: 'unknown', attempts: 0 }] };
    assert.match(formatReport({ ...U, read_map }), /; unknown; how often it was tried is not known; piece 1/);
  });

  test('and what failing reads cost', () => {
    has(formatReport(manifest), ' 3 reads failed; the drive took 6.1 s over them');
    const one = { ...manifest.read_map, failed_reads: { count: 1, ms: 40 } };
    has(formatReport({ ...manifest, read_map: one }), ' 1 read failed; the drive took 0.0 s over it');
    assert.doesNotMatch(formatReport(sampleManifest()), /failed; the drive/);
  });

  test('that are not given up yet', () => {
    const I = incompleteManifest();
    const read_map = { ...I.read_map, failed: 512, not_tried: 3488 };
    has(formatReport({ ...I, read_map }), ' Failed, and not given up yet: 512 bytes');
  });

  test('that answered differently, with both answers', () => {
    const hashes = `first SHA-256 ${'a'.repeat(64)}, again ${'b'.repeat(64)} (reconnected)`;
    has(
      formatReport(manifest),
      ' Sectors that answered differently when they were read again; the image has the first answer:',
      `  Unstable: sector 1; bytes 512 to 1023; ${hashes}; piece 0; in partition /dev/sdx1`,
    );
  });
});

describe('the report tells what another program read', () => {
  const text = formatReport({
    ...manifest,
    read_map: { ...manifest.read_map, adopted: [{ start: 0, end: 4096 }] },
  });

  test('at its head, in the list, beside the hashes, and among what is not proved', () => {
    has(
      text,
      'Part of it was read by another program, not by exhibit; see below.',
      ' Of: the data read from the source, fill included, and of what another program had read as it was found',
      ' Read by another program, not by exhibit: 4,096 bytes (4.0 KiB). Their hashes are of the image as it was found.',
      '  Read by another program: bytes 0 to 4095',
      ' NOT proved: that what another program read is what the source gave; exhibit hashed it as it was found.',
    );
    assert.doesNotMatch(formatReport(manifest), /another program/);
  });
});

describe('the report tells the sessions', () => {
  test('when there was more than one: who, when, where, how each ended, and the pauses', () => {
    has(
      formatReport(manifest),
      'Sessions:',
      ' Session 1: 2026-03-01 09:15:00.000 +00:00 to 2026-03-01 09:15:06.000 +00:00; stopped: stopped by the operator (interrupted)',
      '  Read: bytes 0 to 5999 of the stream',
      "  By: J. O'Neil, on bench1, exhibit 0.1.0, dd 9.1",
      '  Source came back at 2026-03-01 09:15:04.000 +00:00: /dev/sdz, kernel-flag-only; bytes 0 to 4095 were read again: 1 place DIFFERENT',
      '  Paused at 2026-03-01 09:15:03.000 +00:00, at byte 4500: it is gone (source.vanished); it came back after 2.5 s at 2026-03-01 09:15:04.000 +00:00',
      ' Session 2: 2026-03-02 10:00:00.000 +00:00 to 2026-03-01 09:15:12.000 +00:00; finished',
      '  By: R. Roe, on bench2, exhibit 0.1.0, dd 9.1',
      '  Right source confirmed by: typed again',
    );
  });

  test('and of one only when something kept it from its source', () => {
    assert.doesNotMatch(formatReport(sampleManifest()), /^Sessions:$/m);
    const pause = { ...manifest.sessions[0]!.pauses[0]!, ended: null, waited_ms: null };
    const sessions = (outcome: 'session-ended' | 'gave-up'): Manifest['sessions'] => [
      { ...sampleManifest().sessions[0]!, how: 'without-a-word', to: 0, pauses: [{ ...pause, outcome }] },
    ];
    const text = formatReport(sampleManifest({ sessions: sessions('session-ended') }));
    assert.match(text, /it is gone \(source\.vanished\); the session ended in it$/m);
    assert.match(text, /; ended without a word \(killed, or the power failed\)$/m);
    assert.match(text, /^ {2}Read: nothing that it told of, at byte 0$/m);
    assert.match(formatReport(sampleManifest({ sessions: sessions('gave-up') })), /; given up$/m);
  });
});
