import type { Bus } from '../model/chain.ts';
import type { Ports } from '../system/ports.ts';
import type { Part } from './chain-path.ts';
import { told } from './told.ts';

/** Drivers of controllers that have nothing but serial ports. The kernel names those of parallel ones `pata_…`. */
const SERIAL_ONLY = /(^|[-_])ahci([-_]|$)|^sata_/;

/**
 * Serial or parallel: libata shows both alike. The controller's driver says it where it drives one kind only; else the
 * speed of the serial link, which a parallel port has not; else the disk's own IDENTIFY data, of which the kernel keeps
 * a copy. `unknown` where none of them tells.
 */
export async function ataBus(ports: Ports, port: Part, driver: string | null, scsiDevice: string | null): Promise<Bus> {
  if (driver !== null && SERIAL_ONLY.test(driver)) return 'sata';
  if (driver?.startsWith('pata_') === true) return 'pata';
  const number = port.name.slice('ata'.length);
  const link = `${port.folder}/link${number}`;
  if (/^\d/.test((await told(ports, `${link}/ata_link/link${number}/sata_spd`)) ?? '')) return 'sata';
  // The SCSI target is the place on the cable: master 0, slave 1.
  const device = `dev${number}.${scsiDevice?.split(':')[2] ?? '0'}`;
  return busOfIdentify(await told(ports, `${link}/${device}/ata_device/${device}/id`));
}

/**
 * ATA IDENTIFY DEVICE as sysfs prints it, words of four hex digits. Word 76 has the serial capabilities (0 or FFFF:
 * none), word 93 the result of a reset on a parallel bus (bits 15 and 14: 01). Pure.
 */
function busOfIdentify(text: string | null): Bus {
  const words = text?.split(/\s+/).map((word) => parseInt(word, 16)) ?? [];
  const [serial, parallel] = [words[76], words[93]];
  if (serial === undefined || parallel === undefined) return 'unknown';
  if (serial !== 0 && serial !== 0xffff) return 'sata';
  return (parallel & 0xc000) === 0x4000 ? 'pata' : 'unknown';
}
