import { hangsOn } from '../../model/chain-text.ts';
import { type Device, type DeviceUse, type Fact, type Partition } from '../../model/device.ts';
import { serialNotes, type DeviceNote } from '../../model/serial.ts';
import { groupDigits, roundBytes } from '../../model/size.ts';
import { slowLink } from '../../model/slow-link.ts';
import { visible } from '../../model/text.ts';
import type { VerdictName } from '../../model/verdict.ts';
import { tableLines, type Column } from './columns.ts';
import { modeWords, serialWords, told, usersOf } from './device-words.ts';

/** A device with what a passive look makes of its write protection. */
export interface JudgedDevice {
  readonly device: Device;
  readonly verdict: VerdictName;
}

// A size, a kernel name or a verdict that is cut misleads; a model or a list of mounts that is cut does not. Of what a
// disk hangs on, bus, speed and the bridge's ids always fit.
const COLUMNS: readonly Column[] = [
  { title: 'DEVICE', least: 0 },
  { title: 'SIZE', least: 0, right: true },
  { title: 'MODEL', least: 12, givesWay: 3 },
  { title: 'SERIAL', least: 12, givesWay: 4 },
  { title: 'HANGS ON', least: 24, givesWay: 2 },
  { title: 'MODE', least: 0 },
  { title: 'VERDICT', least: 0 },
  { title: 'USED BY', least: 10, givesWay: 1 },
];

/**
 * Devices for people: a line a device and a line a partition, exact size and by-id name below, `?` for what is not
 * known, and why at the end; `!` marks what has to be known before a disk is chosen. Everything that came from a device
 * is made visible first.
 * @param width letters that fit on a line; only names, sizes and verdicts, which are never cut, may pass it
 */
export function deviceTable(devices: readonly JudgedDevice[], width: number): string {
  if (devices.length === 0) return 'This station has no block devices but unused ones.\n';
  const notes = serialNotes(devices.map(({ device }) => device));
  const shared = sharedSerials(notes);
  const rows = devices.flatMap((judged) => [
    deviceRow(judged, shared),
    ...judged.device.partitions.map((part) => partitionRow(judged.device, part)),
  ]);
  const { heading, lines } = tableLines(
    COLUMNS,
    rows.map(({ cells }) => cells),
    width,
  );
  const body = rows.flatMap(({ below }, index) => [lines[index] ?? '', ...below.map((text) => `    ${visible(text)}`)]);
  const end = [...notes.map(({ message }) => `! ${message}`), ...whyUnknown(devices.map(({ device }) => device))];
  return `${[heading, ...body, ...(end.length > 0 ? ['', ...end] : [])].join('\n')}\n`;
}

/** Paths of the devices whose serial another one tells too. */
export function sharedSerials(notes: readonly DeviceNote[]): ReadonlySet<string> {
  return new Set(notes.filter(({ code }) => code === 'serial.same').flatMap(({ devices }) => devices));
}

interface Row {
  readonly cells: readonly string[];
  readonly below: readonly string[];
}

function deviceRow({ device, verdict }: JudgedDevice, shared: ReadonlySet<string>): Row {
  const slow = slowLink(device.chain, device.size);
  return {
    cells: [
      device.path,
      roundBytes(device.size),
      told(device.model),
      serialWords(device, shared),
      hangsOn(device.chain),
      modeWords(device.readOnly),
      verdict,
      device.uses.known ? usersOf(device.uses.value.filter((use) => !isOfPartition(device, use))) : '?',
    ],
    below: [
      `bytes  ${groupDigits(device.size)} in sectors of ${device.logicalSector} (physical ${device.physicalSector})`,
      ...(device.backingFile === null ? [] : [`file   ${device.backingFile}`]),
      ...(device.byId.known
        ? device.byId.value.map((link) => `by-id  ${link.replace(/^\/dev\/disk\/by-id\//, '')}`)
        : []),
      ...(slow === null || device.size === 0 ? [] : [`! slow ${slow}`]),
    ],
  };
}

function partitionRow(device: Device, part: Partition): Row {
  const label = part.label === null ? '' : ` "${part.label}"`;
  return {
    cells: [
      `  ${part.path}`,
      roundBytes(part.size),
      part.type ?? '',
      `${part.fileSystem ?? ''}${label}`.trim(),
      '',
      modeWords(part.readOnly),
      '',
      device.uses.known ? usersOf(device.uses.value.filter(({ device: used }) => used === part.path)) : '?',
    ],
    below: [],
  };
}

function isOfPartition(device: Device, use: DeviceUse): boolean {
  return device.partitions.some(({ path }) => path === use.device);
}

/** One line a reason: which facts of which devices it hides. */
function whyUnknown(devices: readonly Device[]): string[] {
  const reasons = new Map<string, { facts: Set<string>; paths: Set<string> }>();
  for (const device of devices) {
    for (const [fact, why] of unknownShown(device)) {
      const reason = reasons.get(why) ?? { facts: new Set(), paths: new Set() };
      reason.facts.add(fact);
      reason.paths.add(device.path);
      reasons.set(why, reason);
    }
  }
  return [...reasons].map(
    ([why, { facts, paths }]) => `? ${[...facts].join(', ')} of ${visible([...paths].join(', '))}: ${visible(why)}`,
  );
}

function unknownShown(device: Device): [string, string][] {
  const facts: [string, Fact<unknown>][] = [
    ['model', device.model],
    ['serial', device.serial],
    ['what it hangs on', device.chain],
    ['mode', device.readOnly],
    ['users', device.uses],
    ['by-id name', device.byId],
    ...device.partitions.map(({ name, readOnly }): [string, Fact<unknown>] => [`mode of ${visible(name)}`, readOnly]),
  ];
  return facts.flatMap(([name, fact]): [string, string][] => (fact.known ? [] : [[name, fact.why]]));
}
