import { bridgeWords, busWords } from '../../model/chain-text.ts';
import type { ChainLink } from '../../model/chain.ts';
import { type Device, type Fact, known } from '../../model/device.ts';
import type { DeviceNote } from '../../model/serial.ts';
import { describeBytes, groupDigits } from '../../model/size.ts';
import { slowLink } from '../../model/slow-link.ts';
import { visible } from '../../model/text.ts';
import { answers } from '../../manifest/report-source.ts';
import type { Manifest } from '../../manifest/schema.ts';
import type { Seen, Verdict } from '../../model/verdict.ts';
import { modeWords, usersOf } from './device-words.ts';

/** Everything that `exhibit devices show` has to say of one device. */
export interface DeviceDetails {
  readonly given: string;
  readonly path: string;
  readonly realPath: string;
  readonly device: Device;
  readonly evidence: readonly Seen[];
  readonly verdict: Verdict;
  /** About this device, taken together with the others of the station. */
  readonly notes: readonly DeviceNote[];
  /** What is known of the bridge or write blocker it hangs on; words for people, raw. */
  readonly hardware: readonly string[];
  /** What the device itself answered when it was asked. */
  readonly probes: Manifest['probes'];
}

interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

/** All sections, made visible line by line: whatever a device says stays on its own line. */
export function deviceDetails(details: DeviceDetails): string {
  const { device, verdict } = details;
  const sections: Section[] = [
    { title: nameLine(details), lines: factLines(details) },
    { title: 'Hangs on', lines: chainLines(device) },
    { title: 'Known hardware', lines: details.hardware.map(visible) },
    { title: 'Names', lines: [...nameLines('by-id', device.byId), ...nameLines('by-path', device.byPath)] },
    { title: 'Partitions', lines: partitionLines(device) },
    { title: 'Used by', lines: useLines(device) },
    { title: `Write protection: ${verdict.name}`, lines: verdictLines(verdict) },
    { title: 'Asked of the device itself', lines: askedLines(details.probes) },
    { title: 'Notes', lines: details.notes.map(({ message }) => `! ${message}`) },
  ];
  return sections
    .filter(({ lines }) => lines.length > 0)
    .map(({ title, lines }) => [visible(title), ...lines.map((line) => `  ${line}`)].join('\n'))
    .join('\n\n')
    .concat('\n');
}

/** What the name led to: nobody may have to guess which disk is meant. */
function nameLine({ given, path, realPath, device }: DeviceDetails): string {
  const steps = [given, path, realPath, device.path].filter((step, index, all) => all.indexOf(step) === index);
  return `${steps.join(' → ')}  (${device.number})`;
}

/** Label, the fact's name in the evidence, its value. */
function factsOf(device: Device): [string, string, Fact<string>][] {
  const sectors = (bytes: number): Fact<string> => known(`${bytes} bytes`);
  return [
    ['kind', 'kind', known(`${device.kind}${device.physical ? ', physical' : ''}`)],
    ['size', 'size', known(describeBytes(device.size))],
    ['sector', 'logical_sector', sectors(device.logicalSector)],
    ['  physical', 'physical_sector', sectors(device.physicalSector)],
    ['model', 'model', device.model],
    ['serial', 'serial', device.serial],
    ['firmware', 'revision', device.revision],
    ['WWN', 'wwn', device.wwn],
    ['transport', 'transport', device.transport],
    ['mode', 'read_only', device.readOnly.known ? known(modeWords(device.readOnly)) : device.readOnly],
    ['removable', 'removable', known(device.removable === null ? 'not told' : device.removable ? 'yes' : 'no')],
    ['diskseq', 'diskseq', device.diskseq],
    ...(device.backingFile === null
      ? []
      : [['behind it', 'backing_file', known(device.backingFile)] satisfies [string, string, Fact<string>]]),
  ];
}

const LABEL = 12;

function factLines({ device, evidence }: DeviceDetails): string[] {
  return factsOf(device).flatMap(([label, name, fact]) => [
    label.padEnd(LABEL) + (fact.known ? visible(fact.value) : `? ${visible(fact.why)}`),
    ...evidence
      .filter(({ what }) => what === name)
      .map(({ seen, source }) => {
        const unit = name === 'size' ? ' units of 512 bytes' : '';
        return `${' '.repeat(LABEL)}  ${visible(source)} says "${visible(seen)}"${unit}`;
      }),
  ]);
}

function chainLines(device: Device): string[] {
  if (!device.chain.known) return [`? ${visible(device.chain.why)}`];
  const { bus, links } = device.chain.value;
  const slow = device.size === 0 ? null : slowLink(device.chain, device.size);
  return [
    `${'bus'.padEnd(LABEL)}${busWords(bus)}`,
    ...links.flatMap((link) => [
      link.role.padEnd(LABEL) + visible(linkWords(link)),
      `${' '.repeat(LABEL)}  ${visible(link.sysfs)}`,
    ]),
    ...(slow === null ? [] : [`! slow      ${slow}`]),
  ];
}

function linkWords(link: ChainLink): string {
  const { name, driver, usb, pci, inquiry } = link;
  return [
    name,
    ...(pci === null ? [] : [`PCI ${pci}`]),
    ...(usb === null
      ? []
      : [
          `USB ${bridgeWords(link)}`,
          ...(usb.serial === null ? ['no serial'] : [`serial "${usb.serial}"`]),
          ...(usb.revision === null ? [] : [`revision ${usb.revision}`]),
          usb.speed === null ? 'speed not told' : `${usb.speed} Mbit/s`,
          ...(usb.transport === null ? [] : [usb.transport === 'uas' ? 'USB attached SCSI (UAS)' : 'bulk-only (BOT)']),
        ]),
    ...(inquiry === null
      ? []
      : [`INQUIRY "${inquiry.vendor}" "${inquiry.product}" "${inquiry.revision}", from it or from a bridge`]),
    driver === null ? 'no driver told' : `driver ${driver}`,
  ].join(', ');
}

function nameLines(label: string, fact: Fact<readonly string[]>): string[] {
  if (!fact.known) return [`${label.padEnd(LABEL)}? ${visible(fact.why)}`];
  if (fact.value.length === 0) return [`${label.padEnd(LABEL)}none`];
  return fact.value.map((name) => label.padEnd(LABEL) + visible(name));
}

function partitionLines({ partitions }: Device): string[] {
  return partitions.map((part) => {
    const label = part.label === null ? null : `"${part.label}"`;
    const words = [part.type, part.fileSystem, label].filter((word) => word !== null);
    const where = `bytes ${groupDigits(part.start)} to ${groupDigits(part.start + part.size)}`;
    return visible([part.path, describeBytes(part.size), where, modeWords(part.readOnly), ...words].join(', '));
  });
}

function useLines({ uses }: Device): string[] {
  if (!uses.known) return [`? ${visible(uses.why)}`];
  if (uses.value.length === 0) return ['nothing that this station knows of'];
  return uses.value.map((use) => visible(`${use.device}: ${usersOf([use])}`));
}

function verdictLines({ meaning, evidence }: Verdict): string[] {
  return [visible(meaning), ...evidence.map(({ what, seen, source }) => visible(`  ${what}: ${seen}  (${source})`))];
}

/** Every question is told, also one that nobody answered. */
function askedLines(probes: Manifest['probes']): string[] {
  const { runs } = probes;
  return [
    ...answers(probes).map(([label, value]) => visible(`${label}: ${value}`)),
    ...(runs.length === 0 ? ['Nothing was asked of it.'] : ['Asked by:']),
    ...runs.map(({ argv, exit, signal, failure, milliseconds }) =>
      visible(`  ${argv.join(' ')}: ${failure ?? signal ?? `exit ${exit ?? '?'}`}, ${milliseconds} ms`),
    ),
  ];
}
