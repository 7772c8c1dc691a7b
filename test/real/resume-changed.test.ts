import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { transcriptHere } from '../cli/transcript.ts';
import { contentOf } from '../support/content.ts';
import { requireWhole } from '../support/cut-off.ts';
import { manifestOf } from '../support/exhibit.ts';
import { Gate } from '../support/gate.ts';
import { exhibitHere, startHere } from '../support/in-process.ts';
import { attachLoop, diskBytes, lacks, sh } from '../support/loop.ts';
import { stoppedJob, STOPPED_SIZE } from '../support/stopped.ts';
import { tempFolder } from '../support/temp.ts';

const MIB = 1_048_576;
const MAP = 'HDD-01.map';
const JOURNAL = 'HDD-01.journal.jsonl';
const PARTIAL = 'HDD-01.dd.partial';

describe('what is there is not what was written', { concurrency: 2 }, () => {
  /** The byte in the middle of the first piece, which was read long before the job stopped. */
  function changeImage(folder: string): void {
    const path = join(folder, PARTIAL);
    const bytes = readFileSync(path);
    bytes[MIB + 17] = (bytes[MIB + 17] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  }

  test('a byte of the image, native: 13 before anything is read on, as often as it is tried', async (t) => {
    const stopped = await stoppedJob(t, ['--hash-engine', 'native']);
    changeImage(stopped.folder);
    const { size } = statSync(join(stopped.folder, PARTIAL));
    for (const time of [1, 2]) {
      await transcriptHere(stopped.resume(), {
        exit: 13,
        says: [/was changed after the acquisition stopped: bytes \[0, 2097152\) are not those that were read/],
      });
      assert.ok(!existsSync(join(stopped.folder, 'HDD-01.manifest.json')), `${time}`);
      assert.equal(statSync(join(stopped.folder, PARTIAL)).size, size, 'it read on');
    }
  });

  test('a byte near where it stopped, wasm: its state needs no look at the image, which is looked at all the same: 13', async (t) => {
    const stopped = await stoppedJob(t, ['--hash-engine', 'wasm', '--hash', 'md5,sha256']);
    changeImage(stopped.folder);
    const before = contentOf(stopped.folder);
    await transcriptHere(stopped.resume(), { exit: 13, says: [/was changed after the acquisition stopped/] });
    assert.equal(contentOf(stopped.folder), before);
  });

  test('a byte of the image while it is gone on with, wasm: the read-back finds it: 13, signed as a mismatch', async (t) => {
    const stopped = await stoppedJob(t, ['--hash-engine', 'wasm', '--hash', 'md5,sha256']);
    const gate = new Gate(tempFolder(t), 'read');
    const job = startHere(stopped.resume(), gate);
    await gate.meanwhile(job, () => {
      changeImage(stopped.folder);
    });
    const ended = await job.ended;
    assert.equal(ended.code, 13, ended.stderr);
    assert.match(ended.stdout, /MISMATCH/);
    assert.match(ended.stderr, /Read the image back: failed/);
    const manifest = manifestOf(stopped.folder);
    assert.equal(manifest.outcome, 'mismatch');
    assert.ok(manifest.read_back.state === 'mismatch');
    assert.deepEqual(manifest.read_back.differing, [{ start: 0, end: 2 * MIB }]);
    // The hashes are those of the source: its first part was not taken from the changed image.
    const { sha256 } = Object.fromEntries(manifest.digests.map(({ algorithm, hex }) => [algorithm, hex]));
    assert.equal(sha256, sh('sha256sum', stopped.source).split(' ')[0]);
    assert.ok(existsSync(join(stopped.folder, PARTIAL)) && !existsSync(join(stopped.folder, 'HDD-01.dd')));
    await transcriptHere(['verify', stopped.folder, '--signers', stopped.desk.signers], { exit: 13, prints: [/./] });
  });

  const acts: readonly (readonly [string, (folder: string) => void, RegExp])[] = [
    [
      'the image is cut',
      (folder) => {
        sh('truncate', '--size=1M', join(folder, PARTIAL));
      },
      /holds 1048576 bytes; by the journal/,
    ],
    [
      'the image is gone',
      (folder) => {
        rmSync(join(folder, PARTIAL));
      },
      /is not there, or is no file/,
    ],
    [
      'a line of the journal is changed',
      (folder) => {
        edit(join(folder, JOURNAL), '"good"', '"GOOD"');
      },
      /journal/,
    ],
    [
      'a line of the journal is taken out',
      (folder) => {
        edit(join(folder, JOURNAL), /\n.*"type":"engines"}\n/, '\n');
      },
      /journal/,
    ],
  ];
  test('the image is cut or gone, the journal changed: 13, and nothing is touched', async (t) => {
    const stopped = await stoppedJob(t);
    for (const [n, [what, act, says]] of acts.entries()) {
      const copy = stopped.copy(`copy-${n}`);
      act(copy.folder);
      const before = contentOf(copy.folder);
      const { code, stderr } = await exhibitHere(copy.resume());
      assert.equal(code, 13, `${what}\n${stderr}`);
      assert.match(stderr, says, what);
      assert.equal(contentOf(copy.folder), before, what);
    }
  });

  test('a map that is lost is made anew of the journal; one that tells of more than was read is refused', async (t) => {
    const stopped = await stoppedJob(t);
    const map = join(stopped.folder, MAP);
    writeFileSync(map, '0x0 + 1\n0x0 0xC00000 +\n');
    const before = contentOf(stopped.folder);
    await transcriptHere(stopped.resume(), {
      exit: 13,
      says: [/says of bytes that they were read which exhibit has not/],
    });
    assert.equal(contentOf(stopped.folder), before);
    rmSync(map);
    await transcriptHere(stopped.resume(), { exit: 0, prints: [/ACQUIRED/], says: [/going on at byte 4194304/] });
    await requireWhole(stopped.desk, stopped.folder, 'HDD-01', stopped.truth, 2);
  });
});

describe('the source is not the one', { concurrency: 2 }, () => {
  test('another disk of the same size: 11 by its content, and nothing is changed', async (t) => {
    if (lacks(t, 'losetup')) return;
    const stopped = await stoppedJob(t, ['--no-probe'], (file) => attachLoop(t, file));
    const other = join(stopped.desk.folder, 'other.img');
    writeFileSync(other, diskBytes(STOPPED_SIZE, 3));
    const before = contentOf(stopped.folder);
    const argv = ['resume', stopped.folder, attachLoop(t, other), '--key', stopped.desk.key];
    await transcriptHere(argv, { exit: 11, says: [/is another disk, or was written to: of 8192 sectors/] });
    assert.equal(contentOf(stopped.folder), before);
    await transcriptHere(stopped.resume(), { exit: 0, prints: [/ACQUIRED/], says: [/tells no serial/] });
    await requireWhole(stopped.desk, stopped.folder, 'HDD-01', stopped.truth, 2);
  });

  test('a file that was written to, touched, replaced, or is gone: 11', async (t) => {
    const stopped = await stoppedJob(t);
    const acts = [
      'printf X | dd of="$1" bs=1 seek=10000000 conv=notrunc status=none',
      'touch --date=@1 "$1"',
      'cp "$1" "$1.new" && mv "$1.new" "$1"',
      'rm "$1"',
    ];
    const before = contentOf(stopped.folder);
    for (const act of acts) {
      sh('sh', '-c', act, 'sh', stopped.source);
      const { code, stderr } = await exhibitHere(stopped.resume());
      assert.equal(code, 11, `${act}\n${stderr}`);
      assert.equal(contentOf(stopped.folder), before, act);
    }
  });
});

function edit(path: string, from: string | RegExp, to: string): void {
  const text = readFileSync(path, 'utf8');
  assert.notEqual(text.replace(from, to), text);
  writeFileSync(path, text.replace(from, to));
}
