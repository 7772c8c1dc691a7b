/** Where results are kept, and the documents that are made of them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KINDS } from './data.ts';
import { withFigures } from './page.ts';
import { picture } from './picture.ts';
import type { Options } from './options.ts';
import type { Measured, Results } from './results.ts';
import { BUSY, type Program } from './station.ts';
import { targetsOf } from './targets.ts';

/** Of the package: this runs compiled, from dist/bench. */
const root = join(import.meta.dirname, '..', '..');
const RESULTS = join(root, 'bench', 'results.json');
const PICTURE = join(root, 'docs', 'throughput.svg');
const PAGE = join(root, 'docs', 'speed.md');

/** Why these are no results for documents to be made of: everything, of everybody, by one program that has a name. */
export function lackingOf(
  { full }: Pick<Options, 'full'>,
  results: Omit<Results, 'targets'>,
  programNow: Program,
): string[] {
  const { peers, machine, program } = results;
  const missing = Object.keys(peers).filter((name) => peers[name] === null);
  const unmeasured = PARTS_OF_RESULTS.filter((part) => results[part] === undefined);
  const kinds = KINDS.filter((kind) => results.acquire?.[kind] === undefined);
  return [
    ...(full ? [] : ['less than a full run']),
    ...(missing.length === 0 ? [] : [`not installed: ${missing.join(', ')}`]),
    ...(unmeasured.length === 0 ? [] : [`not measured: ${unmeasured.join(', ')}`]),
    ...(kinds.length === 0 ? [] : [`not acquired: ${kinds.join(', ')}`]),
    ...(machine.busy_before > BUSY ? ['the machine was busy'] : []),
    ...(program.commit === null || program.commit.endsWith('-dirty') ? ['what was built is no commit'] : []),
    ...(program.sha256 === programNow.sha256
      ? []
      : ['the program was built anew meanwhile; build nothing while it runs']),
  ];
}

const PARTS_OF_RESULTS: readonly (keyof Measured)[] = [
  ...(['acquire', 'verify', 'stages', 'growth', 'bad_media', 'cut_off', 'ssh', 'netcat'] as const),
];

/** Writes the results, and what documents say of them. */
export function writeResults(results: Results): void {
  writeFileSync(RESULTS, toJson(results));
  for (const { path, content } of documents()) writeFileSync(path, content);
}

/** Of less than a full run: the committed ones are of one. Gives the path. */
export function writePart(results: Results, part: string): string {
  const path = join(root, 'dist', `bench-${part}.json`);
  writeFileSync(path, toJson(results));
  return path;
}

/** Judges the figures that are there anew, for when a target has changed; and writes what documents say of them. */
export function judgeAgain(): void {
  const results = readResults();
  writeResults({ ...results, targets: targetsOf(results) });
}

/** Each document that is made of bench/results.json: its path, and what it must be. */
export function documents(): { path: string; content: string }[] {
  const results = readResults();
  return [
    { path: PICTURE, content: picture(results) },
    { path: PAGE, content: withFigures(readFileSync(PAGE, 'utf8'), results) },
  ];
}

export function readResults(): Results {
  return JSON.parse(readFileSync(RESULTS, 'utf8')) as Results;
}

function toJson(results: Results): string {
  // A list of numbers in a line.
  return `${JSON.stringify(results, null, 2).replace(/\[[\s\d.,-]+\]/g, (list) => list.replace(/\s+/g, ' '))}\n`;
}
