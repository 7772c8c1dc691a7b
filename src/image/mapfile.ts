import { ReadMap, STATUS_LETTERS, type MapEntry, type ReadStatus } from '../model/read-map.ts';
import { cell, visible } from '../model/text.ts';
import { Faults } from './faults.ts';

/** GNU ddrescue's mapfile: a read map as text that `ddrescuelog` reads. `docs/manifest-format.md`, section 5. */
export type MapfileResult =
  { readonly ok: true; readonly map: ReadMap } | { readonly ok: false; readonly faults: string[] };

const STATUSES = new Map(Object.entries(STATUS_LETTERS).map(([status, letter]) => [letter, status as ReadStatus]));
/** What is still to be done, in the order in which it is done. */
const OPEN: readonly ReadStatus[] = ['not-tried', 'failed-large', 'failed-small'];
/** ddrescue's own limit for a line of data. */
const LINE_LIMIT = 127;
// A decimal with a leading zero would be octal to ddrescue and decimal to a person.
const NUMBER = '(0x[0-9A-Fa-f]{1,14}|0|[1-9]\\d{0,15})';
const HEAD = new RegExp(`^${NUMBER}\\s+([?*/\\-FG+])(?:\\s+\\d+)?$`);
const BLOCK = new RegExp(`^${NUMBER}\\s+${NUMBER}\\s+([?*/\\-+])$`);

/** @param toolVersion stands in the first comment; for people only */
export function formatMapfile(map: ReadMap, toolVersion: string): string {
  const next = OPEN.map((status) => map.ranges(status)[0]).findIndex((range) => range !== undefined);
  const status = OPEN[next];
  const at = status === undefined ? 0 : (map.ranges(status)[0]?.start ?? 0);
  const entries = map.size === 0 ? [{ start: 0, end: 0, status: 'not-tried' as const }] : map.entries;
  return [
    `# Mapfile. Created by exhibit ${visible(toolVersion)}`,
    '# current_pos  current_status  current_pass',
    `${hex(at)}     ${status === undefined ? '+' : STATUS_LETTERS[status]}               1`,
    '#      pos        size  status',
    ...entries.map((entry) => `${hex(entry.start)}  ${hex(entry.end - entry.start)}  ${STATUS_LETTERS[entry.status]}`),
    '',
  ].join('\n');
}

/** Reads a mapfile, ours or ddrescue's. Blocks must go from 0 to the end without gap. */
export function parseMapfile(text: string): MapfileResult {
  const faults = new Faults();
  if (!text.endsWith('\n')) faults.add('the last line does not end: the file was cut off');
  const [head, ...blocks] = dataLines(text, faults);
  if (head === undefined || !HEAD.test(head.text)) faults.add('there is no "current_pos current_status" line');
  const entries = blocks.flatMap((line) => {
    const entry = parseBlock(line.text);
    if (entry === null) faults.add(`line ${line.number} is not "pos size status": "${cell(line.text, 60)}"`);
    return entry ?? [];
  });
  if (!faults.any) checkContiguous(entries, faults);
  return faults.any
    ? { ok: false, faults: faults.list }
    : { ok: true, map: new ReadMap(entries.at(-1)?.end ?? 0, entries) };
}

interface Line {
  readonly number: number;
  readonly text: string;
}

function dataLines(text: string, faults: Faults): Line[] {
  const lines = text.split('\n').map((line, index) => ({ number: index + 1, text: line.replace(/#.*$/s, '').trim() }));
  const data = lines.filter((line) => line.text !== '');
  for (const line of data.filter(({ text: { length } }) => length > LINE_LIMIT)) {
    faults.add(`line ${line.number} is longer than ${LINE_LIMIT} letters`);
  }
  return data;
}

function parseBlock(line: string): MapEntry | null {
  const [, pos, size, letter = ''] = BLOCK.exec(line) ?? [];
  const status = STATUSES.get(letter);
  const start = Number(pos);
  const end = start + Number(size);
  return status !== undefined && Number.isSafeInteger(end) ? { start, end, status } : null;
}

function checkContiguous(entries: readonly MapEntry[], faults: Faults): void {
  if (entries.length === 0) faults.add('there are no blocks');
  let end = 0;
  for (const entry of entries) {
    if (entry.start !== end)
      faults.add(`the block at ${hex(entry.start)} does not start where the one before ends (${hex(end)})`);
    if (entry.end === entry.start && entries.length > 1) faults.add(`the block at ${hex(entry.start)} is empty`);
    end = entry.end;
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
}
