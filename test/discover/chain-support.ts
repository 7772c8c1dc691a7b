import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { blockAt } from '../../src/discover/block.ts';
import { diskChain } from '../../src/discover/chain.ts';
import type { DiskChain } from '../../src/model/chain.ts';
import type { Fact } from '../../src/model/device.ts';
import { pci, rootHub, trees, type Tree } from './buses.ts';
import { madeUpStation, type Layout } from './made-up-station.ts';

const XHCI = '/sys/devices/pci0000:00/0000:00:14.0';
export const HUB = `${XHCI}/usb2`;
export const DOCK = { ids: '152d:0578', manufacturer: 'JMicron', product: 'Dock', serial: 'DD56', speed: '5000' };
export const BLOCKER = {
  ids: '13d7:000c',
  manufacturer: 'Tableau',
  product: 'T8-R2',
  serial: '000cc300',
  speed: '480',
};
export const MMC = { name: 'mmcblk0', number: '179:0' };
export const SDB = { name: 'sdb', number: '8:16' };

export async function look(t: TestContext, layout: Layout, name = 'sdb'): Promise<Fact<DiskChain>> {
  const station = madeUpStation(t, layout);
  const block = await blockAt(station, `/sys/block/${name}`);
  assert.ok(block);
  return diskChain(station, block);
}

export async function chainOf(t: TestContext, layout: Layout, name = 'sdb'): Promise<DiskChain> {
  const chain = await look(t, layout, name);
  assert.ok(chain.known, chain.known ? '' : chain.why);
  return chain.value;
}

/** `controller 0000:00:14.0 xhci_hcd` … */
export function roles({ links }: DiskChain): string[] {
  return links.map(({ role, name, driver: by }) => `${role} ${name} ${by ?? '-'}`);
}

export const usbHost = (...more: Tree[]): Tree => trees(pci(XHCI, 'xhci_hcd'), rootHub(HUB), ...more);
