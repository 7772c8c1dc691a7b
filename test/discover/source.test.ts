import assert from 'node:assert/strict';
import { chmodSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { ExhibitError } from '../../src/model/errors.ts';
import { identityDifferences } from '../../src/model/identity.ts';
import { findSource, readIdentity } from '../../src/discover/source.ts';
import { bench, SDB, USB } from './bench-layout.ts';
import { madeUpStation, realPorts } from './made-up-station.ts';
import { sh, sparseFile, tempFolder } from './real-disks.ts';

const ports = realPorts();

describe('files', () => {
  test('a plain file, and a link to it', async (t) => {
    const folder = tempFolder(t);
    const file = sparseFile(folder, 'flat.img', 1000);
    const link = join(folder, 'link');
    symlinkSync(file, link);
    const facts = await findSource(ports, link);
    assert.ok(facts.kind === 'file');
    assert.deepEqual([facts.path, facts.realPath, facts.size], [link, file, 1000]);
    assert.ok(Number.isInteger(facts.identity.mtimeMs));
    assert.match(facts.identity.node, /^\d+:\d+$/);
  });

  test('missing, a link to nowhere, below a file', async (t) => {
    const folder = tempFolder(t);
    const file = sparseFile(folder, 'flat.img', 1000);
    symlinkSync(join(folder, 'gone'), join(folder, 'dangling'));
    for (const name of ['nothing', 'dangling', 'flat.img/x']) {
      await assert.rejects(findSource(ports, join(folder, name)), {
        code: 'source.missing',
        fault: 'source',
        hint: /devices/,
      });
    }
    assert.ok(file);
  });

  test('empty, a folder, a pipe, a character device', async (t) => {
    const folder = tempFolder(t);
    const pipe = join(folder, 'pipe');
    sh('mkfifo', pipe);
    await assert.rejects(findSource(ports, sparseFile(folder, 'empty', 0)), { code: 'source.empty', fault: 'source' });
    await assert.rejects(findSource(ports, folder), { code: 'usage.source-folder', fault: 'usage' });
    await assert.rejects(findSource(ports, pipe), { code: 'usage.source-kind', fault: 'usage', message: /pipe/ });
    await assert.rejects(findSource(ports, '/dev/null'), { code: 'usage.source-kind', message: /character device/ });
  });

  test('not allowed to read: the hint speaks of sudo', async (t) => {
    const file = sparseFile(tempFolder(t), 'secret.img', 1000);
    chmodSync(file, 0);
    const denied = {
      ...ports.files,
      open: () => Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES' })),
    };
    const user = { ...ports, files: denied, host: { ...ports.host, uid: 1000 } };
    await assert.rejects(findSource(user, file), { code: 'source.unreadable', fault: 'source', hint: /sudo/ });
  });

  test('a link that is lost while the source is looked at: its own words and hint, and one full stop', async (t) => {
    const file = join(tempFolder(t), 'disk.img');
    writeFileSync(file, 'x');
    const lost = new ExhibitError('source', 'remote.link-lost', 'The connection was lost.', { hint: 'Is it up?' });
    const { files, ...rest } = realPorts();
    const ports = { ...rest, files: { ...files, stat: () => Promise.reject(lost) } };
    await assert.rejects(findSource(ports, file), {
      code: 'source.unreadable',
      message: `The source ${file} can't be read: The connection was lost.`,
      hint: 'Is it up?',
    });
  });

  test('a name with escapes is made visible in the message', async () => {
    await assert.rejects(findSource(ports, '/nowhere/\u001b[31mred'), { message: /\\u\{1b\}\[31mred/ });
  });

  test('deleted between plan and read: vanished', async (t) => {
    const file = sparseFile(tempFolder(t), 'flat.img', 1000);
    const facts = await findSource(ports, file);
    unlinkSync(file);
    await assert.rejects(readIdentity(ports, facts), { code: 'source.vanished', fault: 'source' });
  });
});

describe('devices of a made-up bench', () => {
  const BY_ID = '/dev/disk/by-id/usb-Portable_Drive_DD5641988896-0:0';

  test('a by-id link leads to the disk with its identity', async (t) => {
    const facts = await findSource(madeUpStation(t, bench()), BY_ID);
    assert.ok(facts.kind === 'block');
    assert.deepEqual([facts.path, facts.realPath, facts.device.name], [BY_ID, '/dev/sdb', 'sdb']);
    assert.deepEqual(facts.identity, {
      kind: 'block',
      size: 500_107_862_016,
      node: '8:16',
      model: 'Portable Drive',
      serial: 'DD5641988896',
      wwn: null,
      diskseq: '9',
      chain: 'usb: 0000:00:14.0 > usb2 152d:0003 (no serial) > 2-1 152d:0578 DD5641988896 > sdb',
      mtimeMs: null,
    });
  });

  test('the number decides, not the name', async (t) => {
    const layout = bench();
    layout.nodes['/dev/sdb'] = '8:0';
    const facts = await findSource(madeUpStation(t, layout), '/dev/sdb');
    assert.ok(facts.kind === 'block');
    assert.equal(facts.device.name, 'sda');
  });

  test('a partition has the hardware of its disk, its own size, and what uses the whole disk', async (t) => {
    const layout = bench();
    layout.files['/proc/self/mountinfo'] =
      '28 27 8:16 / /mnt rw - ext4 /dev/sdb rw\n29 27 8:18 / /other rw - ext4 /dev/sdb2 rw\n';
    const facts = await findSource(madeUpStation(t, layout), `${BY_ID}-part1`);
    assert.ok(facts.kind === 'block');
    const { device } = facts;
    assert.deepEqual(
      [device.kind, device.wholeDisk, device.disks, device.physical, device.size],
      ['partition', 'sdb', ['sdb'], true, 204_800 * 512],
    );
    assert.deepEqual([device.serial, device.logicalSector], [{ known: true, value: 'DD5641988896' }, 512]);
    assert.deepEqual(device.uses, { known: true, value: [{ kind: 'mount', device: '/dev/sdb', by: '/mnt' }] });
    assert.equal(facts.identity.diskseq, '9');
  });

  test('no medium, a broken sector size, no such device', async (t) => {
    await assert.rejects(findSource(madeUpStation(t, bench()), '/dev/sdc'), { code: 'source.empty' });
    const odd = bench();
    odd.files[`${SDB}/queue/logical_block_size`] = '4096\n';
    odd.files[`${SDB}/size`] = '976773169\n';
    await assert.rejects(findSource(madeUpStation(t, odd), '/dev/sdb'), {
      code: 'source.partial-sector',
      message: /4096/,
    });
    const stale = { ...bench(), nodes: { '/dev/sdb': '8:240' } };
    await assert.rejects(findSource(madeUpStation(t, stale), '/dev/sdb'), { code: 'source.missing', message: /8:240/ });
  });

  test('another bridge before a disk that tells the same is another source, also where no disks are counted', async (t) => {
    const layout = bench();
    const files = Object.fromEntries(Object.entries(layout.files).filter(([path]) => path !== `${SDB}/diskseq`));
    const station = madeUpStation(t, { ...layout, files });
    const facts = await findSource(station, '/dev/sdb');
    writeFileSync(`${station.root}${USB}/idProduct`, '0579\n');
    const [difference, ...more] = identityDifferences(facts.identity, await readIdentity(station, facts));
    assert.deepEqual(more, []);
    assert.match(difference ?? '', /^chain was .* 2-1 152d:0578 DD5641988896 > sdb, is now .* 2-1 152d:0579 /);
  });

  test('another disk under the same name is another identity; a pulled one has vanished', async (t) => {
    const station = madeUpStation(t, bench());
    const facts = await findSource(station, '/dev/sdb');
    writeFileSync(`${station.root}${SDB}/diskseq`, '10\n');
    assert.equal((await readIdentity(station, facts)).diskseq, '10');
    unlinkSync(`${station.root}/sys/dev/block/8:16`);
    await assert.rejects(readIdentity(station, facts), { code: 'source.vanished' });
    unlinkSync(`${station.root}/dev/sdb`);
    await assert.rejects(readIdentity(station, facts), { code: 'source.vanished' });
  });
});
