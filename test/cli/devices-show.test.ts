import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import type { Ports } from '../../src/system/ports.ts';
import { bench, disk, SDB, USB } from '../discover/bench-layout.ts';
import { attributes } from '../discover/buses.ts';
import { madeUpStation } from '../discover/made-up-station.ts';
import { captured } from '../support/bench-capture.ts';
import { jsonLines } from '../support/exhibit.ts';
import { packageRoot } from '../support/root.ts';
import { tempFolder } from '../support/temp.ts';
import { BLOCKER, BY_ID, run, station } from './devices-station.ts';

/** The same, where sdb answers what it is asked: by these programs, and no others. */
function asked(t: TestContext): Ports {
  const missing = { exit: null, failure: 'missing' } as const;
  const declares = { stdout: captured('usb-read-only-bridge', 'sg_modes-10.txt').stdout };
  const commands = {
    lsblk: missing,
    smartctl: missing,
    sg_modes: declares,
    sfdisk: missing,
    [process.execPath]: missing,
  };
  const layout = bench();
  const ports = madeUpStation(t, { ...layout, commands });
  return { ...ports, host: { ...ports.host, packageRoot } };
}

describe('exhibit devices show', () => {
  test('by name, by path, by by-id name, by symlink: what it resolved to is said', async (t) => {
    const ports = station(t);
    const link = join(tempFolder(t), 'suspect');
    symlinkSync(join(ports.root, '/dev/sdb'), link);
    for (const [given, path] of [
      ['sdb', '/dev/sdb'],
      ['/dev/sdb', ''],
      [BY_ID, `/dev/disk/by-id/${BY_ID} → /dev/sdb`],
      [`/dev/disk/by-id/${BY_ID}`, '/dev/sdb'],
      [link, '/dev/sdb'],
    ] as const) {
      const text = await run(['devices', 'show', given, '--no-probe'], ports, {
        exit: 0,
        prints: [/model +Portable Drive\n/],
      });
      assert.equal(text.split('\n')[0], `${[given, path].filter((step) => step !== '').join(' → ')}  (8:16)`);
    }
  });

  test('everything, with the place that says so', async (t) => {
    await run(['devices', 'show', 'sdb'], asked(t), {
      exit: 0,
      prints: [
        /size +500,107,862,016 bytes \(465\.8 GiB\)\n +\/sys\/devices\/.*\/sdb\/size says "976773168" units of 512 bytes\n/,
        /model +Portable Drive\n +\/sys\/.*\/sdb\/device\/model says "Portable Drive {2}"\n/,
        /serial +DD5641988896\n +\/sys\/.*\/usb2\/2-1\/serial says "DD5641988896"\n/,
        /Hangs on\n {2}bus +USB\n/,
        /bridge +2-1, USB 152d:0578 Made Up Portable Drive, serial "DD5641988896", revision 0100, 5000 Mbit\/s/,
        /Known hardware\n {2}shipped data: JMicron .*, bridge, blocks writes: never \(hardware\/jmicron\.yaml, .*\)\n {2}lab's data: /,
        /by-id +\/dev\/disk\/by-id\/usb-Portable_Drive/,
        /by-path +\? there is no \/dev\/disk\/by-path/,
        /\/dev\/sdb1, 104,857,600 bytes .* bytes 1,048,576 to 105,906,176, rw/,
        /Used by\n {2}nothing that this station knows of\n/,
        /Write protection: device-declares-wp\n.*\n.*read-only flag of \/dev\/sdb: writable {2}\(\/sys\/class\/block\/sdb\/ro\)/,
        /Asked of the device itself\n {2}Model, by the disk itself: unknown \(smartctl is not installed\)\n/,
        /Hidden area \(HPA\): unknown \(.*\)\n/,
        /Signs of encryption: Unknown/,
        /Asked by:\n {4}smartctl --json --info --health \/dev\/sdb: missing, \d+ ms\n/,
        /sg_modes --maxlen=192 \/dev\/sdb: exit 0, \d+ ms\n/,
      ],
    });
  });

  test('a partition has its disk’s chain; a loop device over a disk has that disk’s, and its places', async (t) => {
    await run(['devices', 'show', 'sdb1', '--no-probe'], station(t), {
      exit: 0,
      prints: [/kind +partition/, /bridge +2-1/, /flag of \/dev\/sdb: writable/],
    });
    const loop = {
      files: disk('/sys/devices/virtual/block/loop0', '7:0', 976_773_168, { 'loop/backing_file': '/dev/sdb\n' }),
      links: {},
    };
    await run(['devices', 'show', 'loop0', '--no-probe'], station(t, loop), {
      exit: 0,
      prints: [/kind +loop, physical/, /behind it +\/dev\/sdb/, /bridge +2-1/, /sdb\/device\/model says "Portable/],
    });
  });

  test('what a device says stays on its line and obeys no terminal', async (t) => {
    const hostile = attributes(USB, { product: 'Evil\u001b[2J\u202e\nDisk', serial: 'A\u0007B' });
    await run(['devices', 'show', 'sdb', '--no-probe'], station(t, hostile), {
      exit: 0,
      prints: [/Evil\\u\{1b\}\[2J\\u\{202e\}\\u\{a\}Disk/, /A\\u\{7\}B/],
    });
    await run(['devices', 'show', 'sdd', '--no-probe'], station(t, BLOCKER), {
      exit: 0,
      prints: [/T8\\u\{1b\}\[2J-R2/],
    });
  });

  test('--json, before and after the name', async (t) => {
    const ports = station(t);
    for (const argv of [
      ['devices', 'show', '--no-probe', BY_ID, '--json'],
      ['devices', '--json', 'show', BY_ID, '--no-probe'],
    ]) {
      const text = await run(argv, ports, { exit: 0, prints: [/./] });
      const [result, ...more] = jsonLines(text);
      assert.deepEqual(more, []);
      assert.deepEqual(
        [result?.['type'], result?.['given'], result?.['path'], result?.['resolved']],
        ['result', BY_ID, `/dev/disk/by-id/${BY_ID}`, '/dev/sdb'],
      );
      const evidence = result?.['evidence'] as { what: string; seen: string; source: string }[];
      assert.ok(
        evidence.some(
          ({ what, seen, source }) => what === 'serial' && seen === 'DD5641988896' && source === `${USB}/serial`,
        ),
      );
      assert.ok(evidence.some(({ what, source }) => what === 'read_only' && source === `${SDB}/ro`));
      assert.equal((result?.['hardware'] as { id: string }).id, 'jmicron-jms578');
      assert.deepEqual((result?.['probe'] as { runs: unknown[] }).runs, []);
      assert.equal((result?.['verdict'] as { name: string }).name, 'none-observed');
    }
  });

  test('nothing there, a link that leads nowhere, a file, two devices meant: refused, with what to do', async (t) => {
    const ports = station(t);
    const folder = tempFolder(t);
    symlinkSync('/dev/nowhere', join(folder, 'dangling'));
    writeFileSync(join(folder, 'image'), 'x');
    await run(['devices', 'show', 'sdz', '--no-probe'], ports, {
      exit: 11,
      says: [/There is no source at sdz/, /exhibit devices/],
    });
    await run(['devices', 'show', join(folder, 'dangling'), '--no-probe'], ports, {
      exit: 11,
      says: [/There is no source/],
    });
    await run(['devices', 'show', join(folder, 'image'), '--no-probe'], ports, { exit: 2, says: [/is a plain file/] });
    await run(['devices', 'show', folder, '--no-probe'], ports, { exit: 2, says: [/is a folder/] });
    symlinkSync('../../sda', join(ports.root, '/dev/disk/by-id/sdb'));
    await run(['devices', 'show', 'sdb', '--no-probe'], ports, {
      exit: 2,
      says: [/names more than one device: .*by-id\/sdb.*\/dev\/sdb/],
    });
    await run(['devices', 'show'], ports, { exit: 2, says: [/missing required argument/] });
    await run(['devices', 'shwo'], ports, {
      exit: 2,
      says: [/shwo is no command of "exhibit devices"/, /devices show DEV/],
    });
  });

  test('a by-id name whose disk was pulled', async (t) => {
    const layout = bench();
    const links = Object.fromEntries(Object.entries(layout.links).filter(([path]) => !/8:16$|block\/sdb$/.test(path)));
    const gone = madeUpStation(t, { ...layout, links });
    await run(['devices', 'show', BY_ID, '--no-probe'], gone, {
      exit: 11,
      says: [/No device stands behind .* \(8:16\)/],
    });
  });
});
