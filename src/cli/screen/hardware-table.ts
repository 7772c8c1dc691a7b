import type { EvidenceClaim, HardwareEntry, HardwareMatch } from '../../model/hardware.ts';
import { EVIDENCE_CLAIMS, EVIDENCE_LEVELS, HARDWARE_ROLES } from '../../model/hardware.ts';
import { cell, visible } from '../../model/text.ts';

/** What is known by a long name is known by its entry as well. */
const WHAT_WIDTH = 48;

/** Entries for people, write blockers first, a line an id. Everything is made visible. */
export function hardwareTable(entries: readonly HardwareEntry[]): string {
  const rows = [['USB ID', 'WHAT', 'BLOCKS', 'KNOWN BY', 'ENTRY'], ...blockersFirst(entries).flatMap(rowsOf)].map(
    (row) => row.map(visible),
  );
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => Array.from(row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((text, column) => padded(text, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function blockersFirst(entries: readonly HardwareEntry[]): HardwareEntry[] {
  const order = (entry: HardwareEntry): number => HARDWARE_ROLES.indexOf(entry.role);
  return [...entries].sort((a, b) => order(a) - order(b));
}

function rowsOf(entry: HardwareEntry): string[][] {
  const [first, ...more] = entry.match.map((match) => visible(matchText(match)));
  return [
    [first ?? '', cell(`${entry.make} ${entry.model}`, WHAT_WIDTH), blocksText(entry), levelsText(entry), entry.id],
    ...more.map((match) => [match, '', '', '', '']),
  ];
}

/** One entry, with everything that it rests on. */
export function entryLines(entry: HardwareEntry): string[] {
  const { id, make, model, match, quirks, evidence, attestation, file, sha256 } = entry;
  const lines: [string, string][] = [
    ['entry', id],
    ['what', `${make} ${model}`],
    ['blocks', blocksText(entry)],
    ...match.map((each): [string, string] => ['id', matchText(each)]),
    ...(quirks.length === 0 ? [] : [['quirks', quirks.join(', ')] satisfies [string, string]]),
    ...evidence.map(({ level, claims, source, note }): [string, string] => [
      'source',
      `${level} (${claims.join(', ')}): ${source}${note === null ? '' : `. ${note}`}`,
    ]),
    ...(attestation === null
      ? []
      : [
          ['attested', `by ${attestation.by} at ${attestation.at}`] satisfies [string, string],
          ['validated', attestation.validated ?? 'never, or not told'] satisfies [string, string],
          ['label serial', attestation.serial ?? 'not given'] satisfies [string, string],
        ]),
    ['file', `${file}, SHA-256 ${sha256}`],
  ];
  return lines.map(([name, text]) => `  ${name.padEnd(13)}${visible(text)}`);
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - Array.from(text).length));
}

function blocksText({ role, blocks }: HardwareEntry): string {
  const how = { always: 'always', switch: 'by switch', never: 'never', unknown: 'unknown' }[blocks];
  return role === 'write-blocker' ? `write blocker, ${how}` : `bridge, ${how}`;
}

function matchText({ vendorId, productId, inquiryVendor, inquiryProduct, serial }: HardwareMatch): string {
  const inquiry = [inquiryVendor, inquiryProduct].filter((text) => text !== null).map((text) => ` INQUIRY "${text}…"`);
  return `${vendorId ?? '*'}:${productId ?? '*'}${inquiry.join('')}${serial === null ? '' : ` serial ${serial}`}`;
}

/** For the id and for the blocking, the best that is known: the two are often known by different sources. */
function levelsText({ evidence }: HardwareEntry): string {
  return EVIDENCE_CLAIMS.filter((claim) => claim !== 'quirks')
    .flatMap((claim) => {
      const best = EVIDENCE_LEVELS.find((level) =>
        evidence.some((each) => each.level === level && each.claims.includes(claim)),
      );
      return best === undefined ? [] : [`${CLAIM_NAMES[claim]} ${best}`];
    })
    .join(', ');
}

const CLAIM_NAMES: Readonly<Record<EvidenceClaim, string>> = { identity: 'id', blocking: 'blocking', quirks: 'quirks' };
