import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { until } from '../support/children.ts';
import { journalOf, newDesk, startExhibit, type Desk } from '../support/exhibit.ts';
import { startLink } from '../support/link.ts';
import { diskBytes, lacks, mount, sh, smallFileSystem } from '../support/loop.ts';
import { lacksSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { transcript, transcriptHere } from '../cli/transcript.ts';
import { loopDisk, MIB } from './ranges-support.ts';

const skipped = (t: TestContext): boolean => lacksSshd(t) || lacks(t, 'losetup', 'mount');

function acquireFrom(desk: Desk, { identity, fingerprint }: Sshd, port: number, node: string, to: string): string[] {
  const login = ['--identity', identity, '--host-key', fingerprint, '--authority', 'warrant'];
  return desk.acquire(`ssh://root@127.0.0.1:${port}${node}`, ...login, '--to', to);
}

describe('where the image of a disk of another machine goes', () => {
  test('the disk itself, when that machine is this very station: refused as it is without the detour', async (t) => {
    if (skipped(t) || lacks(t, 'mkfs.ext4')) return;
    const sshd = await startSshd(t);
    const desk = newDesk(t);
    const to = smallFileSystem(t, join(desk.folder, 'there'), ['mkfs.ext4', '-q'], 16 * MIB);
    const node = sh('findmnt', '--noheadings', '--output', 'SOURCE', to);
    await transcriptHere(acquireFrom(desk, sshd, sshd.port, node, to), {
      exit: 12,
      says: [/lies on the source: both are on loop\d+/],
    });
  });

  test('it fills up in the middle: 12, and resume finishes it when there is room', async (t) => {
    if (skipped(t)) return;
    const bytes = diskBytes(24 * MIB);
    const node = loopDisk(t, bytes);
    const sshd = await startSshd(t);
    const link = await startLink(t, sshd.port);
    const desk = newDesk(t);
    const to = mount(t, join(desk.folder, 'small'), '-t', 'tmpfs', '-o', 'size=64m', 'none');
    const folder = join(to, 'C-1/HDD-01');
    const job = startExhibit(t, acquireFrom(desk, sshd, link.port, node, to));
    await until(() => journalOf(folder).some(({ type }) => type === 'remote-connected'), 'it is connected', 30_000);
    link.stall(true);
    const free = Number(sh('stat', '-f', '-c', '%a', to)) * Number(sh('stat', '-f', '-c', '%S', to));
    sh('fallocate', `--length=${free - 4 * MIB}`, join(to, 'filler'));
    link.stall(false);
    const ended = await job.endedWithin(60_000);
    assert.equal(ended.code, 12, ended.stderr);
    assert.match(ended.stderr, /The destination is full/);
    rmSync(join(to, 'filler'));
    const resume = ['resume', folder, '--identity', sshd.identity, '--key', desk.key];
    await transcript(resume, { exit: 0, prints: [/Every byte was read/] });
    assert.ok(readFileSync(join(folder, 'HDD-01.dd')).equals(bytes));
    await transcript(['verify', folder, '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
  });
});
