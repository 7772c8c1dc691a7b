import fc from 'fast-check';
import { BOT, pci, rootHub, scsiDisk, trees, UAS, usbDevice, usbDisk, type Tree } from './buses.ts';

/** Ids of what is plugged in: a hub, an ordinary bridge, a write blocker. */
const IDS = { hub: '05e3:0626', bridge: '152d:0578', blocker: '13d7:000c' } as const;

const CONTROLLER = '/sys/devices/pci0000:00/0000:00:14.0';
const AHCI = '/sys/devices/pci0000:00/0000:00:17.0';

/** What is plugged into one port: nothing but disks counts in the end; hubs hold more ports. */
type Plug =
  | { readonly kind: 'bridge' | 'blocker'; readonly uas: boolean }
  /** A hub, or a blocker that is one as well: what is plugged into it does not hang on its own bridge. */
  | { readonly kind: 'hub'; readonly blocker: boolean; readonly ports: readonly Plug[] };

const { plug } = fc.letrec<{ plug: Plug }>((tie) => ({
  plug: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    fc.record({ kind: fc.constantFrom('bridge' as const, 'blocker' as const), uas: fc.boolean() }),
    fc.record({
      kind: fc.constant('hub' as const),
      blocker: fc.boolean(),
      ports: fc.array(tie('plug'), { minLength: 1, maxLength: 3 }),
    }),
  ),
}));

/** A disk of the tree, and what stands between it and the root hub, as it was built: no path is parsed. */
export interface Built {
  readonly name: string;
  readonly folder: string;
  /** Its USB ancestors, root hub first, bridge last; empty for SATA. */
  readonly usb: readonly string[];
  /** Whether the device that it is plugged into is a write blocker. */
  readonly blocker: boolean;
}

/** The machine's sysfs, and its disks. */
export function build(buses: readonly (readonly Plug[])[], sata: number): { tree: Tree; disks: Built[] } {
  const disks: Built[] = [];
  const all: Tree[] = [pci(CONTROLLER, 'xhci_hcd'), pci(AHCI, 'ahci')];
  const next = (): { name: string; number: string; host: number } => {
    const index = disks.length;
    return {
      name: `sd${String.fromCharCode(97 + (index % 26))}${index > 25 ? index : ''}`,
      number: `8:${index * 16}`,
      host: index,
    };
  };
  const plugIn = (folder: string, above: readonly string[], what: Plug): void => {
    const kind = what.kind === 'hub' && what.blocker ? 'blocker' : what.kind;
    const ids = { ids: IDS[kind], serial: folder };
    if (what.kind === 'hub') {
      all.push(usbDevice(folder, ids));
      what.ports.forEach((each, port) => {
        plugIn(`${folder}/${folder.slice(folder.lastIndexOf('/') + 1)}.${port + 1}`, [...above, folder], each);
      });
      return;
    }
    const of = next();
    const made = usbDisk(folder, ids, what.uas ? UAS : BOT, of);
    all.push(made);
    disks.push({ name: of.name, folder: made.folder, usb: [...above, folder], blocker: what.kind === 'blocker' });
  };
  buses.forEach((ports, bus) => {
    const root = `${CONTROLLER}/usb${bus + 1}`;
    all.push(rootHub(root));
    ports.forEach((each, port) => {
      plugIn(`${root}/${bus + 1}-${port + 1}`, [root], each);
    });
  });
  for (let port = 0; port < sata; port += 1) {
    const of = next();
    const made = scsiDisk(`${AHCI}/ata${port + 1}`, of);
    all.push(made);
    disks.push({ name: of.name, folder: made.folder, usb: [], blocker: false });
  }
  return { tree: trees(...all), disks };
}

/** What is plugged into the ports of each root hub, and how many SATA disks there are. */
export const station = fc.record({
  buses: fc.array(fc.array(plug, { maxLength: 3 }), { minLength: 1, maxLength: 2 }),
  sata: fc.nat(2),
});
