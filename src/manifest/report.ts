import { visible } from '../model/text.ts';
import { describeBytes } from '../model/size.ts';
import { imageSections } from './report-image.ts';
import { evidenceLines, fact, field, HELD_BY, reportTime, type ReportFacts } from './report-lines.ts';
import { hasMismatch } from './outcome.ts';
import { sectorWords, wholeWords } from './report-elsewhere.ts';
import { proofSections } from './report-proof.ts';
import { sessionSections } from './report-sessions.ts';
import { receivedLines } from './report-received.ts';
import { remoteLines } from './report-remote.ts';
import { chainLines, counterLines, ownWordLines } from './report-source.ts';

export type { ReportFacts } from './report-lines.ts';

const NOT_LOOKED_AT = 'not looked at after the last reading; the verdict is that of before it';

const RULE = '-'.repeat(62);

/**
 * `<stem>.txt`: the report an examiner expects to read, with FTK Imager's labels where it has one for the thing.
 * It is made before the manifest and listed there. Everything that a person, a disk or a tool said is escaped.
 */
export function formatReport(facts: ReportFacts): string {
  const sections = [
    heading(facts),
    caseSection(facts),
    labelSection(facts),
    sourceSection(facts),
    guardSection(facts),
    ...imageSections(facts),
    ...sessionSections(facts),
    destinationSection(facts),
    methodSection(facts),
    stationSection(facts),
    ...proofSections(facts),
  ];
  return `${sections.map((lines) => lines.join('\n')).join(`\n\n${RULE}\n\n`)}\n`;
}

const MISMATCH =
  'MISMATCH. Two readings that should be equal are not; see the verification results. Do not rely on this image.';

const RESULTS: Record<Exclude<ReportFacts['outcome'], 'complete'>, string> = {
  'complete-with-unreadable':
    'COMPLETE, WITH UNREADABLE SECTORS. What could not be read is filled with zeros and listed below.',
  mismatch: MISMATCH,
  incomplete: 'INCOMPLETE. The acquisition stopped before the end; this is not the whole source.',
};

function heading(facts: ReportFacts): string[] {
  const lines = [`Created By: exhibit ${visible(facts.tool.version)}`, `Report made: ${reportTime(facts.created)}`, ''];
  lines.push(`RESULT: ${resultOf(facts)}`);
  if (facts.read_map.adopted.length > 0)
    lines.push('Part of it was read by another program, not by exhibit; see below.');
  if (facts.outcome === 'incomplete' && hasMismatch(facts)) lines.push(MISMATCH);
  if (facts.incomplete_reason !== null) lines.push(field('Reason given', facts.incomplete_reason));
  if (facts.signing.state === 'unsigned')
    lines.push('NOT SIGNED when this report was made: anyone could have changed this folder unnoticed.');
  return lines;
}

function resultOf({ outcome, read_map, source }: ReportFacts): string {
  if (outcome === 'complete') return `COMPLETE. ${sentence(wholeWords(source))}`;
  if (outcome !== 'incomplete' || read_map.good + read_map.unreadable < source.size) return RESULTS[outcome];
  const all = source.received === null ? 'all of the source was tried' : wholeWords(source);
  return `INCOMPLETE. ${sentence(`${all}; the acquisition stopped before it was checked and closed`)}`;
}

function caseSection({ case: info }: ReportFacts): string[] {
  return [
    'Case Information:',
    field('Case Number', info.number),
    field('Evidence Number', info.evidence_id),
    field('Unique description', info.description),
    field('Examiner', info.examiner),
    field('Notes', info.notes),
    field('Authority', info.authority),
  ];
}

function labelSection({ label }: ReportFacts): string[] {
  return [
    'Label and Packaging (as read by the technician):',
    field('Label model', label.model),
    field('Label serial', label.serial),
    field('Label size', label.size === null ? null : describeBytes(label.size)),
    field('Evidence seal number', label.seal_number),
    field('Condition', label.condition),
    ...label.comparisons.map(
      (item) => ` Compared, ${item.field}: label "${visible(item.label)}", device ${told(item.device)}: ${item.result}`,
    ),
  ];
}

function sourceSection(facts: ReportFacts): string[] {
  const { source } = facts;
  return [
    'Physical Evidentiary Item (Source) Information:',
    field(
      'Source Type',
      source.kind === 'file'
        ? 'File'
        : source.received !== null
          ? 'Sent by another machine: what it is there is not known'
          : `${source.physical ? 'Physical' : 'Virtual'} (${source.device_kind ?? 'device'})`,
    ),
    field('Source path', source.real_path),
    field('Bytes per Sector', sectorWords(source)),
    field('Sector Count', sectorCount(source)),
    field('Source data size', describeBytes(source.size)),
    field('Drive Model', fact(source.model, source.unknown['model'])),
    field('Drive Serial Number', fact(source.serial, source.unknown['serial'])),
    field('Drive Revision', fact(source.revision, source.unknown['revision'])),
    field('World Wide Name', fact(source.wwn, source.unknown['wwn'])),
    field('Drive Interface Type', fact(source.transport, source.unknown['transport'])),
    field('Held while read', HELD_BY[source.held_by]),
    ...remoteLines(source.remote),
    ...receivedLines(source.received, facts.image.size),
    ...ownWordLines(facts),
    ...source.partitions.map(
      (part) =>
        ` Partition ${visible(part.path)}: start ${part.start}, ${describeBytes(part.size)}, type ${told(part.type)}, file system ${told(part.file_system)}`,
    ),
  ];
}

function sectorCount({ size, logical_sector: sector, received }: ReportFacts['source']): string {
  const sectors = Math.ceil(size / sector);
  const count = size % sector === 0 ? String(sectors) : `${sectors}, the last one not full`;
  return received === null ? count : `${count}, of ${sector} bytes each; its own are not known`;
}

function guardSection(facts: ReportFacts): string[] {
  const { guard, acquisition } = facts;
  const changed = guard.set_read_only.length === 0 ? 'none' : guard.set_read_only.join(', ');
  return [
    'Write Protection:',
    field('Verdict', guard.verdict),
    field('Meaning', guard.meaning),
    field('Required by the profile', guard.required),
    ...chainLines(facts),
    ...evidenceLines('Evidence before reading', guard.evidence),
    ...evidenceLines('Evidence after reading', guard.evidence_after, NOT_LOOKED_AT),
    ...(guard.verdict === 'not-applicable' ? [] : counterLines(facts)),
    field('Kernel read-only flag set by exhibit on', changed),
    field('Right source confirmed by', acquisition.confirmation),
    ' Overrides of the safe way:',
    ...(acquisition.overrides.length === 0 ? ['  none'] : []),
    ...acquisition.overrides.map(
      (item) => `  ${visible(item.option)}: ${item.reason === null ? 'no reason due' : visible(item.reason)}`,
    ),
  ];
}

function destinationSection({ destination }: ReportFacts): string[] {
  return [
    'Destination:',
    field('Folder', destination.path),
    field('File system', `${destination.file_system} on ${destination.mount_source}`),
    field('Destination Drive Model', fact(destination.model, destination.unknown['model'])),
    field('Destination Drive Serial Number', fact(destination.serial, destination.unknown['serial'])),
    field('Folder brought to disk', destination.folder_synced ? 'yes' : 'no: this file system can not'),
  ];
}

function methodSection({ acquisition, station, tool }: ReportFacts): string[] {
  const { reader, engines, profile, settings } = acquisition;
  return [
    'Method:',
    field('Tool', `exhibit ${tool.version}, Node.js ${station.node}`),
    field('Reader', `${reader.name} ${reader.version}, started ${reader.run_count} times (see the manifest)`),
    ...reader.runs.slice(0, 1).map((run) => field('First command', run.argv.join(' '))),
    ...engines.map((item) => ` Hash engine for ${visible(item.algorithm)}: ${item.engine} (${visible(item.why)})`),
    field('Profile', `${profile.name}, version ${profile.version}, SHA-256 ${profile.sha256}`),
    field('Block size, piece size', `${settings.block_size}, ${settings.piece_size} bytes`),
    ...Object.entries(station.tools).map(
      ([name, version]) => ` Tool version, ${visible(name)}: ${version === null ? 'not there' : visible(version)}`,
    ),
    ...acquisition.findings.map((item) => ` ${item.level}: ${visible(item.message)}`),
  ];
}

function stationSection({ station }: ReportFacts): string[] {
  const { clock } = station;
  const state = clock.synchronised === null ? 'unknown' : clock.synchronised ? 'synchronised' : 'NOT synchronised';
  return [
    'Station:',
    field('Host', station.hostname),
    field('Kernel', station.kernel),
    field('User', `uid ${station.uid}${station.sudo_user === null ? '' : `, sudo by ${station.sudo_user}`}`),
    field('Clock', `${state} (${clock.seen_by})`),
    field('Sleep', station.sleep_inhibited),
    ...clock.disturbances.map(
      (item) => ` Clock disturbance at ${reportTime(item.at)}: ${item.kind}, ${item.milliseconds} ms`,
    ),
  ];
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

function told(value: string | null): string {
  return value === null ? 'not told' : `"${visible(value)}"`;
}
