import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { formatReport } from '../../src/manifest/report.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import {
  incompleteManifest,
  mismatchManifest,
  sampleManifest,
  stoppedMismatchManifest,
  unreadableManifest,
} from '../support/sample-manifest.ts';

const HASH = '0123456789abcdef'.repeat(4);
const cache = { avoided: 'yes' as const, how: 'O_DIRECT', file_system: 'ext4' };

describe('the report', () => {
  test("has the labels of FTK Imager's text file", () => {
    const text = formatReport(sampleManifest());
    for (const line of [
      'Created By: exhibit 0.1.0',
      'Case Information:',
      ' Case Number: 2026-17',
      ' Evidence Number: ITEM-7',
      ' Unique description: laptop disk',
      " Examiner: J. O'Neil",
      ' Notes: (not given)',
      'Physical Evidentiary Item (Source) Information:',
      ' Source Type: Physical (disk)',
      ' Bytes per Sector: 512 logical, 4096 physical',
      ' Sector Count: 20, the last one not full',
      ' Drive Model: SAMPLE 1000',
      ' Drive Serial Number: S123',
      ' Drive Interface Type: usb',
      ' Source data size: 10,000 bytes (9.8 KiB)',
      'Computed Hashes:',
      ' MD5 checksum: 0123456789abcdef0123456789abcdef',
      ` SHA256 checksum: ${HASH}`,
      'Image Information:',
      ' Acquisition started: 2026-03-01 09:15:00.000 +00:00',
      ' Acquisition finished: 2026-03-01 09:19:00.000 +00:00',
      ' Segment list:',
      `  ITEM-7.dd: 10000 bytes from 0, SHA-256 ${HASH}`,
      'Image Verification Results:',
      ` SHA256 checksum: ${HASH} : verified`,
    ]) {
      assert.ok(text.split('\n').includes(line), line);
    }
  });

  test('has the verdict with its evidence, the overrides with reasons, the tools, the clock', () => {
    const sample = sampleManifest();
    const counted = { ...sample.guard, counters_after: sample.guard.counters_before };
    const text = formatReport({ ...sample, guard: counted });
    for (const line of [
      ' Verdict: kernel-flag-only',
      '  kernel read-only flag: 1 [/sys/block/sdx/ro]',
      ' Evidence after reading: not looked at after the last reading; the verdict is that of before it',
      '  --allow-unblocked: no blocker for this connector',
      ' Tool version, dd: dd (coreutils) 9.1',
      ' Tool version, ssh-keygen: not there',
      ' Clock: synchronised (timedatectl)',
      ' Clock disturbance at 2026-03-01 09:16:00.000 +00:00: clock-step, -250 ms',
      ' Drive Revision: unknown (sysfs has no rev)',
      ' Hidden area (HPA): 1 sectors (512 bytes) are hidden, and NOT in the image',
      ' Hidden area (DCO): unknown (refused)',
      ' Signs of encryption: No sign was found among the known ones (BitLocker, LUKS, APFS, CoreStorage). Encryption that leaves no sign (VeraCrypt, plain dm-crypt) is not ruled out.',
      ' Writes counted by this host while it was read: none, through /dev/sdx; commands past the block layer (SG_IO) are not counted',
      ' Page cache avoided: yes (O_DIRECT; ext4)',
    ]) {
      assert.ok(text.split('\n').includes(line), line);
    }
  });

  test('says of each way to hold the source whom it does not keep away', () => {
    const { source } = sampleManifest();
    const held = (held_by: Manifest['source']['held_by']): string =>
      /^ Held while read: (.*)$/m.exec(formatReport(sampleManifest({ source: { ...source, held_by } })))?.[1] ?? '';
    assert.match(held('exclusive-open'), /O_EXCL: .*refused mounts.*other programs were not kept away/);
    assert.match(held('advisory-lock'), /advisory.*others could write/);
    assert.match(held('nothing'), /no lock/);
    for (const by of ['advisory-lock', 'nothing'] as const) assert.doesNotMatch(held(by), /exclusiv|refused/);
  });

  test('gives no time without its offset', () => {
    for (const line of formatReport(sampleManifest())
      .split('\n')
      .filter((row) => /\d\d:\d\d:\d\d/.test(row))) {
      assert.match(line, /\d\d:\d\d:\d\d\.\d{3} \+00:00/);
    }
  });

  test('names unreadable sectors and bytes', () => {
    const text = formatReport(unreadableManifest());
    assert.match(text, /^RESULT: COMPLETE, WITH UNREADABLE SECTORS\./m);
    assert.match(
      text,
      /^ {2}Unreadable: sectors 8 to 9 \(2 of 512 bytes\); bytes 4096 to 5119; EIO; read in vain 4 times; piece 1; in no partition$/m,
    );
  });

  test('says of ten thousand ranges that there are more', () => {
    const sample = unreadableManifest();
    const ranges = Array.from({ length: 10_000 }, () => sample.read_map.ranges[0]!);
    const text = formatReport({ ...sample, read_map: { ...sample.read_map, ranges } });
    assert.match(text, /^ {2}and 9000 more ranges, see ITEM-7\.map and the manifest$/m);
  });

  test('lets nothing hostile through', () => {
    const hostile = 'x\u001b[2J\n\u202eevil\u200b';
    const seen = 'x\\u{1b}[2J\\u{a}\\u{202e}evil\\u{200b}';
    const leaves = (value: unknown): unknown => {
      if (typeof value === 'string') return value === 'a' ? value : hostile;
      if (Array.isArray(value)) return value.map(leaves);
      if (typeof value !== 'object' || value === null) return value;
      // Enums, hashes and times can't be hostile: the schema fixes their form.
      const kept = new Set(
        'outcome state kind held_by level result algorithm format field engine sha256 hex at started finished'.split(
          ' ',
        ),
      );
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, kept.has(key) ? item : leaves(item)]));
    };
    for (const sample of [sampleManifest(), unreadableManifest(), incompleteManifest(), mismatchManifest()]) {
      const text = formatReport({ ...(leaves(sample) as Manifest), created: sample.created });
      assert.ok(text.includes(seen));
      // eslint-disable-next-line no-control-regex -- control characters are what must not be there
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]/);
      assert.ok(!text.split('\n').some((line) => line.startsWith('\\u{202e}') || line.startsWith('evil')));
    }
  });
});

describe('the report says what was proved, and no more', () => {
  const equal = ' Proved: the image equals the data read from the source.';
  const same = ' Proved: source and image hashes match.';
  const proofs = (manifest: Manifest): string[] =>
    formatReport(manifest)
      .split('\n')
      .filter((line) => /^ (NOT )?[Pp]roved/.test(line));

  test('a read-back that matched', () => {
    const lines = proofs(sampleManifest());
    assert.ok(lines.includes(equal));
    assert.ok(!lines.includes(same));
    assert.ok(lines.includes(' NOT proved: that the source would give the same data again.'));
    assert.ok(lines.some((line) => line.includes('write blocker')));
  });

  test('source and image match only after a second read of the source, and a read-back', () => {
    const check = { state: 'match' as const, cache, differing: [], unreadable: [] };
    assert.ok(proofs(sampleManifest({ source_check: check })).includes(same));
    const waived = proofs(sampleManifest({ source_check: check, read_back: { state: 'waived' } }));
    assert.ok(!waived.includes(same));
    assert.ok(waived.includes(' Proved: the source gave the same data twice.'));
  });

  test('a waived read-back, one not done, one that did not match prove nothing', () => {
    for (const manifest of [
      sampleManifest({ read_back: { state: 'waived' } }),
      incompleteManifest(),
      mismatchManifest(),
    ]) {
      assert.ok(!proofs(manifest).includes(equal));
      assert.doesNotMatch(formatReport(manifest), /: verified/);
    }
    assert.match(formatReport(sampleManifest({ read_back: { state: 'waived' } })), /not verified \(waived\)/);
    assert.match(formatReport(incompleteManifest()), /not verified \(stopped before\)/);
    assert.match(
      formatReport(mismatchManifest()),
      /Differs somewhere in: bytes 4096 to 8191 \(4096 bytes\), sectors 8 to 15/,
    );
  });

  test('a cache that may have answered is said', () => {
    for (const avoided of ['no', 'unknown'] as const) {
      const text = formatReport(
        sampleManifest({ read_back: { state: 'match', cache: { ...cache, avoided }, differing: [] } }),
      );
      assert.match(text, /may have come from memory/);
    }
    assert.doesNotMatch(formatReport(sampleManifest()), /may have come from memory/);
  });

  test('so is a cache that may have answered in place of the source', () => {
    const read = (avoided: 'yes' | 'no' | 'unknown'): string => {
      const how = 'buffered\u001b[2J';
      const second = { state: 'match' as const, cache: { avoided, how, file_system: '0x1' } };
      return formatReport(sampleManifest({ source_check: { ...second, differing: [], unreadable: [] } }));
    };
    assert.match(read('yes'), /^ Page cache avoided at the second read: yes \(buffered\\u\{1b\}\[2J; 0x1\)$/m);
    assert.ok(read('yes').includes(same));
    assert.doesNotMatch(read('yes'), /second reading may have come from memory/);
    assert.ok(read('unknown').includes(same));
    assert.match(read('unknown'), /second reading may have come from memory/);
    assert.ok(!read('no').includes(same), 'memory against memory proves nothing of the medium');
    assert.match(read('no'), /NOT proved: that the source would give the same data again\. .* from memory/);
  });

  test('a source that read differently is said', () => {
    const source_check = { state: 'mismatch' as const, cache, differing: [{ start: 0, end: 4096 }], unreadable: [] };
    const text = formatReport(sampleManifest({ outcome: 'mismatch', source_check }));
    assert.match(text, /Second read of the source: DIFFERENT DATA/);
    assert.ok(!text.includes(same));
  });

  test('a mismatch that a stopped run had found stands at the top, and is told nowhere better than it was', () => {
    const text = formatReport(stoppedMismatchManifest());
    assert.match(text, /^RESULT: INCOMPLETE\. .* not the whole source\.\nMISMATCH\. .*Do not rely on this image\.$/m);
    assert.match(text, /pieces: MISMATCH$/m);
    assert.match(text, /^ Not read, or not proven to be: 4,096 bytes/m);
    assert.doesNotMatch(text, /: verified/);
    assert.ok(!text.includes(equal) && !text.includes(same));
  });

  test('a stopped run that had read everything is not called a part; what it had proved is told', () => {
    const cache = { avoided: 'yes' as const, how: 'O_DIRECT', file_system: 'block device' };
    const check = { state: 'match' as const, cache, differing: [], unreadable: [] };
    const stopped = { outcome: 'incomplete' as const, incomplete_reason: 'power cut', source_check: check };
    const text = formatReport(sampleManifest(stopped));
    assert.match(text, /^RESULT: INCOMPLETE\. All of the source was tried;/m);
    assert.ok(text.includes(equal) && text.includes(same));
    const part = { ...sampleManifest().read_map, good: 9000, not_tried: 1000 };
    assert.ok(!formatReport(sampleManifest({ ...stopped, read_map: part })).includes(same));
  });

  test('unsigned and incomplete stand at the top', () => {
    const top = formatReport({ ...incompleteManifest(), signing: { state: 'unsigned' } })
      .split('\n')
      .slice(0, 7)
      .join('\n');
    assert.match(top, /RESULT: INCOMPLETE/);
    assert.match(top, /Reason given: the drive died\\u\{1b\}\[2J/);
    assert.match(top, /NOT SIGNED/);
  });
});
