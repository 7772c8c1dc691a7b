import assert from 'node:assert/strict';
import test from 'node:test';
import { fileSystemIdentity, nearestExisting } from '../../src/discover/file-system-identity.ts';
import { observeLinkSpeeds } from '../../src/discover/link-speeds.ts';
import { known, unknown } from '../../src/model/device.ts';
import { linkRate } from '../../src/model/link-rate.ts';
import { destination } from '../plan/facts.ts';
import { attributes, driver, pci, scsiDisk, trees, wholeDisk, type Tree } from './buses.ts';
import { look, SDB } from './chain-support.ts';
import { madeUpStation, type Layout } from './made-up-station.ts';
import type { TestContext } from 'node:test';

const AHCI = '/sys/devices/pci0000:00/0000:00:17.0';
const NVME = '/sys/devices/pci0000:00/0000:00:1d.0/0000:01:00.0';

/** What the link of a made-up disk carries, in words, or why that is not known. */
async function rateOf(t: TestContext, layout: Layout, name: string): Promise<string> {
  const chain = await look(t, layout, name);
  const found = linkRate(chain, await observeLinkSpeeds(madeUpStation(t, layout), chain));
  return found.known ? `${found.value.bytesPerSecond} ${found.value.words}` : found.why;
}

const sata = (told: string | null): Tree =>
  trees(
    pci(AHCI, 'ahci'),
    scsiDisk(`${AHCI}/ata3`, SDB),
    told === null ? trees() : attributes(`${AHCI}/ata3/link3/ata_link/link3`, { sata_spd: told }),
  );

test('SATA: as libata tells the speed of the port', async (t) => {
  assert.equal(await rateOf(t, sata('6.0 Gbps'), 'sdb'), '600000000 SATA, 6 Gbit/s');
  assert.equal(await rateOf(t, sata('1.5 Gbps'), 'sdb'), '150000000 SATA, 1.5 Gbit/s');
  assert.match(await rateOf(t, sata('<unknown>'), 'sdb'), /speed of ata3 is told as "<unknown>"/);
  assert.match(await rateOf(t, sata(null), 'sdb'), /there is no .*sata_spd/);
});

test('NVMe: by the PCI Express link of the function that it is', async (t) => {
  const nvme = (link: Record<string, string>): Tree =>
    trees(
      pci(NVME, 'nvme'),
      attributes(NVME, link),
      driver(`${NVME}/nvme/nvme0`, 'nvme'),
      wholeDisk(`${NVME}/nvme/nvme0/nvme0n1`, { name: 'nvme0n1', number: '259:0' }, null),
    );
  const found = await rateOf(t, nvme({ current_link_speed: '8.0 GT/s PCIe', current_link_width: '4' }), 'nvme0n1');
  assert.equal(found, '3938461538 PCI Express, 8 GT/s on 4 lanes');
  for (const link of [{}, { current_link_speed: 'Unknown', current_link_width: '255' }])
    assert.match(await rateOf(t, nvme(link), 'nvme0n1'), /does not tell the speed of 0000:01:00.0's/);
});

test('a chain that is not known', async (t) => {
  const speeds = await observeLinkSpeeds(madeUpStation(t, {}), unknown('it vanished'));
  assert.deepEqual(speeds, { sata: unknown('it vanished'), pcie: unknown('it vanished') });
  const none = await observeLinkSpeeds(madeUpStation(t, {}), known({ bus: 'loop', links: [] }));
  assert.ok(!none.sata.known && !none.pcie.known);
});

test('a file system by what udev and statfs tell; what is not told is null', async (t) => {
  const links = { '/dev/disk/by-uuid/1B2C-77AA': '/dev/sdy1', '/dev/disk/by-uuid/other': '/dev/sdz1' };
  const nodes = { '/dev/sdy1': '8:1', '/dev/sdz1': '8:2' };
  const stat = { stdout: '6a2f\n' };
  const whole = madeUpStation(t, { links, nodes, commands: { stat } });
  const { fileSystem, mountSource, mountPoint } = destination;
  const told = { fileSystem, mountSource, mountPoint };
  assert.deepEqual(await fileSystemIdentity(whole, '/', destination), { ...told, uuid: '1B2C-77AA', fsid: '6a2f' });
  // btrfs: a number of its own, but the mount names the device.
  const btrfs = { ...destination, device: '0:42' };
  assert.equal((await fileSystemIdentity(whole, '/', btrfs)).uuid, '1B2C-77AA');
  const tmpfs = { ...btrfs, mountSource: 'tmpfs' };
  assert.equal((await fileSystemIdentity(whole, '/', tmpfs)).uuid, null);
  // No udev, and a stat that knows no such option (a command that nobody told the station fails here).
  const bare = madeUpStation(t, {});
  assert.deepEqual(await fileSystemIdentity(bare, '/', destination), { ...told, uuid: null, fsid: null });
});

test('the deepest folder that exists', async (t) => {
  const station = madeUpStation(t, {});
  assert.equal(await nearestExisting(station, `${station.root}/C-1/HDD-01`), station.root);
});
