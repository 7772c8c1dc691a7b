import type { DiskChain } from '../model/chain.ts';
import { known, unknown, valueOf, type Fact } from '../model/device.ts';
import type { LinkSpeeds } from '../model/link-rate.ts';
import type { Ports } from '../system/ports.ts';
import { attribute } from './attribute.ts';

/** What sysfs tells of the speed of a disk's links beside the chain. Passive; it never throws. */
export async function observeLinkSpeeds(ports: Ports, chain: Fact<DiskChain>): Promise<LinkSpeeds> {
  if (!chain.known) return { sata: chain, pcie: chain };
  const [sata, pcie] = await Promise.all([sataSpeed(ports, chain.value), pcieSpeed(ports, chain.value)]);
  return { sata, pcie };
}

/** `6.0 Gbps`; `<unknown>` where the link is down or emulated. */
async function sataSpeed(ports: Ports, { links }: DiskChain): Promise<Fact<number>> {
  const port = links.findLast(({ name }) => /^ata\d+$/.test(name));
  if (port === undefined) return unknown('it hangs on no ATA port');
  const link = `link${port.name.slice('ata'.length)}`;
  const told = await attribute(ports, `${port.sysfs}/${link}/ata_link/${link}/sata_spd`);
  if (!told.known) return told;
  const speed = /^(\d+(?:\.\d+)?) Gbps$/.exec(told.value.trim())?.[1];
  return speed === undefined ? unknown(`the speed of ${port.name} is told as "${told.value}"`) : known(Number(speed));
}

/** `8.0 GT/s PCIe` and `4`; kernels before 4.19 write `8 GT/s`. */
async function pcieSpeed(ports: Ports, { links }: DiskChain): Promise<LinkSpeeds['pcie']> {
  const nearest = links.findLast(({ pci }) => pci !== null);
  if (nearest === undefined) return unknown('it hangs on no PCI function');
  const [speed, width] = await Promise.all([
    attribute(ports, `${nearest.sysfs}/current_link_speed`),
    attribute(ports, `${nearest.sysfs}/current_link_width`),
  ]);
  const gigatransfers = /^(\d+(?:\.\d+)?) GT\/s/.exec(valueOf(speed) ?? '')?.[1];
  const lanes = /^[1-9]\d?$/.exec(valueOf(width)?.trim() ?? '')?.[0];
  if (gigatransfers === undefined || lanes === undefined) {
    return unknown(`the kernel does not tell the speed of ${nearest.name}'s PCI Express link`);
  }
  return known({ gigatransfers: Number(gigatransfers), lanes: Number(lanes) });
}
