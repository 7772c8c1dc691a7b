import { visible } from '../model/text.ts';
import { field, reportTime, type ReportFacts } from './report-lines.ts';
import { seconds } from './report-reading.ts';

type Session = ReportFacts['sessions'][number];

/** Who sat at it, when, how each sitting ended, and when the source was away; of one without a pause the rest tells all. */
export function sessionSections({ sessions }: ReportFacts): string[][] {
  if (sessions.length === 1 && sessions.every(({ pauses }) => pauses.length === 0)) return [];
  return [['Sessions:', ...sessions.flatMap((session, index) => sessionLines(session, index + 1))]];
}

function sessionLines(session: Session, number: number): string[] {
  const { started, ended, from, to, station, examiner, tool_version, reader, attachments } = session;
  return [
    ` Session ${number}: ${reportTime(started)} to ${reportTime(ended)}; ${howText(session)}`,
    sub('Read', from === to ? `nothing that it told of, at byte ${from}` : `bytes ${from} to ${to - 1} of the stream`),
    sub('By', `${examiner}, on ${station.hostname}, exhibit ${tool_version}, ${reader.name} ${reader.version}`),
    sub('Right source confirmed by', session.confirmation),
    sub('Write protection at its weakest', session.verdict),
    ...session.overrides.map(({ option, reason }) => sub('Override', `${option}: ${reason ?? 'no reason due'}`)),
    ...attachments.map(attachmentLine),
    ...session.pauses.map(pauseLine),
  ];
}

function howText({ how, code, message }: Session): string {
  if (how === 'finished') return 'finished';
  if (how === 'without-a-word') return 'ended without a word (killed, or the power failed)';
  return `stopped: ${visible(message ?? '')} (${visible(code ?? '')})`;
}

function attachmentLine({ at, real_path, verdict, reread }: Session['attachments'][number], index: number): string {
  const what = index === 0 ? 'Source taken' : 'Source came back';
  return sub(`${what} at ${reportTime(at)}`, `${real_path}, ${verdict}${rereadText(reread)}`);
}

function rereadText(reread: Session['attachments'][number]['reread']): string {
  if (reread === null) return '';
  const { start, end, differing } = reread;
  const found =
    differing.length === 0
      ? 'the same'
      : `${differing.length === 1 ? '1 place' : `${differing.length} places`} DIFFERENT`;
  return `; bytes ${start} to ${end - 1} were read again: ${found}`;
}

function pauseLine({ at, position, code, message, ended, waited_ms, outcome }: Session['pauses'][number]): string {
  const waited = waited_ms === null ? '' : ` after ${seconds(waited_ms)}`;
  const until = ended === null ? '' : ` at ${reportTime(ended)}`;
  const end =
    outcome === 'reconnected'
      ? `it came back${waited}${until}`
      : outcome === 'gave-up'
        ? `given up${waited}${until}`
        : 'the session ended in it';
  return sub(`Paused at ${reportTime(at)}, at byte ${position}`, `${message} (${code}); ${end}`);
}

function sub(label: string, value: string): string {
  return ` ${field(label, value)}`;
}
