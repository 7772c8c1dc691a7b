import { valueOf, type Device, type DeviceUse, type Fact, type Partition } from '../../model/device.ts';
import { groupDigits, roundBytes } from '../../model/size.ts';
import { cell, visible } from '../../model/text.ts';

interface Column {
  readonly title: string;
  /** The narrowest it may get when the terminal is narrow; 0: never cut. */
  readonly least: number;
  readonly right?: boolean;
}

// A size or a kernel name that is cut misleads; a model or a list of mounts that is cut does not.
const COLUMNS: readonly Column[] = [
  { title: 'DEVICE', least: 0 },
  { title: 'SIZE', least: 0, right: true },
  { title: 'BYTES', least: 0, right: true },
  { title: 'MODEL', least: 8 },
  { title: 'SERIAL', least: 12 },
  { title: 'VIA', least: 4 },
  { title: 'MODE', least: 0 },
  { title: 'USED BY', least: 12 },
];
/** Which columns give way first when it gets narrow. */
const GIVING_WAY = [7, 3, 4, 5];
const GAP = '  ';

/**
 * Devices for people: a line a device and a line a partition, the by-id name below, `?` for what is not known, and
 * why at the end. Everything that came from a device is made visible first.
 * @param width letters that fit on a line; only names and sizes that are never cut may pass it
 */
export function deviceTable(devices: readonly Device[], width: number): string {
  if (devices.length === 0) return 'This station has no block devices but unused ones.\n';
  const rows = devices.flatMap((device) => [
    deviceRow(device),
    ...device.partitions.map((part) => partitionRow(device, part)),
  ]);
  const widths = fit(
    rows.map(({ cells }) => cells),
    width,
  );
  const lines = [
    line(
      COLUMNS.map(({ title }) => title),
      widths,
    ),
  ];
  for (const row of rows) lines.push(line(row.cells, widths), ...row.below.map((text) => `    ${visible(text)}`));
  const reasons = whyUnknown(devices);
  return `${[...lines, ...(reasons.length > 0 ? ['', ...reasons] : [])].join('\n')}\n`;
}

interface Row {
  readonly cells: readonly string[];
  readonly below: readonly string[];
}

function deviceRow(device: Device): Row {
  const told = (fact: Fact<string>): string => valueOf(fact) ?? '?';
  return {
    cells: [
      device.path,
      roundBytes(device.size),
      groupDigits(device.size),
      told(device.model),
      told(device.serial),
      told(device.transport),
      mode(device.readOnly),
      device.uses.known ? usersOf(device.uses.value.filter((use) => !isOfPartition(device, use))) : '?',
    ],
    below: [
      ...(device.backingFile === null ? [] : [`file   ${device.backingFile}`]),
      ...(device.byId.known
        ? device.byId.value.map((link) => `by-id  ${link.replace(/^\/dev\/disk\/by-id\//, '')}`)
        : []),
    ],
  };
}

function partitionRow(device: Device, part: Partition): Row {
  const label = part.label === null ? '' : ` "${part.label}"`;
  return {
    cells: [
      `  ${part.path}`,
      roundBytes(part.size),
      groupDigits(part.size),
      part.type ?? '',
      `${part.fileSystem ?? ''}${label}`.trim(),
      '',
      mode(part.readOnly),
      device.uses.known ? usersOf(device.uses.value.filter(({ device: used }) => used === part.path)) : '?',
    ],
    below: [],
  };
}

function isOfPartition(device: Device, use: DeviceUse): boolean {
  return device.partitions.some(({ path }) => path === use.device);
}

function usersOf(uses: readonly DeviceUse[]): string {
  return uses.length === 0 ? '-' : uses.map(({ kind, by }) => (kind === 'mount' ? by : `${kind} ${by}`)).join(', ');
}

function mode(readOnly: Fact<boolean>): string {
  return readOnly.known ? (readOnly.value ? 'ro' : 'rw') : '?';
}

/** Natural widths, then the columns that may be cut give way until it fits. */
function fit(rows: readonly (readonly string[])[], width: number): number[] {
  const widths = COLUMNS.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((cells) => Array.from(shown(cells[index] ?? '', index, Infinity)).length)),
  );
  for (const index of GIVING_WAY) {
    const over = widths.reduce((sum, each) => sum + each, GAP.length * (COLUMNS.length - 1)) - width;
    const natural = widths[index] ?? 0;
    if (over > 0) widths[index] = Math.min(natural, Math.max(COLUMNS[index]?.least ?? 0, natural - over));
  }
  return widths;
}

/** `cell` trims; the indent of a partition in the first column stays. */
function shown(text: string, column: number, width: number): string {
  const indent = column === 0 && text.startsWith(GAP) ? GAP : '';
  return indent + cell(text, width - indent.length);
}

function line(cells: readonly string[], widths: readonly number[]): string {
  return COLUMNS.map(({ right }, index) => {
    const width = widths[index] ?? 0;
    const text = shown(cells[index] ?? '', index, width);
    const blanks = ' '.repeat(Math.max(0, width - Array.from(text).length));
    return right === true ? blanks + text : text + blanks;
  })
    .join(GAP)
    .trimEnd();
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
    ['transport', device.transport],
    ['mode', device.readOnly],
    ['users', device.uses],
    ['by-id name', device.byId],
    ...device.partitions.map(({ name, readOnly }): [string, Fact<unknown>] => [`mode of ${visible(name)}`, readOnly]),
  ];
  return facts.flatMap(([name, fact]): [string, string][] => (fact.known ? [] : [[name, fact.why]]));
}

/** One device for `--json`: names as in the manifest, null for what is not known, the reasons in `unknown`. Text is raw: JSON escapes it. */
export function deviceJson(device: Device): object {
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
    revision: plain('revision', device.revision),
    wwn: plain('wwn', device.wwn),
    transport: plain('transport', device.transport),
    removable: device.removable,
    diskseq: plain('diskseq', device.diskseq),
    by_id: plain('by_id', device.byId),
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
