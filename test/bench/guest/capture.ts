import { lsblkArgv } from '../../../src/discover/lsblk.ts';
import type { CaptureRecord } from '../record.ts';
import { scenario, type Scenario } from '../scenario.ts';
import { allDisks } from './all-disks.ts';
import type { Bench } from './bench.ts';
import type { BenchDisk } from './disks.ts';
import { addDisk, inOrder, type SysfsTree } from './sysfs-tree.ts';

/** File → the tool and what it is asked; `NODE` is the disk. */
const TOOLS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'smartctl.json': ['smartctl', '--json', '--info', '--health', '--capabilities', 'NODE'],
  'smartctl-sat.json': ['smartctl', '--json', '--device=sat', '--info', '--health', '--capabilities', 'NODE'],
  'hdparm-N.txt': ['hdparm', '-N', 'NODE'],
  'hdparm-dco.txt': ['hdparm', '--dco-identify', 'NODE'],
  'hdparm-I.txt': ['hdparm', '-I', 'NODE'],
  'sg_modes.txt': ['sg_modes', '--six', '--page=0x3f', 'NODE'],
  'sg_modes-10.txt': ['sg_modes', '--page=0x3f', 'NODE'],
  'sg_modes-raw.txt': ['sg_modes', '--six', '--page=0x3f', '-HH', 'NODE'],
  // The query of Tableau's document of 2005; none of these disks is a Tableau. Without --readonly a read-only disk can't be opened.
  'sg_raw-tableau.txt': ['sg_raw', '--readonly', '--request=120', 'NODE', 'EC', '00', '00', '00', '78', '00'],
};
const ABOUT_DISKS = /\b(scsi|sd|usb|usb-storage|uas|ata\d*|ahci|nvme)\b/;
const TIME = /^\[ *\d+\.\d+\] /;

/** Everything that the pure parsers are fed with, taken from all kinds of disks at once. */
export function captures(tell: (record: CaptureRecord) => void): Scenario {
  return scenario({
    name: 'captures',
    setup: allDisks,
    command: async (bench, disks) => {
      captureAll(bench, Object.entries(disks), tell);
      return null;
    },
    expect: () => undefined,
  });
}

function captureAll(bench: Bench, disks: readonly [string, BenchDisk][], tell: (record: CaptureRecord) => void): void {
  const file = (path: string, content: string): void => {
    if (content !== '') tell({ type: 'capture', path, content });
  };
  const tree: SysfsTree = { files: {}, links: {} };
  for (const [, disk] of disks) addDisk(tree, disk);
  file('station/sysfs.json', pretty(inOrder(tree)));
  file('station/disks.json', pretty(Object.fromEntries(disks.map(([kind, { name }]) => [kind, name]))));
  const [lsblk = '', ...asked] = lsblkArgv(false);
  file('station/lsblk.json', bench.must(lsblk, ...asked));
  file('station/dmesg.txt', kernelLog(bench));
  for (const [kind, { node }] of disks) {
    const runs = Object.entries(TOOLS).map(([name, [tool, ...rest]]) => {
      const argv = rest.map((word) => (word === 'NODE' ? node : word));
      const { code, stdout, stderr } = bench.run(tool, ...argv);
      file(`${kind}/${name}`, stdout);
      return ` ${JSON.stringify(name)}: ${JSON.stringify({ argv: [tool, ...argv], exit: code, stderr })}`;
    });
    // One a line: a change shows where it is.
    file(`${kind}/runs.json`, `{\n${runs.join(',\n')}\n}\n`);
  }
}

function kernelLog(bench: Bench): string {
  const lines = bench.must('dmesg').split('\n');
  return lines
    .filter((line) => ABOUT_DISKS.test(line))
    .map((line) => `${line.replace(TIME, '')}\n`)
    .join('');
}

function pretty(value: object): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
