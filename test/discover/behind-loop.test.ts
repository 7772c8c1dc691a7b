import assert from 'node:assert/strict';
import test, { describe, type TestContext } from 'node:test';
import { observeDestination } from '../../src/discover/destination.ts';
import { checkPresent, findSource } from '../../src/discover/source.ts';
import { judge as judgeFacts } from '../../src/guard/verdict.ts';
import { known, type Device } from '../../src/model/device.ts';
import type { SourceFacts } from '../../src/model/plan.ts';
import { guardFacts } from '../plan/facts.ts';
import { bench, disk, SDB } from './bench-layout.ts';
import { madeUpStation, mountLine, realPorts, type Layout } from './made-up-station.ts';
import { canUse, loop, mount, sh, sparseFile, tempFolder } from './real-disks.ts';

const MIB = 1024 * 1024;
const judge = (source: SourceFacts) => judgeFacts(guardFacts(source));
const LOOP = '/sys/devices/virtual/block/loop0';

/** The bench, with loop0 read-only over what stands at `back`. */
function overlaid(t: TestContext, back: string, change: (layout: Required<Pick<Layout, 'files' | 'nodes'>>) => void) {
  const layout = bench();
  Object.assign(layout.files, disk(LOOP, '7:0', 976_773_168, { 'loop/backing_file': `${back}\n`, ro: '1\n' }));
  layout.nodes['/dev/loop0'] = '7:0';
  change(layout);
  return madeUpStation(t, layout);
}

async function loop0(t: TestContext, back: string, change: Parameters<typeof overlaid>[2] = () => undefined) {
  return blockOf(await findSource(overlaid(t, back, change), '/dev/loop0'));
}

function blockOf(facts: SourceFacts): Device {
  assert.ok(facts.kind === 'block');
  return facts.device;
}

describe('a loop device over a device', () => {
  test('is that device: hardware, disks, names', async (t) => {
    const device = await loop0(t, '/dev/sdb');
    assert.equal(device.physical, true);
    assert.deepEqual(device.disks, ['loop0', 'sdb']);
    assert.deepEqual(device.model, known('Portable Drive'));
    assert.equal(device.kind, 'loop');
    assert.ok(device.behind.known);
    assert.equal(device.behind.value?.path, '/dev/sdb');
  });

  test('over a partition: the disk of that partition', async (t) => {
    const device = await loop0(t, '/dev/sdb1');
    assert.deepEqual([device.physical, device.disks], [true, ['loop0', 'sdb']]);
    assert.deepEqual(device.model, known('Portable Drive'));
  });

  test('its flag protects nothing while the flags behind it are not set', async (t) => {
    const unprotected = await findSource(
      overlaid(t, '/dev/sdb', () => undefined),
      '/dev/loop0',
    );
    assert.equal(judge(unprotected).name, 'none-observed');
    const set = await findSource(
      overlaid(t, '/dev/sdb', ({ files }) => {
        for (const at of [SDB, `${SDB}/sdb1`, `${SDB}/sdb2`]) files[`${at}/ro`] = '1\n';
      }),
      '/dev/loop0',
    );
    const verdict = judge(set);
    assert.equal(verdict.name, 'kernel-flag-only');
    assert.ok(verdict.evidence.some(({ what, seen }) => what.endsWith('/dev/sdb') && seen === 'read-only'));
  });

  test('who uses the device uses the loop, and the other way round', async (t) => {
    const mounted = (number: string, node: string) => (layout: Required<Pick<Layout, 'files'>>) => {
      layout.files['/proc/self/mountinfo'] = mountLine(number, '/mnt/suspect', 'ntfs', node);
    };
    const station = overlaid(t, '/dev/sdb', mounted('8:17', '/dev/sdb1'));
    const use = { kind: 'mount', device: '/dev/sdb1', by: '/mnt/suspect' };
    assert.deepEqual(blockOf(await findSource(station, '/dev/loop0')).uses, known([use]));
    const other = overlaid(t, '/dev/sdb', mounted('7:0', '/dev/loop0'));
    const uses = blockOf(await findSource(other, '/dev/sdb')).uses;
    assert.deepEqual(uses, known([{ kind: 'mount', device: '/dev/loop0', by: '/mnt/suspect' }]));
  });

  test('what can not be found behind it is unknown: hardware is assumed, no flag counts, no use is ruled out', async (t) => {
    const gone = await findSource(
      overlaid(t, '/dev/sdz', () => undefined),
      '/dev/loop0',
    );
    const device = blockOf(gone);
    assert.deepEqual([device.physical, device.behind.known, device.uses.known], [true, false, false]);
    assert.equal(judge(gone).name, 'none-observed');
  });

  test('a plain file behind it: nothing to hold in a hand', async (t) => {
    const device = await loop0(t, '/proc/image', ({ files }) => {
      files['/proc/image'] = 'x';
    });
    assert.deepEqual([device.physical, device.disks, device.behind], [false, ['loop0'], known(null)]);
  });

  test('loops that show each other end as unknown, not never', async (t) => {
    const device = await loop0(t, '/dev/loop0');
    assert.deepEqual([device.physical, device.behind.known], [true, true]);
    assert.deepEqual(device.uses.known, false);
  });

  test('a disk pulled from under it is noticed', async (t) => {
    const station = overlaid(t, '/dev/sdb', () => undefined);
    const facts = await findSource(station, '/dev/loop0');
    await checkPresent(station, facts);
    await station.files.unlink(`${station.root}/sys/block/sdb`);
    await assert.rejects(checkPresent(station, facts), { code: 'source.vanished' });
  });

  test('real: a loop over a loop with a mounted file system', async (t) => {
    if (!canUse(t, 'mkfs.ext4')) return;
    const ports = realPorts();
    const folder = tempFolder(t);
    const file = sparseFile(folder, 'disk.img', 16 * MIB);
    sh('mkfs.ext4', '-q', '-F', file);
    const below = loop(t, file);
    const above = loop(t, below, '--read-only');
    const name = (node: string): string => node.slice('/dev/'.length);
    const idle = await findSource(ports, above);
    assert.deepEqual(blockOf(idle).disks, [name(above), name(below)]);
    assert.deepEqual(blockOf(idle).uses, known([]));
    assert.equal(judge(idle).name, 'none-observed', 'the loop below is writable');
    const mounted = mount(t, `${folder}/mnt`, below);
    const uses = blockOf(await findSource(ports, above)).uses;
    assert.deepEqual(uses, known([{ kind: 'mount', device: below, by: mounted }]));
    const { disks } = await observeDestination(ports, mounted);
    assert.ok(
      disks.known && disks.value.includes(name(below)),
      'evidence can not go there: the plan sees the same disk',
    );
  });
});
