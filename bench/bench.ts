/**
 * `npm run bench [-- --quick] [--rounds N] [--size MIB] [--only PART]`: exhibit against the tools its users would pick instead
 * (docs/speed.md). Everybody in turn, so many rounds; medians, and ratios of the same run. Prints tables and writes
 * bench/results.json and what documents say of it; with less than a full run a file in dist/.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { lackingOf, writePart, writeResults } from './files.ts';
import { measure } from './measure.ts';
import { parseOptions, type Options } from './options.ts';
import { runParts } from './parts.ts';
import { print, printTargets } from './print.ts';
import type { Results } from './results.ts';
import { BUSY, machine, peers, program, watchStolen } from './station.ts';
import { median } from './stats.ts';
import { targetsOf } from './targets.ts';
import { undone } from './undo.ts';

// Read at every start of a Node where a station sets it, 70 ms of it [measured], and used by no program that is measured.
delete process.env['NODE_EXTRA_CA_CERTS'];

const memory = '/dev/shm';
const options = asked();
if (!existsSync(memory)) throw new Error(`${memory} is not there: no memory-backed source and destination`);
const station = await machine();
const installed = peers();
const missing = Object.keys(installed).filter((name) => installed[name] === null);
if (missing.length > 0) console.log(`Not installed, not measured: ${missing.join(', ')}`);
if (station.busy_before > BUSY)
  console.log(`The machine is busy (${Math.round(station.busy_before * 100)} %): its work is in every figure.`);

// Before anything is there to be taken away.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
const folder = mkdtempSync(join(memory, 'exhibit-bench-'));
undone(() => {
  rmSync(folder, { recursive: true, force: true });
});

const main = join(import.meta.dirname, '..', 'bin', 'exhibit.js');
const exhibit = `${process.execPath} ${main}`;
const measuredProgram = program(main);
const stolen = watchStolen();
const measured = await runParts({ folder, main, exhibit, cores: availableParallelism(), options });
const help: number[] = [];
for (let round = 0; round < 5; round += 1) help.push((await measure(`${exhibit} --help`)).seconds);

const results: Results = {
  measured: new Date().toISOString(),
  quick: options.quick,
  program: measuredProgram,
  machine: { ...station, stolen: stolen() },
  peers: installed,
  help_milliseconds: Math.round(median(help) * 1000),
  ...measured,
  targets: targetsOf(measured),
};
print(measured);
printTargets(results.targets);
console.log(`exhibit --help: ${results.help_milliseconds} ms`);
const lacking = lackingOf(options, results, program(main));
if (lacking.length === 0) writeResults(results);
else {
  if (options.full) console.log(`Not what documents are made of: ${lacking.join('; ')}.`);
  const [only] = options.parts;
  console.log(`Written to ${writePart(results, options.parts.length === 1 ? (only ?? '') : 'part')}`);
}

/** What cannot be understood is told in a line, and ends it. */
function asked(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
}
