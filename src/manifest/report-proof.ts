import { dataWords, elsewhereLimits } from './report-elsewhere.ts';
import { field, HASH_LABELS, type ReportFacts } from './report-lines.ts';
import { lengthOf, type Range } from '../model/range.ts';
import { visible } from '../model/text.ts';
import { meets } from '../model/verdict.ts';

/** What was checked, what that proves, and what nothing here proves. A check that was not made is never implied. */
export function proofSections(facts: ReportFacts): string[][] {
  return [verificationSection(facts), proofSection(facts), signatureSection(facts)];
}

function verificationSection(facts: ReportFacts): string[] {
  const { read_back: back, source_check: second } = facts;
  const lines = ['Image Verification Results:'];
  switch (back.state) {
    case 'waived':
      lines.push(' Read-back of the image: not verified (waived)');
      break;
    case 'not-done':
      lines.push(` Read-back of the image: not verified (${visible(back.why)})`);
      break;
    case 'match':
    case 'mismatch':
      lines.push(...readBackLines(facts, back));
  }
  if (second.state === 'not-done') return [...lines, ' Second read of the source: not done'];
  lines.push(` Second read of the source: ${second.state === 'match' ? 'the same data : verified' : 'DIFFERENT DATA'}`);
  lines.push(...differingLines(second.differing, facts));
  lines.push(field('Page cache avoided at the second read', cacheText(second.cache)));
  if (second.unreadable.length > 0) lines.push(` Places unreadable in the second read: ${second.unreadable.length}`);
  return lines;
}

type Checked = Extract<ReportFacts['read_back'], { differing: unknown }>;

function readBackLines(facts: ReportFacts, back: Checked): string[] {
  const match = back.state === 'match';
  return [
    ` Read-back of the image, by its stream hashes and the SHA-256 of ${facts.pieces.count} pieces: ${match ? 'verified' : 'MISMATCH'}`,
    ...(match
      ? facts.digests.map(({ algorithm, hex }) => ` ${HASH_LABELS[algorithm]} checksum: ${hex} : verified`)
      : []),
    ...differingLines(back.differing, facts),
    field('Page cache avoided', cacheText(back.cache)),
  ];
}

function cacheText({ avoided, how, file_system }: Checked['cache']): string {
  return `${avoided} (${how}; ${file_system})`;
}

function differingLines(ranges: readonly Range[], { source }: ReportFacts): string[] {
  const sector = source.logical_sector;
  return ranges.map((range) => {
    const sectors = `sectors ${Math.floor(range.start / sector)} to ${Math.ceil(range.end / sector) - 1}`;
    return `  Differs somewhere in: bytes ${range.start} to ${range.end - 1} (${lengthOf(range)} bytes), ${sectors}`;
  });
}

function proofSection(facts: ReportFacts): string[] {
  const { read_back: back, outcome, source } = facts;
  const data = dataWords(source);
  const lines = ['What was proved, and what was not:'];
  if (back.state === 'match') lines.push(` Proved: the image equals ${data}.`);
  else lines.push(` NOT proved: that the image equals ${data}.`);
  if (back.state === 'match' && back.cache.avoided !== 'yes') {
    lines.push(' The read-back may have come from memory and not from the destination disk.');
  }
  lines.push(...sourceProof(facts));
  if (facts.read_map.adopted.length > 0)
    lines.push(
      ' NOT proved: that what another program read is what the source gave; exhibit hashed it as it was found.',
    );
  lines.push(...elsewhereLimits(source).map((limit) => ` ${limit}`));
  if (outcome === 'incomplete')
    lines.push(' The hashes are of what the image file held when it was closed, not of the data as it was read.');
  if (facts.guard.verdict !== 'not-applicable') lines.push(blockerLine(facts.guard.verdict));
  lines.push(" NOT proved: the time. All times are UTC by the station's own clock.");
  return lines;
}

/** A blocker that was recognised was not tested by recognising it. */
function blockerLine(verdict: ReportFacts['guard']['verdict']): string {
  return meets(verdict, 'known-blocker')
    ? ' NOT proved: that the write blocker works. It was recognised, not tested; see the verdict and its evidence.'
    : ' NOT proved: that a write blocker was in the way; see the verdict and its evidence.';
}

function sourceProof({ read_back: back, source_check: second, read_map: map }: ReportFacts): string[] {
  if (second.state !== 'match') return [' NOT proved: that the source would give the same data again.'];
  if (second.cache.avoided === 'no')
    return [
      ' NOT proved: that the source would give the same data again. The second reading was the same, but may have come from memory.',
    ];
  // Fill against fill proves nothing of the source.
  const allRead = map.unreadable + map.failed + map.not_tried === 0 && second.unreadable.length === 0;
  const same = back.state === 'match' ? 'source and image hashes match.' : 'the source gave the same data twice.';
  const partly = 'what could be read of the source was the same twice; unreadable places are filled, not compared.';
  const lines = [` Proved: ${allRead ? same : partly}`];
  if (second.cache.avoided !== 'yes')
    lines.push(' The second reading may have come from memory and not from the medium of the source.');
  return lines;
}

function signatureSection({ signing }: ReportFacts): string[] {
  if (signing.state === 'unsigned') return ['Signature:', ' none when this report was made'];
  return [
    'Signature:',
    field('Signer', signing.principal),
    field('Key', `${signing.key_type} ${signing.fingerprint}`),
    ' The signature is made after this report and covers it; VERIFY.txt says how to check it.',
  ];
}
