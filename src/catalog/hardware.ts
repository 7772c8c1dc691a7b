import { ExhibitError, errnoOf, messageOf } from '../model/errors.ts';
import type { KnownHardware } from '../model/guard-facts.ts';
import type { HardwareEntry } from '../model/hardware.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import { readData } from './data-file.ts';
import { findConflicts } from './hardware-conflicts.ts';
import { hardwareEntry, labFileSchema, vendorFileSchema } from './hardware-schema.ts';
import { listFaults, parseYaml, type FileFault, type FilePlace } from './yaml.ts';

/** What is wrong with a file of hardware data, and in which. */
export interface HardwareFault extends FileFault {
  /** `hardware/tableau.yaml` for shipped data; else the path as it was given. */
  readonly file: string;
}

/**
 * Hardware data, as far as it is good: a file with a fault is left out as a whole, of two entries that contradict each
 * other both. Shipped and attested stay apart: they are two facts about a device.
 */
export interface HardwareCatalog extends KnownHardware {
  /** All of them: what is wrong in each file, then what is wrong between them. Empty: all data is good. */
  readonly faults: readonly HardwareFault[];
}

export interface HardwareFile {
  readonly path: string;
  /** The name it has in faults, the manifest, and people's eyes. */
  readonly name: string;
  /** `vendor`: must be shipped data. `lab`: must be a lab's. `either`: as it says of itself. */
  readonly kind: 'vendor' | 'lab' | 'either';
}

/** What the names of shipped files begin with; a lab's file is named by its absolute path. */
const SHIPPED = 'hardware/';

type CatalogPorts = Pick<Ports, 'files' | 'host'>;
interface Placed {
  readonly entry: HardwareEntry;
  readonly placeOf: (path: readonly (string | number)[]) => FilePlace;
}
type Loaded = { readonly entries: readonly Placed[]; readonly faults: readonly HardwareFault[] };

/**
 * All of `hardware/`, and the lab's own file. Never throws because of what is in them, or can't be read.
 * @param labFile null: there is none. A file that does not exist holds nothing, and that is no fault.
 */
export async function loadHardware(ports: CatalogPorts, labFile: string | null): Promise<HardwareCatalog> {
  const shipped = await shippedHardware(ports);
  const lab: HardwareFile[] = labFile === null ? [] : [{ path: labFile, name: labFile, kind: 'lab' }];
  if (Array.isArray(shipped)) return loadFiles(ports, [...shipped, ...lab]);
  const known = await loadFiles(ports, lab);
  return { ...known, ...withFaults([shipped, ...known.faults]) };
}

/** Exactly these files, judged beside each other. */
export async function loadFiles(ports: CatalogPorts, files: readonly HardwareFile[]): Promise<HardwareCatalog> {
  const loaded: Loaded[] = [];
  for (const file of files) loaded.push(await loadFile(ports, file));
  const placed = loaded.flatMap(({ entries }) => entries);
  const conflicts = findConflicts(placed.map(({ entry }) => entry));
  const bad = new Set(conflicts.flatMap(({ earlier, later }) => [earlier, later]));
  const faults = conflicts.map(({ earlier, later, path, why }): HardwareFault => {
    const place = placed.find(({ entry }) => entry === later)?.placeOf(path) ?? { line: 1, column: 1 };
    const message = `${later.id} ${why} ${earlier.id} in ${visible(earlier.file)}; both are left out`;
    return { ...place, file: later.file, path: path.join('.'), message };
  });
  const good = placed.map(({ entry }) => entry).filter((entry) => !bad.has(entry));
  return {
    shipped: good.filter(({ attestation }) => attestation === null),
    lab: good.filter(({ attestation }) => attestation !== null),
    ...withFaults([...loaded.flatMap((each) => each.faults), ...faults]),
  };
}

function withFaults(faults: readonly HardwareFault[]): Pick<HardwareCatalog, 'faults' | 'leftOut'> {
  const of = (shipped: boolean): string[] =>
    faults.filter(({ file }) => file.startsWith(SHIPPED) === shipped).map((fault) => faultList([fault]));
  return { faults, leftOut: { shipped: of(true), lab: of(false) } };
}

/** The files of `hardware/` that came with the program; or why they can't be listed. */
export async function shippedHardware(ports: CatalogPorts): Promise<HardwareFile[] | HardwareFault> {
  const folder = `${ports.host.packageRoot}/hardware`;
  try {
    const names = (await ports.files.readDir(folder)).filter((name) => name.endsWith('.yaml')).sort();
    if (names.length === 0) return wholeFile(SHIPPED, 'holds no hardware data: the installation is not complete');
    return names.map((name) => ({ path: `${folder}/${name}`, name: SHIPPED + name, kind: 'vendor' }));
  } catch (error) {
    return wholeFile(SHIPPED, `can't be read: ${visible(messageOf(error))}`);
  }
}

/** @throws ExhibitError `hardware.invalid`, every fault by file, line and column, when there is any */
export function refuseFaulty({ faults }: Pick<HardwareCatalog, 'faults'>): void {
  if (faults.length === 0) return;
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
  throw new ExhibitError('usage', 'hardware.invalid', `The hardware data has ${count}:\n${faultList(faults)}`, {
    hint: 'docs/adding-hardware.md describes the format. Nothing is taken from a file with a fault.',
  });
}

/** For whoever goes on without the data that has faults: a line that says so, or none. */
export function faultNotes({ faults }: Pick<HardwareCatalog, 'faults'>): string[] {
  if (faults.length === 0) return [];
  return [
    `Some hardware data has faults and is not used; \`exhibit hardware check\` tells more:\n${faultList(faults)}`,
  ];
}

/** A line a fault, as editors read them. */
export function faultList(faults: readonly HardwareFault[]): string {
  return faults.map((fault) => listFaults(fault.file, [fault])).join('\n');
}

async function loadFile(ports: CatalogPorts, { path, name, kind }: HardwareFile): Promise<Loaded> {
  const data = await readData(ports, path);
  if (!data.ok) {
    if (kind === 'lab' && isMissing(data.cause)) return { entries: [], faults: [] };
    return { entries: [], faults: [wholeFile(name, `can't be read: ${visible(data.why)}`)] };
  }
  const lab = kind === 'either' ? saysLab(data.text) : kind === 'lab';
  const parsed = lab ? parseYaml(data.text, labFileSchema) : parseYaml(data.text, vendorFileSchema);
  if (!parsed.ok) return { entries: [], faults: parsed.faults.map((fault) => ({ ...fault, file: name })) };
  const { hardware, entries } = parsed.value;
  if (kind === 'vendor' && name !== `hardware/${hardware}.yaml`) {
    const message = `must be the name of the file, ${name.replace(/^hardware\/|\.yaml$/g, '')}`;
    return { entries: [], faults: [{ ...parsed.placeOf(['hardware']), file: name, path: 'hardware', message }] };
  }
  return {
    entries: entries.map((each, index) => ({
      entry: hardwareEntry(each, name, data.sha256),
      placeOf: (at) => parsed.placeOf(['entries', index, ...at]),
    })),
    faults: [],
  };
}

function isMissing(cause: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(errnoOf(cause) ?? '');
}

function saysLab(text: string): boolean {
  return /^hardware:\s*["']?lab["']?\s*(#.*)?$/m.test(text);
}

function wholeFile(file: string, message: string): HardwareFault {
  return { file, line: 1, column: 1, path: '', message };
}
