import { cell, visible } from '../model/text.ts';
import type { AttemptRecord } from './report-schema.ts';

const ANSWERS: Readonly<Record<AttemptRecord['answer'], string>> = {
  accepted: 'accepted',
  'refused-by-device': 'refused by device',
  'refused-by-kernel': 'refused by kernel',
  failed: 'failed',
  'no-answer': 'no answer',
  'not-carried-out': 'not carried out',
};

const CHANGED: Readonly<Record<AttemptRecord['changed'], string>> = {
  no: 'unchanged',
  yes: 'CHANGED',
  unknown: 'unknown',
};

/** One line an attempt, and one with its command line or calls. */
export function attemptTable(attempts: readonly AttemptRecord[]): string[] {
  if (attempts.length === 0) return [' none'];
  return attempts.flatMap((each) => [attemptLine(each), `      ${visible(each.call)}`.trimEnd()]);
}

/** ` 4  sg-io        write-10             start   refused by device  unchanged  Data Protect: Write protected`. */
export function attemptLine(each: AttemptRecord): string {
  const columns = [
    String(each.number).padStart(4),
    each.layer.padEnd(11),
    each.kind.padEnd(19),
    each.place.padEnd(6),
    ANSWERS[each.answer].padEnd(17),
    CHANGED[each.changed].padEnd(9),
    detail(each),
  ];
  return columns.join('  ').trimEnd();
}

function detail(each: AttemptRecord): string {
  const { answer, sense, errno, said, why_unknown, differs, written_bytes_found: found } = each;
  const places = differs.map(({ start, end }) => `${start}-${end}`).join(', ');
  // What a tool says of its success tells nothing of the device.
  const words = answer === 'accepted' ? '' : (said.split('\n')[0] ?? '');
  const told = sense === null ? (errno ?? words) : `${sense.key}: ${sense.additional}`;
  const parts = [
    cell(told, 100),
    ...(places === '' ? [] : [`bytes ${places}${found === true ? ', as written' : ''}`]),
    ...(why_unknown === null ? [] : [cell(why_unknown, 100)]),
  ];
  return parts.filter((part) => part !== '').join('; ');
}
