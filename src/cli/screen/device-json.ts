import { type ChainLink, type DiskChain, usbRecord } from '../../model/chain.ts';
import { type Device, type Fact, valueOf } from '../../model/device.ts';
import { slowPace } from '../../model/slow-link.ts';
import type { JudgedDevice } from './device-table.ts';

/** One device for `--json`: names as in the manifest, null for what is not known, the reasons in `unknown`. Text is raw: JSON escapes it. */
export function deviceJson({ device, verdict }: JudgedDevice): Record<string, unknown> {
  const unknown: Record<string, string> = {};
  const plain = <T>(name: string, fact: Fact<T>): T | null => {
    if (!fact.known) unknown[name] = fact.why;
    return valueOf(fact);
  };
  return {
    type: 'device',
    path: device.path,
    name: device.name,
    number: device.number,
    kind: device.kind,
    physical: device.physical,
    whole_disk: device.wholeDisk,
    disks: device.disks,
    size: device.size,
    logical_sector: device.logicalSector,
    physical_sector: device.physicalSector,
    read_only: plain('read_only', device.readOnly),
    model: plain('model', device.model),
    serial: plain('serial', device.serial),
    serial_as_told: plain('serial_as_told', device.serialAsTold),
    revision: plain('revision', device.revision),
    wwn: plain('wwn', device.wwn),
    transport: plain('transport', device.transport),
    removable: device.removable,
    diskseq: plain('diskseq', device.diskseq),
    by_id: plain('by_id', device.byId),
    by_path: plain('by_path', device.byPath),
    chain: chainJson(plain('chain', device.chain)),
    slow_link: slowJson(device),
    verdict,
    backing_file: device.backingFile,
    device_behind: plain('device_behind', device.behind)?.path ?? null,
    partitions: device.partitions.map((part) => ({
      path: part.path,
      name: part.name,
      start: part.start,
      size: part.size,
      read_only: plain(`${part.name}.read_only`, part.readOnly),
      type: part.type,
      file_system: part.fileSystem,
      label: part.label,
    })),
    uses: plain('uses', device.uses),
    unknown,
  };
}

function chainJson(chain: DiskChain | null): object | null {
  return chain === null ? null : { bus: chain.bus, links: chain.links.map(linkJson) };
}

function linkJson({ role, name, sysfs, driver, usb, pci, inquiry }: ChainLink): object {
  return {
    role,
    name,
    sysfs,
    driver,
    pci,
    usb: usb === null ? null : usbRecord(usb),
    inquiry,
  };
}

/** The estimate for reading all of it. Null: no slow link is known of. */
function slowJson({ chain, size }: Device): object | null {
  const pace = slowPace(chain, size);
  if (pace === null) return null;
  const { link, speed, bytesPerSecond, seconds } = pace;
  return { link, speed, estimated_bytes_per_second: bytesPerSecond, estimated_seconds: seconds };
}
