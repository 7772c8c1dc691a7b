import {
  faultList,
  loadFiles,
  loadHardware,
  refuseFaulty,
  shippedHardware,
  type HardwareCatalog,
  type HardwareFile,
} from '../../catalog/hardware.ts';
import { visible } from '../../model/text.ts';
import type { Ports } from '../../system/ports.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { labHardwareFile } from '../lab-hardware.ts';
import { Output } from '../output.ts';
import { entryLines, hardwareTable } from '../screen/hardware-table.ts';

export interface ListOptions {
  readonly file?: string;
  readonly ignoreBadHardware?: boolean;
  readonly json?: boolean;
}

/** `exhibit hardware list`: what came with the program, and apart from it what the lab attests. */
export async function hardwareListCommand(env: Env, options: ListOptions): Promise<ExitCode> {
  const output = new Output(env, options.json === true);
  const lab = options.file ?? (await defaultFile(env.ports, output));
  const catalog = await loadHardware(env.ports, lab);
  if (options.ignoreBadHardware !== true) refuseFaulty(catalog);
  else if (catalog.faults.length > 0)
    output.say(`Left out, because of --ignore-bad-hardware:\n${faultList(catalog.faults)}`);
  output.result({ ok: true, exit: EXIT.done, labFile: lab, ...catalog }, listText(catalog, lab));
  return EXIT.done;
}

/**
 * `exhibit hardware check`: all data of this station, or these files beside the shipped ones.
 * @throws ExhibitError `hardware.invalid` with every fault
 */
export async function hardwareCheckCommand(
  env: Env,
  paths: readonly string[],
  options: { json?: boolean },
): Promise<ExitCode> {
  const output = new Output(env, options.json === true);
  const catalog = paths.length === 0 ? await wholeStation(env.ports, output) : await withFiles(env.ports, paths);
  refuseFaulty(catalog);
  const entries = [...catalog.shipped, ...catalog.lab];
  const files = new Set(entries.map(({ file }) => file)).size;
  output.result(
    { ok: true, exit: EXIT.done, files, shipped: catalog.shipped.length, lab: catalog.lab.length },
    `${files} files, ${catalog.shipped.length} shipped entries, ${catalog.lab.length} attested by the lab: no fault.`,
  );
  return EXIT.done;
}

async function wholeStation(ports: Ports, output: Output): Promise<HardwareCatalog> {
  return loadHardware(ports, await defaultFile(ports, output));
}

/** A shipped file that is named is judged once, as what it is; any other as what it says of itself. */
async function withFiles(ports: Ports, paths: readonly string[]): Promise<HardwareCatalog> {
  const shipped = await shippedHardware(ports);
  if (!Array.isArray(shipped)) return loadHardware(ports, null);
  const real = (path: string): Promise<string> => ports.files.realPath(path).catch(() => path);
  const known = new Set(await Promise.all(shipped.map(({ path }) => real(path))));
  const more: HardwareFile[] = [];
  for (const path of new Set(paths)) {
    if (!known.has(await real(path))) more.push({ path, name: path, kind: 'either' });
  }
  return loadFiles(ports, [...shipped, ...more]);
}

async function defaultFile(ports: Ports, output: Output): Promise<string | null> {
  const place = await labHardwareFile(ports);
  if (place.known) return place.value;
  output.say(`The lab's own file was not looked for: ${visible(place.why)}`);
  return null;
}

function listText({ shipped, lab }: HardwareCatalog, labFile: string | null): string {
  const own =
    lab.length === 0
      ? `Attested by the lab: nothing${labFile === null ? '' : ` in ${visible(labFile)}`}.`
      : `Attested by the lab, in ${visible(labFile ?? '?')}:\n${lab.map((entry) => entryLines(entry).join('\n')).join('\n\n')}`;
  return `Came with the program:\n${hardwareTable(shipped)}\n\n${own}`;
}
