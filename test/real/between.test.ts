import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { unknown } from '../../src/model/device.ts';
import { planAcquisition } from '../../src/plan/plan.ts';
import { transcriptHere } from '../cli/transcript.ts';
import { blockSource, factsWith } from '../plan/facts.ts';
import { newDesk, startExhibit } from '../support/exhibit.ts';
import { Gate } from '../support/gate.ts';
import { lacks, mount, sh } from '../support/loop.ts';

const MIB = 1_048_576;

describe('what changes between one look and the next', () => {
  test('the destination is unmounted while the key is tried: 12, and nothing is written below', async (t) => {
    if (lacks(t, 'mount')) return;
    const desk = newDesk(t);
    const source = desk.file('disk.img', MIB);
    sh('mount', '-t', 'tmpfs', 'none', desk.to);
    const gate = new Gate(desk.folder, 'trial-signature');
    const job = startExhibit(t, desk.acquire(source), gate);
    await gate.meanwhile(job, () => sh('umount', desk.to));
    const ended = await job.ended;
    assert.equal(ended.code, 12, ended.stderr);
    assert.match(ended.stderr, /is not the destination that was planned: fileSystem was tmpfs/);
    assert.deepEqual(readdirSync(desk.to), []);
  });

  test('the case folder becomes a mount point while the key is tried: 12, and nothing is written there', async (t) => {
    if (lacks(t, 'mount')) return;
    const desk = newDesk(t);
    const source = desk.file('disk.img', MIB);
    const gate = new Gate(desk.folder, 'trial-signature');
    const job = startExhibit(t, desk.acquire(source), gate);
    const caseFolder = join(desk.to, 'C-1');
    await gate.meanwhile(job, () => mount(t, caseFolder, '-t', 'tmpfs', 'none'));
    const ended = await job.ended;
    assert.equal(ended.code, 12, ended.stderr);
    assert.match(ended.stderr, /is not the destination that was planned: fileSystem was .* is now tmpfs/);
    assert.deepEqual(readdirSync(caseFolder), []);
  });

  test('the plan speaks of where the case folder really is: a mount point below --to, or a link away from it', async (t) => {
    if (lacks(t, 'mount')) return;
    const desk = newDesk(t);
    const source = desk.file('disk.img', MIB);
    const other = mount(t, join(desk.folder, 'other'), '-t', 'tmpfs', '-o', 'size=64M', 'none');
    symlinkSync(other, join(desk.to, 'C-1'));
    await transcriptHere(desk.acquire(source, '--dry-run'), {
      exit: 0,
      prints: [/Dry run/],
      says: [/file system +tmpfs on none/],
    });
    mount(t, join(desk.to, 'C-2'), '-t', 'tmpfs', '-o', 'size=16M,ro', 'none');
    await transcriptHere(desk.acquire(source, '--dry-run', '--case', 'C-2'), { exit: 12, says: [/mounted read-only/] });
  });

  test('a stopped image that grew is not vouched for: 13', async (t) => {
    if (lacks(t, 'mount')) return;
    const desk = newDesk(t);
    const source = desk.file('disk.img', 8 * MIB);
    mount(t, desk.to, '-t', 'tmpfs', '-o', 'size=64M', 'none');
    const gate = new Gate(desk.folder, 'trial-signature');
    const job = startExhibit(t, desk.acquire(source), gate);
    // A full destination stops it; room comes back before it is sealed.
    await gate.meanwhile(job, () =>
      sh('sh', '-c', 'dd if=/dev/zero of="$1/fill" bs=1M count=58 status=none', 'sh', desk.to),
    );
    assert.equal((await job.ended).code, 12);
    sh('rm', join(desk.to, 'fill'));
    const partial = join(desk.evidence(), 'HDD-01.dd.partial');
    appendFileSync(partial, Buffer.alloc(9 * MIB));
    await transcriptHere(['seal', desk.evidence(), '--incomplete', 'full', '--key', desk.key], {
      exit: 13,
      says: [/HDD-01\.dd\.partial is longer than what could have been written/],
    });
  });

  test('--yes asks nobody, so a serial must have been compared', () => {
    const dumb = blockSource({ serial: unknown('the bridge tells none') });
    const codes = (mismatchReason: string | null): string[] => {
      const label = { serial: 'WD-1234', mismatchReason };
      const result = planAcquisition(factsWith({ source: dumb, request: { yes: true }, label }));
      return result.ok ? [] : result.refusals.map(({ code }) => code);
    };
    assert.deepEqual(codes(null), ['usage.yes-unconfirmed']);
    assert.deepEqual(codes('seen through the window of the case'), []);
  });
});
