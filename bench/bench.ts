/**
 * `npm run bench [-- --quick] [--rounds N] [--size MIB] [--only PART]`: exhibit against the tools its users would pick instead
 * (docs/speed.md). Everybody in turn, so many rounds; medians, and ratios of the same run. Prints tables and writes
 * bench/results.json and what documents say of it; with --only a file of its own in dist/.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { writePart, writeResults } from './files.ts';
import { measure } from './measure.ts';
import { parseOptions, type Options } from './options.ts';
import { runParts } from './parts.ts';
import { print, printTargets } from './print.ts';
import type { Results } from './results.ts';
import { machine, peers } from './station.ts';
import { median } from './stats.ts';
import { targetsOf } from './targets.ts';

const memory = '/dev/shm';
/** What others took of each core in the minute before. */
const BUSY = 0.25;

const options = asked();
if (!existsSync(memory)) throw new Error(`${memory} is not there: no memory-backed source and destination`);
const station = machine();
const installed = peers();
const missing = Object.keys(installed).filter((name) => installed[name] === null);
if (missing.length > 0) console.log(`Not installed, not measured: ${missing.join(', ')}`);
if (station.load_before > BUSY * station.cores)
  console.log(
    `The machine is busy (load ${station.load_before} on ${station.cores} cores): its work is in every figure.`,
  );

const folder = mkdtempSync(join(memory, 'exhibit-bench-'));
process.on('exit', () => {
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const main = join(import.meta.dirname, '..', 'bin', 'exhibit.js');
const exhibit = `${process.execPath} ${main}`;
const measured = await runParts({ folder, main, exhibit, cores: availableParallelism(), options });
const help: number[] = [];
for (let round = 0; round < 5; round += 1) help.push((await measure(`${exhibit} --help`)).seconds);

const results: Results = {
  measured: new Date().toISOString(),
  quick: options.quick,
  machine: station,
  peers: installed,
  help_milliseconds: Math.round(median(help) * 1000),
  ...measured,
  targets: targetsOf(measured),
};
print(measured);
printTargets(results.targets);
console.log(`exhibit --help: ${results.help_milliseconds} ms`);
const [only] = options.parts;
if (options.parts.length > 1 || only === undefined) writeResults(results);
else console.log(`Written to ${writePart(results, only)}`);

/** What cannot be understood is told in a line, and ends it. */
function asked(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
}
