import { unknown, type Fact } from '../model/device.ts';
import type { DiskChain } from '../model/chain.ts';
import { messageOf } from '../model/errors.ts';
import type { DeclaredProtection } from '../model/probe.ts';
import type { Ports } from '../system/ports.ts';
import type { Asker } from './ask.ts';
import { parseKernelLog } from './kernel-log.ts';
import { knowsNoModeSense10, parseModeSense } from './mode-sense.ts';
import { isNvme, parseNamespace } from './nvme.ts';
import type { SmartAnswer } from './smartctl.ts';
import type { AskedDisk } from './target.ts';

/** What Windows asks for: some bridges hang when asked for more. */
const MODE_BYTES = '--maxlen=192';

/** Whether the device declares itself write-protected: asked of it, or, without sg_modes, read in the kernel's log. */
export async function askDeclared(
  ports: Ports,
  asker: Asker,
  disk: AskedDisk,
  chain: Fact<DiskChain>,
  smart: Fact<SmartAnswer>,
): Promise<Fact<DeclaredProtection>> {
  const bus = chain.known ? chain.value.bus : null;
  // sg_modes answers for an NVMe disk too, out of its own head: WP=0.
  if (bus === 'nvme' || isNvme(disk.name)) return askNamespace(asker, disk, smart);
  const answer = await asker.ask(['sg_modes', MODE_BYTES], disk.path);
  if (answer.missing) return readLog(ports, asker, disk, bus === 'sata' || bus === 'pata');
  if (!knowsNoModeSense10(answer)) return parseModeSense(answer);
  return parseModeSense(await asker.ask(['sg_modes', '--six', MODE_BYTES], disk.path));
}

async function askNamespace(
  asker: Asker,
  disk: AskedDisk,
  smart: Fact<SmartAnswer>,
): Promise<Fact<DeclaredProtection>> {
  const answer = await asker.ask(['nvme', 'id-ns', '--output-format=json'], disk.path);
  return parseNamespace(answer, smart.known && smart.value.protocol === 'NVMe' ? smart.value.nvmeVersion : null);
}

async function readLog(
  ports: Ports,
  asker: Asker,
  disk: AskedDisk,
  translated: boolean,
): Promise<Fact<DeclaredProtection>> {
  if (translated)
    return unknown("sg_modes is not installed, and for an ATA disk the kernel's log has only this host's own zero");
  const address = await scsiAddress(ports, disk.name);
  if (!address.known) return unknown(`sg_modes is not installed, and ${address.why}`);
  const fact = parseKernelLog(await asker.run(['dmesg', '--kernel']), address.value, disk.name);
  return fact.known ? fact : unknown(`sg_modes is not installed, and ${fact.why}`);
}

/** `host:channel:target:lun`, the name of the folder that the disk's `device` leads to. */
async function scsiAddress(ports: Ports, name: string): Promise<Fact<string>> {
  const link = `${ports.root}/sys/block/${name.replaceAll('/', '!')}/device`;
  try {
    const address = /[^/]+$/.exec(await ports.files.realPath(link))?.[0] ?? '';
    if (/^\d+:\d+:\d+:\d+$/.test(address)) return { known: true, value: address };
    return unknown(`${name} is no SCSI disk`);
  } catch (error) {
    return unknown(`${name} has no address in sysfs: ${messageOf(error)}`);
  }
}
