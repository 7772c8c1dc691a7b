import { describeBytes, groupDigits, roundBytes } from '../../model/size.ts';
import type { Check, DamageRange, VerifyExit, VerifyReport } from '../../verify/report.ts';

/** Lines of one kind that a person gets to see; `--json` has them all. */
const SHOWN = 60;

/** The report of `exhibit verify` for people, the verdict first. The report's texts are escaped already. */
export function verifyText(report: VerifyReport): string {
  const sections = [
    verdict(report),
    ...problemSections(report),
    damageSection(report.damage),
    factsSection(report),
    report.exit === 0 || report.exit === 4 ? goodSection(report.checks) : [],
    report.notCovered.length === 0
      ? []
      : ['Not covered by any list (changes no verdict):', ...capped(report.notCovered)],
    report.notes.length === 0 ? [] : ['Notes:', ...capped(report.notes)],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function verdict(report: VerifyReport): string[] {
  switch (report.exit) {
    case 0:
      return report.outcome === 'complete-with-unreadable'
        ? [
            'VERIFIED, WITH UNREADABLE SECTORS: every listed file is as it was signed. Not all of the source could be read; zeros stand there.',
          ]
        : ['VERIFIED: every listed file, every byte of the image and both signatures are right.'];
    case 4:
      return ['NOTHING CONTRADICTS, BUT NOT EVERYTHING IS ESTABLISHED.'];
    case 13:
      return ['DAMAGED: this is not what was acquired, or not all of it.'];
    case 14:
      return ['NOT VALID: signature, signer, seal or manifest is not in order. Do not rely on this folder.'];
  }
}

const TITLES: readonly (readonly [Check['status'][], string])[] = [
  [['damaged'], 'Damaged:'],
  [['invalid'], 'Not valid:'],
  [['unestablished', 'not-checked'], 'Not established:'],
];

/** What is wrong or missing, the gravest first, and what to do about it. */
function problemSections({ checks }: VerifyReport): string[][] {
  return TITLES.map(([statuses, title]) => {
    const found = checks.filter((check) => statuses.includes(check.status));
    const hints = [...new Set(found.map((check) => check.hint).filter((hint) => hint !== undefined))];
    if (found.length === 0) return [];
    return [title, ...capped(found.map((check) => check.message)), ...hints.map((hint) => `  → ${hint}`)];
  });
}

const KINDS: Record<DamageRange['kind'], string> = {
  differs: 'differs somewhere in',
  missing: 'missing:',
  unreadable: 'unreadable:',
  unproven: 'in a piece with lost bytes, so not proven:',
};

function damageSection(damage: readonly DamageRange[]): string[] {
  return damage.length === 0 ? [] : ['Damage in the image:', ...capped(damage.map(damageLine))];
}

function damageLine({ kind, start, end, firstSector, endSector, places }: DamageRange): string {
  const [first] = places;
  const where = first === undefined ? '' : `; ${first.file} from byte ${groupDigits(first.offset)}`;
  const more = places.length > 1 ? ` to ${places.at(-1)?.file ?? ''}` : '';
  const sectors =
    endSector - firstSector === 1
      ? `sector ${groupDigits(firstSector)}`
      : `sectors ${groupDigits(firstSector)} to ${groupDigits(endSector - 1)}`;
  return `${KINDS[kind]} bytes ${groupDigits(start)} to ${groupDigits(end - 1)} (${roundBytes(end - start)}), ${sectors}${where}${more}`;
}

function factsSection(report: VerifyReport): string[] {
  const { signer, image } = report;
  const lines = [`Folder    ${report.folder}`];
  if (report.caseNumber !== null)
    lines.push(`Case      ${report.caseNumber}, evidence ${report.evidenceId ?? 'unknown'}`);
  if (report.outcome !== null) lines.push(`Outcome   ${report.outcome}`);
  if (signer === null) lines.push('Signer    none that can be told');
  else lines.push(`Signer    ${signerName(signer)}, ${signer.keyType} ${signer.fingerprint}`);
  lines.push(`Seal      ${report.sealHex ?? 'none: there is no SHA256SUMS'}`);
  if (image !== null) {
    const bytes = image.ranges.reduce((sum, range) => sum + range.end - range.start, 0);
    lines.push(`Read      ${describeBytes(bytes)} of the image, ${fromWhere(image.cache)}`);
    if (image.seed !== null) lines.push(`Seed      ${image.seed} (of --sample)`);
  }
  return lines;
}

function signerName({ trustedAs, claimed }: NonNullable<VerifyReport['signer']>): string {
  if (trustedAs !== null) return `"${trustedAs}" (named by your signers file)`;
  return claimed === null ? 'not named' : `"${claimed}" (so the folder says; not established)`;
}

function fromWhere({ avoided, how }: NonNullable<VerifyReport['image']>['cache']): string {
  switch (avoided) {
    case 'yes':
      return `from the medium (${how})`;
    case 'no':
      return `from memory, possibly not from the medium (${how})`;
    case 'unknown':
      return `whether from the medium or from memory is unknown (${how})`;
  }
}

function goodSection(checks: readonly Check[]): string[] {
  const good = checks.filter((check) => check.status === 'ok');
  return good.length === 0 ? [] : ['Checked and right:', ...capped(good.map((check) => check.message))];
}

function capped(lines: readonly string[]): string[] {
  const shown = lines.slice(0, SHOWN).map((line) => `  ${line}`);
  return lines.length > SHOWN ? [...shown, `  and ${lines.length - SHOWN} more (--json lists all)`] : shown;
}

const VERDICTS: Record<VerifyExit, string> = { 0: 'verified', 4: 'not-established', 13: 'damaged', 14: 'not-valid' };

/** The report for `--json`, less its `type`: keys as in the manifest, texts escaped. */
export function verifyJson(report: VerifyReport): object {
  const { signer, image } = report;
  return {
    ok: report.exit === 0,
    exit: report.exit,
    verdict: VERDICTS[report.exit],
    folder: report.folder,
    stem: report.stem,
    case_number: report.caseNumber,
    evidence_id: report.evidenceId,
    outcome: report.outcome,
    seal_sha256: report.sealHex,
    signer:
      signer === null
        ? null
        : {
            fingerprint: signer.fingerprint,
            key_type: signer.keyType,
            trusted_as: signer.trustedAs,
            claimed: signer.claimed,
          },
    checks: report.checks.map(({ name, status, message, hint }) => ({ name, status, message, hint: hint ?? null })),
    damage: report.damage.map(({ kind, start, end, firstSector, endSector, places }) => ({
      kind,
      start,
      end,
      first_sector: firstSector,
      end_sector: endSector,
      places,
    })),
    image_read:
      image === null
        ? null
        : {
            whole: image.whole,
            ranges: image.ranges,
            seed: image.seed,
            cache: { avoided: image.cache.avoided, how: image.cache.how, file_system: image.cache.fileSystem },
          },
    not_covered: report.notCovered,
    notes: report.notes,
  };
}
