import { bench } from '../discover/bench-layout.ts';
import { BOT, rootHub, trees, usbDisk, type Tree } from '../discover/buses.ts';
import { madeUpStation, type Layout } from '../discover/made-up-station.ts';
import type { TestContext } from 'node:test';
import type { Ports } from '../../src/system/ports.ts';
import { exhibitHere } from '../support/in-process.ts';
import { packageRoot } from '../support/root.ts';
import { judge, type Expected } from './transcript.ts';

export const XHCI = '/sys/devices/pci0000:00/0000:00:14.0';
export const BY_ID = 'usb-Portable_Drive_DD5641988896-0:0';

/** A write blocker beside the bench's ordinary bridge, at USB 2. */
export const BLOCKER = trees(
  rootHub(`${XHCI}/usb1`, '480'),
  usbDisk(
    `${XHCI}/usb1/1-1`,
    { ids: '13d7:000c', manufacturer: 'Tableau', product: 'T8\u001b[2J-R2', serial: '000cc300', speed: '480' },
    BOT,
    { name: 'sdd', number: '8:48', host: 8, sectors: 976_773_168, more: { ro: '1\n' } },
  ),
);

/** The bench's disks, and what more there is; none of them may be asked anything but by lsblk. */
export function station(t: TestContext, ...more: Tree[]): Ports & { root: string } {
  const layout = bench();
  const all = trees({ files: layout.files, links: layout.links }, ...more);
  const nodes = { ...layout.nodes, '/dev/sdd': '8:48', '/dev/sde': '8:64', '/dev/loop0': '7:0' };
  const ports = madeUpStation(t, { ...layout, ...all, nodes } satisfies Layout);
  return { ...ports, host: { ...ports.host, packageRoot } };
}

/** Runs a command line in this process on such a station, and holds it against what was expected. */
export async function run(argv: readonly string[], ports: Ports, expected: Expected): Promise<string> {
  const ended = await exhibitHere(argv, ports);
  judge(argv, ended, expected);
  return ended.stdout;
}
