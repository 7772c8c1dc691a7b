import { hasMismatch } from '../../manifest/outcome.ts';
import { HELD_BY } from '../../manifest/report-lines.ts';
import { sectorWords } from '../../manifest/report-elsewhere.ts';
import { SENT_STATE, sentWords, wayWords } from '../../manifest/report-received.ts';
import { proofWords, stateWords } from '../../manifest/report-remote.ts';
import type { Manifest } from '../../manifest/schema.ts';
import { describeBytes } from '../../model/size.ts';
import { visible } from '../../model/text.ts';

/** What `exhibit show` knows beside the manifest. Nothing of it is verified. */
export interface ShownFacts {
  readonly folder: string;
  /** SHA-256 of SHA256SUMS; null: there is none. */
  readonly sealHex: string | null;
  /** Of the key inside SHA256SUMS.sig; null: there is no such signature. */
  readonly fingerprint: string | null;
}

/** Unreadable ranges that a person gets to see; the mapfile has them all. */
const RANGES_SHOWN = 20;

type Line = readonly [label: string, text: string];

/** What a manifest says, for people. It says itself that it proves nothing. */
export function manifestSummary(manifest: Manifest, facts: ShownFacts): string {
  const sections = [
    caseLines(manifest, facts),
    sourceLines(manifest),
    resultLines(manifest),
    digestLines(manifest),
    unreadableLines(manifest),
    sealLines(manifest, facts),
  ];
  const text = sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map(([label, value]) => `${label.padEnd(12)}${value}`).join('\n'));
  return ['NOT VERIFIED: this is what the manifest says. Check it: exhibit verify', ...text].join('\n\n');
}

/** The seal for the label and the custody form: few short lines, to be copied by hand. */
export function labelBlock(manifest: Manifest, { sealHex, fingerprint }: ShownFacts): string {
  return [
    `evidence   ${visible(manifest.case.evidence_id)}`,
    `SHA256SUMS ${sealHex ?? 'none: this folder is not closed'}`,
    `key        ${fingerprint ?? 'NONE: UNSIGNED'}`,
    ...(manifest.outcome === 'complete' ? [] : [`outcome    ${outcomeText(manifest)}`]),
    '(not verified: exhibit verify DIR --seal HEX compares)',
  ].join('\n');
}

function caseLines({ case: info, acquisition }: Manifest, { folder }: ShownFacts): Line[] {
  return [
    ['folder', visible(folder)],
    ['case', visible(info.number)],
    ['evidence', visible(info.evidence_id)],
    ['examiner', visible(info.examiner)],
    ...optional('description', info.description),
    ...optional('notes', info.notes),
    ...optional('authority', info.authority),
    ['acquired', `${acquisition.started} to ${acquisition.finished}, by the station's clock`],
  ];
}

function sourceLines({ source, label, guard, image }: Manifest): Line[] {
  return [
    ['source', visible(source.real_path)],
    ['size', describeBytes(source.size)],
    ['sector', sectorWords(source, ' bytes')],
    ...(source.kind === 'file'
      ? []
      : [
          ['model', told(source.model, source.unknown['model'])] as const,
          ['serial', told(source.serial, source.unknown['serial'])] as const,
        ]),
    ...label.comparisons
      .filter((item) => item.result !== 'match')
      .map((item): Line => ['label', `${item.field} "${visible(item.label)}": ${item.result}`]),
    ['held by', HELD_BY[source.held_by]],
    ...(source.remote === null
      ? []
      : [['state', visible(stateWords(source.remote))] as const, ['sent', proofWords(source.remote)] as const]),
    ...(source.received === null
      ? []
      : ([
          ['state', SENT_STATE],
          ['on its way', wayWords(source.received)],
          ['sent', sentWords(source.received, image.size)],
        ] as const)),
    ['protection', `${guard.verdict}: ${visible(guard.meaning)}`],
  ];
}

/** The outcome's one word may not be all: a stopped run may have found a mismatch before. */
export function outcomeText(manifest: Manifest): string {
  const more = manifest.outcome === 'incomplete' && hasMismatch(manifest);
  return more ? 'incomplete, MISMATCH' : manifest.outcome;
}

function resultLines(manifest: Manifest): Line[] {
  const { incomplete_reason, image, read_back, source_check, source } = manifest;
  const files = image.segments.length === 1 ? '1 file' : `${image.segments.length} files`;
  return [
    ['outcome', outcomeText(manifest)],
    ...optional('reason', incomplete_reason),
    ['image', `${image.format}, ${files}, ${describeBytes(image.size)}`],
    ['read-back', read_back.state + ('cache' in read_back ? cacheNote(read_back.cache) : '')],
    [
      're-read',
      source_check.state === 'not-done'
        ? `the source was ${source.received === null ? 'read' : 'sent'} once`
        : `of the source: ${source_check.state}${cacheNote(source_check.cache)}`,
    ],
  ];
}

function cacheNote({ avoided, how }: { readonly avoided: string; readonly how: string }): string {
  return `, page cache avoided: ${avoided} (${visible(how)})`;
}

function digestLines({ digests, pieces }: Manifest): Line[] {
  return [
    ...digests.map(({ algorithm, hex }): Line => [algorithm.toUpperCase(), hex]),
    ['pieces', `${pieces.count} of ${describeBytes(pieces.size)}, in ${visible(pieces.file)}`],
  ];
}

function unreadableLines({ read_map: map }: Manifest): Line[] {
  if (map.unreadable + map.failed + map.not_tried === 0) return [];
  const hidden = map.ranges.length - RANGES_SHOWN;
  return [
    ['unreadable', `${describeBytes(map.unreadable)} in ${map.ranges.length} ranges`],
    ...(map.failed === 0 ? [] : [['failed', `${describeBytes(map.failed)}, not given up yet`] as const]),
    ...(map.not_tried === 0 ? [] : [['not read', describeBytes(map.not_tried)] as const]),
    ...map.ranges
      .slice(0, RANGES_SHOWN)
      .map(({ start, end, first_sector, end_sector, errno }): Line => [
        '',
        `bytes ${start} to ${end - 1}, sectors ${first_sector} to ${end_sector - 1}, ${visible(errno)}`,
      ]),
    ...(hidden > 0 ? [['', `and ${hidden} more, see ${visible(map.file)}`] as const] : []),
  ];
}

function sealLines({ signing }: Manifest, { sealHex, fingerprint }: ShownFacts): Line[] {
  const claimed =
    signing.state === 'signed'
      ? `"${visible(signing.principal)}", ${visible(signing.key_type)} ${visible(signing.fingerprint)}`
      : `unsigned when it was made${fingerprint === null ? '' : `; signed afterwards by ${fingerprint}`}`;
  return [
    ['signing', claimed],
    ['seal', sealHex ?? 'none: there is no SHA256SUMS'],
  ];
}

function optional(label: string, value: string | null): Line[] {
  return value === null ? [] : [[label, visible(value)]];
}

function told(value: string | null, why: string | undefined): string {
  return value === null ? `unknown${why === undefined ? '' : ` (${visible(why)})`}` : visible(value);
}
