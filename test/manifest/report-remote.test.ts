import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { proofWords } from '../../src/manifest/report-remote.ts';
import { formatReport } from '../../src/manifest/report.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { frozenManifest, remoteManifest } from '../support/sample-remote.ts';
import { sampleManifest } from '../support/sample-manifest.ts';

type Remote = NonNullable<Manifest['source']['remote']>;

const L = remoteManifest().source.remote!;
const linesOf = (manifest: Manifest): string[] => formatReport(manifest).split('\n');
const mismatch = { start: 0, end: 512, told: 'a'.repeat(64), ours: 'b'.repeat(64) };

/** The value of a line of the report of a disk there. */
function said(label: string, change: Partial<Remote>): string | undefined {
  const lines = linesOf(remoteManifest({ ...change }));
  return lines.find((line) => line.startsWith(` ${label}: `))?.slice(label.length + 3);
}

describe('the report of a disk of another machine', () => {
  test('says where it was, who vouched for its machine, what that was, and whose word the hashes are', () => {
    const lines = linesOf(remoteManifest());
    for (const line of [
      ' On another machine: root@box.example port 2222, over SSH (ssh2), read as root',
      ' Its host key: ssh-ed25519 SHA256:abc, by --host-key',
      ' System there: Linux 6.1.0 #1 SMP x86_64',
      ` Boot id there: ${L.system.boot_id}`,
      ' Clock there: 1,500 ms ahead of ours (round trip 12 ms)',
      ' State: live, not reproducible: the disk was in use, or may have been, while it was read',
      ' Size by each way of asking: sysfs 10,000, blockdev 10,000, lsblk 10,000',
      ' In use there: /dev/sda1 is mounted at /',
      ' Hashes of what was sent: as told by the target: all of 10,000 bytes arrived as they were sent',
      ' Connections: 1',
      ' Commands run there: 3 that were counted; the manifest has 1 of them',
    ])
      assert.ok(lines.includes(line), line);
  });

  test('a frozen one: whether a second reading agreed', () => {
    const agreed =
      ' State: said not to change: rescue system, nothing mounted; a second reading agreed where it could be read, perhaps from memory there';
    assert.ok(linesOf(frozenManifest()).includes(agreed));
    assert.equal(
      said('State', { live: false, frozen_reason: 'shut\u001b[2J down' }),
      'said not to change: shut\\u{1b}[2J down; no second reading agreed',
    );
  });

  test('what was not hashed is not called proven, and what arrived differently is said', () => {
    const { proof } = L;
    const nothing = { ...proof, hashed_ranges: 0, hashed_bytes: 0 };
    assert.equal(
      said('Hashes of what was sent', { proof: nothing }),
      'none: nobody there told one (10,000 bytes came)',
    );
    assert.equal(
      said('Hashes of what was sent', { proof: { ...proof, hashed_ranges: 1, hashed_bytes: 4096 } }),
      'as told by the target: 4,096 of 10,000 bytes arrived as they were sent',
    );
    assert.match(
      said('Hashes of what was sent', { proof: { ...proof, mismatches: [mismatch] } }) ?? '',
      /; 1 range arrived differently, and nothing of it was taken but as it was sent$/,
    );
  });

  test('a range that failed twice is one range, and what was taken without a hash is not called sent so', () => {
    const { proof } = L;
    const other = { ...mismatch, start: 512, end: 1024 };
    const hashes = (change: Partial<Remote['proof']>) =>
      said('Hashes of what was sent', { proof: { ...proof, ...change } });
    assert.match(
      hashes({ mismatches: [mismatch, mismatch] }) ?? '',
      /; 1 range arrived differently, more than once, and nothing of it was taken but as it was sent$/,
    );
    assert.match(
      hashes({ mismatches: [mismatch, other, other], hashed_bytes: 4096, hashed_ranges: 1 }) ?? '',
      /; 2 ranges arrived differently, 1 of them more than once$/,
    );
  });

  test('what became of a second reading stands beside the first', () => {
    const died = { code: 'remote.reader-died' as const, at: 0, why: 'killed' };
    const second = { ...frozenManifest().source.remote!.second_pass!, mismatches: [mismatch], given_up: [died] };
    const text = formatReport(frozenManifest({ second_pass: second }));
    assert.match(text, /^ Hashes of what was sent for the second reading: .* 1 range arrived differently/m);
    assert.match(text, /^ Given up there at it: 1 programs that died$/m);
    assert.match(proofWords(frozenManifest({ second_pass: second }).source.remote!), /; in the second reading 1 range/);
    assert.doesNotMatch(formatReport(remoteManifest()), /second reading:|at it:/);
  });

  test('lists what is not proved: whose word it is, of which moment, of how many states of the disk', () => {
    const limits = (change: Partial<Remote>) =>
      linesOf(remoteManifest(change))
        .filter((line) => /NOT (proved|known)|states of the disk/.test(line))
        .join('\n');
    const [connection] = L.connections;
    const boots = (...ids: (string | null)[]) =>
      limits({ connections: ids.map((boot_id) => ({ ...connection!, boot_id })) });
    assert.match(limits({}), /data, size, clock and hashes are the word of the machine that runs there/);
    assert.match(limits({}), /as it was at any one moment/);
    assert.doesNotMatch(limits({ live: false, frozen_reason: 'x' }), /one moment/);
    assert.doesNotMatch(boots('a', 'a'), /started anew/);
    assert.match(boots('a', null, 'b'), /holds 2 states of the disk[\s\S]*NOT known: whether its machine was started/);
  });

  test('what is not known is said with the reason; what is hostile is made visible', () => {
    const system = { ...L.system, clock: null, boot_id: null };
    const unknown = { clock: 'no date', boot_id: 'no cat' };
    assert.equal(said('Clock there', { system, unknown }), 'unknown (no date)');
    assert.equal(said('Boot id there', { system, unknown }), 'unknown (no cat)');
    assert.equal(
      said('Size by each way of asking', { sizes: { ...L.sizes, lsblk: null } })?.includes('lsblk not told'),
      true,
    );
    const host = 'box\u001b[2J';
    assert.ok(!formatReport(remoteManifest({ address: { ...L.address, host } })).includes('\u001b'));
    const behind = { ...L.system.clock!, offset: -1500 };
    assert.equal(
      said('Clock there', { system: { ...L.system, clock: behind } }),
      '1,500 ms behind ours (round trip 12 ms)',
    );
  });

  test('one of this station has none of these lines', () => {
    assert.ok(linesOf(sampleManifest()).every((line) => !/another machine|told by the target|reproducible/.test(line)));
  });
});
