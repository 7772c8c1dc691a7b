import { resolve } from 'node:path';
import { labEntry, withEntry, type Attested } from '../../catalog/hardware-lab.ts';
import { isDate } from '../../catalog/hardware-schema.ts';
import { loadHardware, refuseFaulty } from '../../catalog/hardware.ts';
import { textFault } from '../../catalog/text-laws.ts';
import { UsageFaults } from '../../catalog/usage-faults.ts';
import { blockOfNumber, type SysBlock } from '../../discover/block.ts';
import { numberOfNode } from '../../discover/number.ts';
import { resolveLinks } from '../../discover/root.ts';
import { matchHardware } from '../../guard/hardware-match.ts';
import type { DiskChain } from '../../model/chain.ts';
import type { Fact } from '../../model/device.ts';
import { bug, errnoOf, ExhibitError, messageOf } from '../../model/errors.ts';
import type { HardwareEntry } from '../../model/hardware.ts';
import { visible } from '../../model/text.ts';
import { utc } from '../../system/clock.ts';
import type { Ports } from '../../system/ports.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { labHardwareFile, writeLabFile } from '../lab-hardware.ts';
import { Output } from '../output.ts';
import { entryLines } from '../screen/hardware-table.ts';
import { blockerOf, refuseExisting, refuseOrdinary, type Blocker } from './hardware-refusals.ts';

export interface LearnOptions {
  readonly make: string;
  readonly model: string;
  readonly by: string;
  readonly serial?: string;
  readonly validated?: string;
  readonly switchable?: boolean;
  readonly file?: string;
  readonly json?: boolean;
}

/** Looks up what a disk hangs on: `diskChain` of `discover/chain.ts`. */
export type ChainOf = (ports: Ports, block: SysBlock) => Promise<Fact<DiskChain>>;

/**
 * `exhibit hardware learn`: writes down that the lab attests this very blocker. The device is looked at passively.
 * @throws ExhibitError `usage.request`, or why it can't be learnt; nothing is written then
 */
export async function hardwareLearnCommand(
  env: Env,
  device: string,
  options: LearnOptions,
  chainOf: ChainOf,
): Promise<ExitCode> {
  const { ports } = env;
  const output = new Output(env, options.json === true);
  judgeOptions(ports, options);
  const chain = await chainOfDevice(ports, device, chainOf);
  const blocker = blockerOf(device, chain);
  const file = await placeOf(ports, options.file);
  const before = await textOf(ports, file);
  const catalog = await loadHardware(ports, file);
  refuseFaulty(catalog);
  refuseExisting(blocker, matchHardware(chain, catalog.lab), file);
  const shipped = matchHardware(chain, catalog.shipped);
  refuseOrdinary(blocker, shipped);
  const entry = labEntry(attestedOf(ports, options, blocker, shipped));
  const text = withEntry(before, entry);
  if (text === null) throw notAppendable(file);
  await writeLabFile(ports, file, { before, text, asOwner: options.file === undefined });
  const written = await readBack(ports, file, entry.id);
  output.say(`Written to ${visible(file)}:`);
  output.result({ ok: true, exit: EXIT.done, entry: written }, `${entryLines(written).join('\n')}\n${MEANING}`);
  return EXIT.done;
}

const MEANING =
  'This is what the lab says, not what the device proves: it is shown as attested everywhere, and counts for this very device only.';

function judgeOptions(ports: Ports, { make, model, by, serial, validated }: LearnOptions): void {
  const faults = new UsageFaults();
  for (const [option, value] of Object.entries({ make, model, by, serial })) {
    const fault = value === undefined ? null : textFault(value, 'line');
    if (fault !== null) faults.add(`--${option} ${fault}.`);
  }
  if (validated !== undefined && !isDate(validated))
    faults.add(`--validated: "${visible(validated)}" is not a date.`, 'Write it as 2026-11-22.');
  else if (validated !== undefined && validated > utc(ports.clock.wallMs()).slice(0, 10))
    faults.add(`--validated: ${validated} is still to come, by this station's clock.`);
  faults.throwIfAny();
}

/** Finds the device by its number, whatever its name. Nothing is opened. */
async function chainOfDevice(ports: Ports, device: string, chainOf: ChainOf): Promise<DiskChain> {
  const block = await blockOf(ports, device);
  const chain = await chainOf(ports, block);
  if (chain.known) return chain.value;
  throw new ExhibitError(
    'source',
    'hardware.unknown-chain',
    `What ${visible(device)} hangs on can't be told: ${visible(chain.why)}.`,
    { hint: 'Nothing was written. Plug it in again, wait until it is listed by exhibit devices, and repeat.' },
  );
}

async function blockOf(ports: Ports, device: string): Promise<SysBlock> {
  const path = device.startsWith('/') ? device : resolve(device);
  const real = await resolveLinks(ports, path).catch((error: unknown) => {
    throw noDevice(device, errnoOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error));
  });
  const number = await numberOfNode(ports, real);
  if (number === null) throw noDevice(device, 'it is not a block device');
  const block = await blockOfNumber(ports, number);
  if (block === null) throw noDevice(device, `sysfs does not know ${number}`);
  return block;
}

async function placeOf(ports: Ports, file: string | undefined): Promise<string> {
  if (file !== undefined) return file;
  const place = await labHardwareFile(ports);
  if (place.known) return place.value;
  throw new ExhibitError('usage', 'hardware.no-home', `There is no place for the lab's file: ${visible(place.why)}`, {
    hint: 'Name one: --file FILE.',
  });
}

async function textOf(ports: Ports, file: string): Promise<string | null> {
  return ports.files.readText(file).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return null;
    throw new ExhibitError(
      'usage',
      'usage.unreadable-file',
      `${visible(file)} can't be read: ${visible(messageOf(error))}`,
      {
        hint: 'Check the path and the rights on the file.',
        cause: error,
      },
    );
  });
}

/** The lab speaks of the device before it; what the shipped data knows of its kind (a switch, a query) goes along. */
function attestedOf(ports: Ports, options: LearnOptions, blocker: Blocker, shipped: HardwareEntry | null): Attested {
  return {
    usb: blocker,
    make: options.make,
    model: options.model,
    blocks: options.switchable === true || shipped?.blocks === 'switch' ? 'switch' : 'always',
    quirks: [...(shipped?.quirks ?? [])],
    by: options.by,
    at: utc(ports.clock.wallMs()).replace(/\.\d+Z$/, 'Z'),
    validated: options.validated ?? null,
    labelSerial: options.serial ?? null,
  };
}

async function readBack(ports: Ports, file: string, id: string): Promise<HardwareEntry> {
  const catalog = await loadHardware(ports, file);
  refuseFaulty(catalog);
  const written = catalog.lab.find((each) => each.id === id);
  if (written === undefined) throw bug(`hardware learn: ${id} is not in the file it was written to`);
  return written;
}

function noDevice(device: string, why: string): ExhibitError {
  return new ExhibitError('usage', 'hardware.no-device', `${visible(device)} can't be learnt from: ${visible(why)}.`, {
    hint: 'Name a disk that hangs on the blocker: exhibit devices lists them.',
  });
}

function notAppendable(file: string): ExhibitError {
  return new ExhibitError(
    'usage',
    'hardware.layout',
    `${visible(file)} is laid out so that no entry can be put at its end; it was left as it is.`,
    {
      hint: 'Bring it into the layout that docs/adding-hardware.md shows, entries last and indented by two, or use --file FILE.',
    },
  );
}
