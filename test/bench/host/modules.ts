import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CpioFile } from './cpio.ts';
import { PC_DISKS, type PcDisk } from './disks.ts';

/** Loaded before anything else, in this order, with these parameters: the way to the root, then what disks hang on. */
const AT_BOOT = [
  'virtio_pci',
  'virtio_console',
  '9pnet_virtio',
  '9p',
  'overlay',
  'configfs',
  'sd_mod',
  'sg',
  'ahci',
  'nvme',
  'xhci-pci',
  // Without the second that a real station waits for a disk to settle.
  'usb-storage delay_use=0',
  'uas',
  // Five sockets, each a host controller of its own, for whatever a scenario plugs in.
  'dummy_hcd is_super_speed=1 num=5',
  'libcomposite',
  'usb_f_mass_storage',
] as const;

/** Brought along, loaded by the scenarios that want them (`Bench.load`). */
const ON_DEMAND: readonly string[] = [
  ...['scsi_debug', 'loop', 'dm-mod', 'dm-delay', 'ext4', 'crc32c_generic'],
  ...Object.values<PcDisk>(PC_DISKS).flatMap(({ modules }) => modules ?? []),
];

/** What a machine has of the kernel's modules. */
export interface ModuleSet {
  /** Loaded by init, in this order; a line may have parameters. */
  readonly boot: readonly string[];
  /** Brought along. */
  readonly onDemand: readonly string[];
}

export const BENCH_MODULES: ModuleSet = { boot: AT_BOOT, onDemand: ON_DEMAND };

/** The live box: the way to the root, its disks and what is on them, a network, dm-crypt and the ciphers of LUKS. */
export const BOX_MODULES: ModuleSet = {
  boot: [
    ...['virtio_pci', '9pnet_virtio', '9p', 'overlay', 'sd_mod', 'ahci', 'crc32c_generic', 'ext4'],
    ...['virtio_net', 'dm-crypt', 'ecb', 'xts', 'algif_skcipher'],
  ],
  onDemand: [],
};

/** Where they lie in the machine. */
const FOLDER = 'exhibit/modules';

/** Module files, the list that init loads (`file parameters`), and the lists that `Bench.load` loads, by module. */
export function moduleFiles(folder: string, set: ModuleSet): CpioFile[] {
  const order = loadOrder(folder);
  const boot = new Map(set.boot.flatMap((line) => inBootList(order, line)));
  const later = set.onDemand.map((name) => ({ name, paths: order(name).filter((path) => !boot.has(path)) }));
  const paths = new Set([...boot.keys(), ...later.flatMap((each) => each.paths)]);
  return [
    ...[...paths].map((path) => ({ path: `${FOLDER}/${basename(path)}`, data: readFileSync(join(folder, path)) })),
    { path: `${FOLDER}/boot.list`, data: lines([...boot.values()]) },
    ...later.map((each) => ({
      path: `${FOLDER}/${each.name}.list`,
      data: lines(each.paths.map((path) => basename(path))),
    })),
  ];
}

/** Path → line of the list: what a module needs, then the module with its parameters. */
function inBootList(order: (name: string) => string[], line: string): [string, string][] {
  const [name = '', ...parameters] = line.split(' ');
  return order(name).map((path) => [
    path,
    nameOf(path) === name ? [basename(path), ...parameters].join(' ') : basename(path),
  ]);
}

/** By module: the files to load, itself last (modules.dep(5): `path: what it needs, nearest first`). Built in: none. */
function loadOrder(folder: string): (name: string) => string[] {
  const builtIn = readFileSync(join(folder, 'modules.builtin'), 'utf8').split('\n').map(nameOf);
  const needs = new Map(
    readFileSync(join(folder, 'modules.dep'), 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([path = '', list = '']) => [nameOf(path), [...list.split(' ').filter(Boolean).toReversed(), path]]),
  );
  return (name) => {
    const order = needs.get(name) ?? (builtIn.includes(name) ? [] : null);
    if (order === null) throw new Error(`this kernel has no module ${name}`);
    return order;
  };
}

function nameOf(path: string): string {
  return basename(path, '.ko');
}

function lines(all: readonly string[]): Buffer {
  return Buffer.from(all.map((line) => `${line}\n`).join(''));
}
