import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { journalOf, manifestOf, newDesk, type Desk } from '../support/exhibit.ts';
import { attachLoop, diskBytes, exchangeBacking, lacks } from '../support/loop.ts';
import { lacksSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { tempFolder } from '../support/temp.ts';
import { transcript } from '../cli/transcript.ts';
import { MIB, pathWith, twiceBadDisk } from './ranges-support.ts';

/** Two ranges: what is read ahead is ordered in pieces of eight. */
const SIZE = 9 * MIB;
const RANGE = 8 * MIB;
const LIE = '1'.repeat(64);

interface Scene {
  readonly desk: Desk;
  readonly bytes: Buffer;
  readonly file: string;
  readonly node: string;
  readonly argv: string[];
  readonly login: string[];
  readonly lies: string;
  readonly verify: string[];
}

const skipped = (t: TestContext): boolean => lacksSshd(t) || lacks(t, 'losetup');
const loginOf = ({ identity, fingerprint }: Sshd): string[] => ['--identity', identity, '--host-key', fingerprint];

/** A machine whose openssl, which hashes what is sent, lies of the second range as often as a file there says. */
async function scene(t: TestContext, lies: number): Promise<Scene> {
  const bytes = diskBytes(SIZE);
  const folder = tempFolder(t);
  const file = join(folder, 'disk');
  writeFileSync(file, bytes);
  const node = attachLoop(t, file);
  const left = join(folder, 'lies');
  writeFileSync(left, String(lies));
  // The second range is the shorter one: what came is looked at, and then told wrongly.
  const liar = `[ "$1" = dgst ] || exec /usr/bin/openssl "$@"
set -- $(tee ${folder}/$$ | /usr/bin/sha256sum); size=$(stat -c %s ${folder}/$$); rm ${folder}/$$; n=$(cat ${left})
if [ $size -gt 3 ] && [ $size -le ${MIB} ] && [ $n -gt 0 ]; then echo $((n - 1)) >${left}; echo "SHA2-256(stdin)= ${LIE}"; else echo "SHA2-256(stdin)= $1"; fi`;
  const sshd = await startSshd(t, { env: pathWith(t, 'openssl', liar) });
  const desk = newDesk(t);
  const login = loginOf(sshd);
  const argv = desk.acquire(
    `ssh://${sshd.place}${node}`,
    ...login,
    // What lies stands beside dd.
    '--remote-reader',
    'dd',
    '--authority',
    'warrant',
    '--piece-size',
    '1M',
    '--block-size',
    '1M',
  );
  return {
    desk,
    bytes,
    file,
    node,
    argv,
    login,
    lies: left,
    verify: ['verify', desk.evidence(), '--signers', desk.signers],
  };
}

describe('what did not arrive as the target says that it was sent', () => {
  test('once: read once more, on record, and the image is the disk', async (t) => {
    if (skipped(t)) return;
    const { desk, bytes, argv, verify } = await scene(t, 1);
    await transcript(argv, {
      exit: 0,
      prints: [/Every byte was read/, /1 range arrived differently, and nothing of it was taken but as/],
    });
    const { proof } = manifestOf(desk.evidence()).source.remote!;
    assert.deepEqual([proof.bytes, proof.hashed_bytes, proof.hashed_ranges], [SIZE, SIZE, proof.ranges]);
    assert.deepEqual(
      proof.mismatches.map(({ start, end, told }) => [start, end, told]),
      [[RANGE, SIZE, LIE]],
    );
    assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd')).equals(bytes));
    await transcript(verify, { exit: 0, prints: [/VERIFIED/, /1 range arrived differently/] });
  });

  test('always: 13, and nothing of it is kept; neither closing nor going on loses the record', async (t) => {
    if (skipped(t)) return;
    const { desk, bytes, file, node, argv, login, lies, verify } = await scene(t, 1000);
    const folder = desk.evidence();
    await transcript(argv, {
      exit: 13,
      says: [/did not arrive as they were sent, twice/, /Nothing of this range was kept/],
    });
    const found = journalOf(folder).flatMap(({ type, data }) =>
      type === 'remote-account' ? (data['mismatches'] as object[]) : [],
    );
    assert.equal(found.length, 2);
    assert.equal(journalOf(folder).find(({ type }) => type === 'read')?.data['position'], RANGE);
    assert.equal(statSync(join(folder, 'HDD-01.dd.partial')).size, RANGE);
    assert.ok(!existsSync(join(folder, 'HDD-01.manifest.json')));

    const other = join(desk.folder, 'copy', 'HDD-01');
    mkdirSync(join(desk.folder, 'copy'));
    cpSync(folder, other, { recursive: true });
    await transcript(['seal', other, '--incomplete', 'its memory is bad', '--key', desk.key], {
      exit: 0,
      prints: [/incomplete/i],
    });
    const sealed = manifestOf(other);
    assert.deepEqual([sealed.outcome, sealed.read_map.good], ['incomplete', RANGE]);
    assert.equal(sealed.source.remote?.proof.mismatches.length, 2);
    assert.equal(sealed.source.remote.reproducible, 'no');
    assert.match(readFileSync(join(other, 'HDD-01.txt'), 'utf8'), /1 range arrived differently, more than once/);
    await transcript(['verify', other, '--signers', desk.signers], {
      exit: 4,
      prints: [/incomplete/i, /1 range arrived/],
    });

    writeFileSync(lies, '0');
    const resume = ['resume', folder, ...login, '--key', desk.key];
    const strange = `${file}.other`;
    writeFileSync(strange, diskBytes(SIZE, 77));
    await exchangeBacking(t, node, { from: file, to: strange });
    await transcript(resume, { exit: 11, says: [/is another disk, or was written to/] });
    assert.ok(!existsSync(join(folder, 'HDD-01.manifest.json')));
    await exchangeBacking(t, node, { from: strange, to: file });

    await transcript(resume, { exit: 0, prints: [/Every byte was read/, /1 range arrived differently/] });
    const { sessions, source } = manifestOf(folder);
    assert.deepEqual([sessions.length, source.remote?.proof.mismatches.length], [2, 2]);
    assert.equal(sessions[0]?.code, 'remote.hash-mismatch');
    assert.ok(readFileSync(join(folder, 'HDD-01.dd')).equals(bytes));
    await transcript(verify, { exit: 0, prints: [/VERIFIED/] });
  });
});

test('a rescue over SSH finds what a rescue here finds, to the sector', async (t) => {
  if (lacksSshd(t)) return;
  const disk = await twiceBadDisk(t);
  if (disk === null) return;
  const { bad, node } = disk;
  const sshd = await startSshd(t);
  const desk = newDesk(t);
  const there = [...loginOf(sshd), '--authority', 'warrant'];
  const rescue = ['--profile', 'rescue', '--piece-size', '1M'];
  const prints = [/WITH GAPS: 2,048 bytes in 2 ranges/];
  await transcript(desk.acquire(node, ...rescue, '--no-probe', '--allow-unblocked', 'test'), { exit: 3, prints });
  const here = manifestOf(desk.evidence());
  const again = desk.acquire(`ssh://${sshd.place}${node}`, ...rescue, ...there, '--evidence', 'REMOTE');
  await transcript(again, { exit: 3, prints });
  const remote = manifestOf(desk.evidence('REMOTE'), 'REMOTE');
  assert.deepEqual(remote.read_map.ranges.map(placeOf), here.read_map.ranges.map(placeOf));
  assert.deepEqual(
    remote.read_map.ranges.map(({ start, end }) => ({ start, end })),
    bad,
  );
  assert.deepEqual(remote.digests, here.digests);
  await transcript(['verify', desk.evidence('REMOTE'), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
});

const placeOf = ({
  start,
  end,
  errno,
  first_sector,
}: {
  start: number;
  end: number;
  errno: string;
  first_sector: number;
}) => [start, end, errno, first_sector];
