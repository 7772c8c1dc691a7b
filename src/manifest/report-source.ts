import { known, unknown } from '../model/device.ts';
import { encryptionWords, hiddenWords } from '../model/probe-text.ts';
import { visible } from '../model/text.ts';
import { fact, field, type ReportFacts } from './report-lines.ts';

type Probes = ReportFacts['probes'];

/** What the disk itself answered, kept apart from what its bridge says. */
export function ownWordLines({ source, probes }: ReportFacts): string[] {
  if (source.kind === 'file') return [field('Hidden areas (HPA, DCO)', 'does not apply to a file')];
  return answers(probes).map(([label, value]) => field(label, value));
}

/** Label and value of each thing that the disk was asked, raw text: for the report and for `exhibit devices show`. */
export function answers(probes: Probes): [label: string, value: string][] {
  const { own, healthy, unknown } = probes;
  const why = unknown['own'];
  return [
    ['Model, by the disk itself', fact(own?.model ?? null, why)],
    ['Serial Number, by the disk itself', fact(own?.serial ?? null, why)],
    ['Firmware, by the disk itself', fact(own?.firmware ?? null, why)],
    ['SMART health', healthy === null ? fact(null, unknown['healthy']) : healthy ? 'passed' : 'FAILED'],
    ['Hidden area (HPA)', hidden(probes.hpa, unknown['hpa'])],
    ['Hidden area (DCO)', hidden(probes.dco, unknown['dco'])],
    ['Partition table', partitionTable(probes)],
    ['Signs of encryption', encryption(probes)],
  ];
}

function partitionTable({ partition_table: table, unknown }: Probes): string {
  if (table === null) return fact(null, unknown['partition_table']);
  const { label, entries } = table;
  const kind = label ?? (table.by === 'sfdisk' ? 'none that sfdisk knows' : 'its kind is not told');
  return entries.length === 0 ? kind : `${kind}: ${entries.map(({ type }) => type ?? 'type not told').join(', ')}`;
}

function hidden(area: Probes['hpa'], why: string | undefined): string {
  if (area === null) return fact(null, why);
  return hiddenWords({ visible: area.visible, native: area.native, sectorSize: area.sector_size });
}

function encryption({ encryption_signs: signs, not_looked_at: gaps, unknown: whys }: Probes): string {
  return encryptionWords(signs === null ? unknown(whys['encryption_signs'] ?? 'not told') : known(signs), gaps);
}

/** The way from the host's controller to the disk. */
export function chainLines({ guard }: ReportFacts): string[] {
  if (guard.chain.length === 0)
    return guard.unknown['chain'] === undefined ? [] : [field('Hangs on', fact(null, guard.unknown['chain']))];
  return [
    ` Hangs on (${visible(guard.bus ?? 'bus unknown')}):`,
    ...guard.chain.map(
      (link) =>
        `  ${[link.role, link.name, link.driver ?? '', usbText(link), link.pci ?? '']
          .filter((word) => word !== '')
          .map(visible)
          .join(' ')}`,
    ),
  ];
}

function usbText({ usb }: ReportFacts['guard']['chain'][number]): string {
  if (usb === null) return '';
  const words = [
    `${usb.vendor_id}:${usb.product_id}`,
    usb.manufacturer,
    usb.product,
    usb.serial === null ? null : `serial ${usb.serial}`,
  ];
  return words.filter((word) => word !== null).join(' ');
}

/** What this host counted as sent to the source. */
export function counterLines({ guard }: ReportFacts): string[] {
  const { counters_before: before, counters_after: after, unknown } = guard;
  if (before === null || after === null) {
    return [
      field('Writes counted by this host', fact(null, unknown['counters_before'] ?? 'not counted after the last read')),
    ];
  }
  const same = JSON.stringify(before) === JSON.stringify(after);
  // Of which nodes, and of what not: "none" alone would claim more than was counted.
  const none = `none, through ${before.map(({ device }) => device).join(', ')}; commands past the block layer (SG_IO) are not counted`;
  return [
    field('Writes counted by this host while it was read', same ? none : 'the counters differ; see the manifest'),
  ];
}
