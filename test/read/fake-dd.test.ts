import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { ddVersion, readByDd } from '../../src/read/dd-reader.ts';
import { systemCommands, type Commands } from '../../src/system/run-command.ts';
import { badDisk } from '../support/bad-disk.ts';
import { attachLoop, diskBytes, lacks } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';
import { assertCode, assertExact, hold, Log, MIB, readAll, sectors, type ReadAll } from './read-all.ts';

/** Commands of a station on whose PATH a program of the test's own is called `dd`. `$REAL` is the real one. */
function stationWithDd(t: TestContext, script: string): Commands {
  const real = systemCommands().which('dd');
  const bin = join(tempFolder(t), 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'dd'), `#!/bin/sh\nREAL='${real}'\n${script}\n`);
  chmodSync(join(bin, 'dd'), 0o755);
  return systemCommands(`${bin}:${process.env['PATH'] ?? ''}`);
}

const SIZE = 4 * MIB;

/** Reads 4 MiB of a plain file with such a dd. */
async function readWith(t: TestContext, script: string, log = new Log()): Promise<ReadAll & { content: Buffer }> {
  const path = join(tempFolder(t), 'disk.img');
  const content = diskBytes(SIZE);
  writeFileSync(path, content);
  const ports = testPorts({ commands: stationWithDd(t, script) });
  return { ...(await readAll(readByDd, await hold(t, path), { ports, log })), content };
}

/** What came is what the disk gave, in whole sectors; nothing is called bad; the last run of dd is on record. */
function assertHonest(result: ReadAll & { content: Buffer }, delivered: number): void {
  assert.equal(result.bytes.length, delivered - (delivered % 512));
  assert.ok(result.bytes.equals(result.content.subarray(0, result.bytes.length)));
  assert.deepEqual(result.log.bad, []);
  assert.equal(result.log.runs.at(-1)?.delivered, delivered);
}

describe('reader dd: a dd that misbehaves', { timeout: 60_000 }, () => {
  test('it gets a range by byte of the held source, and nothing else', async (t) => {
    const result = await readWith(t, 'echo "$@" >&2; exec "$REAL" "$@"');
    assertExact(result, result.content, []);
    const [run] = result.log.runs;
    const argv = ['bs=1048576', 'iflag=fullblock,skip_bytes,count_bytes', 'skip=0', `count=${SIZE}`, 'status=noxfer'];
    assert.deepEqual(run?.argv, ['dd', ...argv], 'what the record says');
    const account = '4+0 records in\n4+0 records out';
    assert.equal(run.stderr.trim(), `${argv.join(' ')}\n${account}`, 'is what dd was given, and what it says it did');
    assert.deepEqual([run.from, run.to, run.exit, run.signal], [0, SIZE, 0, null]);
  });

  test('told to stop in the middle of a sector: what came of it is not given, for nobody could read on from there', async (t) => {
    const path = join(tempFolder(t), 'disk.img');
    const content = diskBytes(SIZE);
    writeFileSync(path, content);
    const ports = testPorts({ commands: stationWithDd(t, 'head -c 1500000; exec sleep 60') });
    const stop = AbortSignal.timeout(1500);
    const result = await readAll(readByDd, await hold(t, path), { ports, stop });
    assert.ifError(result.error);
    assert.equal(result.bytes.length, 1_500_000 - (1_500_000 % 512));
    assert.ok(result.bytes.equals(content.subarray(0, result.bytes.length)));
  });

  test('ends early and calls it success: told as what it is', async (t) => {
    const result = await readWith(t, 'exec head -c 1500000');
    assertCode(result.error, 'source', 'source.ended-early');
    assert.match(String(result.error), /byte 1500000.*4194304 bytes were promised/);
    assertHonest(result, 1_500_000);
  });

  test('says success and gives nothing', async (t) => {
    const result = await readWith(t, 'exit 0');
    assertCode(result.error, 'source', 'source.ended-early');
    assertHonest(result, 0);
  });

  for (const [what, script, bytes] of [
    ['its output is cut, and the disk is not blamed', '"$REAL" "$@" | { head -c 3000000; cat >/dev/null; }', 3_000_000],
    ['a block is lost on the way', '"$REAL" "$@" | { head -c 3145728; cat >/dev/null; }', 3_145_728],
    [
      'it fills short reads with zeros',
      'head -c 4000000 | "$REAL" bs=1048576 iflag=fullblock conv=sync status=noxfer',
      SIZE,
    ],
    ['it says that it wrote less', 'cat; printf "4+0 records in\\n3+0 records out\\n" >&2', SIZE],
    ['it says that it read less', 'cat; printf "3+1 records in\\n4+0 records out\\n" >&2', SIZE],
    [
      'it passes over what it can not read',
      `cat; printf "dd: error reading 'standard input': Input/output error\\n3+0 records in\\n4+0 records out\\n" >&2; exit 1`,
      SIZE,
    ],
  ] as const) {
    test(`its own account does not fit what came: ${what}`, async (t) => {
      const result = await readWith(t, script);
      assertCode(result.error, 'unexpected', 'reader.account');
      assert.match(String(result.error), /dd says that it (read|wrote) \d\+\d blocks of 1,048,576 bytes; [\d,]+ bytes/);
      assert.equal(result.log.runs.at(-1)?.delivered, bytes);
    });
  }

  test('gives more than it was asked for', async (t) => {
    const result = await readWith(t, 'cat; echo one line more');
    assertCode(result.error, 'unexpected', 'reader.too-much');
    assert.ok(result.bytes.length <= SIZE && result.bytes.equals(result.content.subarray(0, result.bytes.length)));
  });

  test('never stops giving: it is killed, not read for ever', async (t) => {
    const result = await readWith(t, `echo $$ > "$0.pid"; exec yes`);
    assertCode(result.error, 'unexpected', 'reader.too-much');
  });

  test('is killed in the middle', async (t) => {
    const result = await readWith(t, 'head -c 2000000; kill -9 $$');
    assertCode(result.error, 'unexpected', 'reader.killed');
    assert.match(String(result.error), /SIGKILL.*byte 2000000/);
    assertHonest(result, 2_000_000);
    assert.equal(result.log.runs[0]?.signal, 'SIGKILL');
  });

  test('is killed after the last byte: still no success', async (t) => {
    const result = await readWith(t, 'cat; kill -9 $$');
    assertCode(result.error, 'unexpected', 'reader.killed');
  });

  test('gives everything, then fails: still no success', async (t) => {
    const result = await readWith(t, 'cat; echo "dd: closing output file: No space left on device" >&2; exit 1');
    assertCode(result.error, 'unexpected', 'reader.failed');
    assert.match(String(result.error), /status 1.*No space left/);
  });

  test('fails for another reason than a read error: its words are told, made harmless', async (t) => {
    const result = await readWith(t, `head -c 1048576; printf 'dd: \\033[2Jmemory exhausted\\n' >&2; exit 1`);
    assertCode(result.error, 'unexpected', 'reader.failed');
    assert.match(String(result.error), /\\u\{1b\}\[2Jmemory exhausted/);
    assertHonest(result, MIB);
  });

  test('claims a read error in the middle of a sector: not believed', async (t) => {
    const result = await readWith(
      t,
      `head -c 1000; echo "dd: error reading 'standard input': Input/output error" >&2; exit 1`,
    );
    assertCode(result.error, 'unexpected', 'reader.failed');
    assertHonest(result, 1000);
  });

  test('claims a read error where every byte can be read: read again, and noted', async (t) => {
    const script = `
case "$*" in *skip=0*) head -c 1048576; echo "dd: error reading 'standard input': Input/output error" >&2; exit 1 ;; esac
exec "$REAL" "$@"`;
    const result = await readWith(t, script);
    assertExact(result, result.content, []);
    assert.deepEqual(result.log.again, [{ start: MIB, end: 2 * MIB }]);
    assert.deepEqual(
      result.log.runs.map(({ from, delivered, exit }) => [from, delivered, exit]),
      [
        [0, MIB, 1],
        [2 * MIB, 2 * MIB, 0],
      ],
    );
  });

  test('its output comes in odd pieces, slowly', async (t) => {
    const result = await readWith(t, 'head -c 7; sleep 0.05; head -c 100001; sleep 0.05; cat');
    assertExact(result, result.content, []);
  });

  test('every run is on record, with where it began and how it ended', async (t) => {
    const content = diskBytes(SIZE);
    const disk = await badDisk(t, { content, bad: [sectors(2048 + 5), sectors(3 * 2048)] });
    if (disk === null) return;
    const result = await readAll(readByDd, await hold(t, disk.node));
    assert.ifError(result.error);
    assert.deepEqual(
      result.log.runs.map(({ from, to, delivered, exit, signal }) => [
        from / MIB,
        to / MIB,
        delivered / MIB,
        exit,
        signal,
      ]),
      [
        [0, 4, 1, 1, null],
        [2, 4, 1, 1, null],
      ],
    );
    for (const run of result.log.runs) {
      assert.match(run.stderr, /dd: error reading 'standard input': Input\/output error/);
      assert.ok(run.argv.includes('iflag=direct,fullblock,skip_bytes,count_bytes'), 'past the page cache');
    }
  });

  test('the child gets no way to write: its source is open read-only', async (t) => {
    if (lacks(t, 'losetup')) return;
    const path = join(tempFolder(t), 'disk.img');
    const content = diskBytes(MIB);
    writeFileSync(path, content);
    const node = attachLoop(t, path, { writable: true });
    const commands = stationWithDd(t, `cat /proc/self/fdinfo/0 >&2; exec "$REAL" "$@"`);
    const result = await readAll(readByDd, await hold(t, node), { ports: testPorts({ commands }) });
    assertExact(result, content, []);
    const flags = /^flags:\s+(\d+)/m.exec(result.log.runs[0]?.stderr ?? '')?.[1] ?? '';
    assert.equal(Number.parseInt(flags, 8) & 3, 0, 'O_RDONLY');
  });
});

describe('which dd', () => {
  const answers: readonly (readonly [string, string, RegExp | null])[] = [
    ['GNU’s', 'echo "dd (coreutils) 9.1"', null],
    ['GNU’s of old', 'echo "dd (GNU coreutils) 6.9"', null],
    ['uutils’', 'echo "dd (uutils coreutils) 0.0.30"', /not GNU's: "dd \(uutils/],
    ['BusyBox’', 'echo "BusyBox v1.36 multi-call binary" >&2; exit 1', /not GNU's/],
    ['a hostile one', `printf 'dd \\033]0;owned\\007\\n'`, /\\u\{1b\}\]0;owned/],
  ];
  for (const [what, script, refused] of answers) {
    test(what, async (t) => {
      const version = ddVersion(stationWithDd(t, script));
      if (refused === null) assert.match(await version, /^dd \(/);
      else
        await assert.rejects(version, (error) => {
          assertCode(error, 'unexpected', 'reader.no-dd');
          assert.match(String(error), refused);
          return true;
        });
    });
  }

  test('none: said so, with the other reader as the way out', async () => {
    const real = systemCommands();
    const without: Commands = {
      ...real,
      run: async (argv) => ({ argv, exit: null, signal: null, stdout: '', stderr: '', failure: 'missing' }),
    };
    await assert.rejects(ddVersion(without), { code: 'reader.no-dd', message: /dd is not installed/, hint: /direct/ });
  });

  test('this station’s', async () => {
    assert.match(await ddVersion(systemCommands()), /^dd \(coreutils\)/);
  });
});
