import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { transcriptHere } from '../cli/transcript.ts';
import { badDisk } from '../support/bad-disk.ts';
import { manifestOf, newDesk } from '../support/exhibit.ts';
import { diskBytes } from '../support/loop.ts';

const MIB = 1_048_576;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('sectors that answer differently the second time: mismatch, each with both answers, and the image keeps the first', async (t) => {
  const content = diskBytes(6 * MIB, 11);
  const places = [
    { start: 1000 * 512, end: 1001 * 512 },
    { start: 5 * MIB, end: 5 * MIB + 1024 },
  ];
  const disk = await badDisk(t, { content, behaviour: { changing: places.map((range) => ({ range, after: 1 })) } });
  if (disk === null) return;
  const desk = newDesk(t);
  const argv = desk.acquire(disk.node, '--verify-source', '--piece-size', '1M', '--block-size', '1M', '--no-probe');
  await transcriptHere(argv, { exit: 13, prints: [/MISMATCH/] });
  const folder = desk.evidence();
  const manifest = manifestOf(folder);
  assert.equal(manifest.outcome, 'mismatch');
  const sectors = [1000, 10240, 10241];
  assert.deepEqual(
    manifest.read_map.unstable.map(({ first_sector, end_sector, first, when }) => [
      first_sector,
      end_sector,
      first,
      when,
    ]),
    sectors.map((n) => [n, n + 1, sha256(content.subarray(n * 512, (n + 1) * 512)), 'verify-source']),
  );
  assert.ok(manifest.read_map.unstable.every(({ first, again }) => first !== again));
  assert.ok(readFileSync(join(folder, 'HDD-01.dd.partial')).equals(content), 'the image keeps the first answer');
  const report = readFileSync(join(folder, 'HDD-01.txt'), 'utf8');
  for (const { again } of manifest.read_map.unstable) assert.ok(report.includes(again));
  await transcriptHere(['verify', folder, '--signers', desk.signers], { exit: 13, prints: [/mismatch/i] });
});
