import { randomUUID } from 'node:crypto';
import type { Env } from '../cli/env.ts';
import { listDevices } from '../discover/devices.ts';
import type { Device } from '../model/device.ts';
import { ExhibitError } from '../model/errors.ts';
import { identityDifferences } from '../model/identity.ts';
import { describeBytes } from '../model/size.ts';
import { visible } from '../model/text.ts';
import { utc } from '../system/clock.ts';
import { TEST_EXIT } from './exit-codes.ts';
import { holdDisk } from './held-disk.ts';
import { diskName, typedRefusal, type DiskName } from './identify.ts';
import { markedRanges, writeMarker } from './mark.ts';
import type { Marker } from './marker.ts';
import { stopped } from './read-disk.ts';
import { diskDoubts, diskRefusals, findScratchDisk, refusal, type ScratchDisk } from './scratch-disk.ts';
import type { Voice } from './voice.ts';

export interface PrepareOptions {
  readonly serial?: string;
  readonly backingFile?: string;
  readonly eraseConsent?: string;
  readonly dryRun?: boolean;
}

/** `prepare DEV`: erases a disk of which a person has shown that he means it, and puts the scratch marker on it. */
export async function prepare(env: Env, voice: Voice, path: string, options: PrepareOptions): Promise<number> {
  const disk = await findScratchDisk(env.ports, path);
  const named = diskName(disk.device, await listDevices(env.ports));
  const refusals = [...diskRefusals(disk), ...readOnlyRefusal(disk.device), ...(named.ok ? [] : named.refusals)];
  if (!named.ok || refusals.length > 0) return voice.refused(refusals);
  const { name } = named;
  voice.say(describeDisk(disk.device));
  for (const doubt of diskDoubts(disk)) voice.say(`warning: ${doubt}`);
  const signals = env.watchSignals(() => undefined);
  try {
    const typed = await typedName(env, options, name, signals.stop);
    const wrong = typedRefusal(disk.device, name, typed);
    if (wrong !== null) return voice.refused([wrong]);
    if (options.dryRun === true) return dryRun(voice, disk);
    await consent(env, options, name, signals.stop);
    return await mark(env, voice, disk, name, signals.stop);
  } catch (error) {
    // A question that was broken off.
    throw signals.stop.aborted && !(error instanceof ExhibitError) ? stopped(' before anything was written') : error;
  } finally {
    signals.release();
  }
}

async function mark(env: Env, voice: Voice, disk: ScratchDisk, name: DiskName, stop: AbortSignal): Promise<number> {
  const { ports } = env;
  const { size } = disk.device;
  const marker: Marker = { id: randomUUID(), size, made: utc(ports.clock.wallMs()), disk: name.value };
  const held = await holdDisk(ports, disk);
  try {
    if (stop.aborted) throw stopped(' before anything was written');
    // A person was asked meanwhile, and older kernels count no disks: the held one must tell the name that was typed.
    const wrong = await otherDisk(ports, disk, name);
    if (wrong !== null) return voice.refused([wrong]);
    await writeMarker(ports, held, marker, stop);
  } finally {
    await held.close();
  }
  const text = [
    `${visible(disk.device.path)} is a scratch disk now, marker ${marker.id}, written and read back.`,
    'Unplug it, connect it through the write blocker, and start "exhibit-blocker-test run".',
    'It was not wiped: beside the marked places lies what was there before.',
  ];
  voice.result({ ok: true, exit: TEST_EXIT.done, device: disk.device.path, marker }, text.join('\n'));
  return TEST_EXIT.done;
}

/** The refusal where another disk, or another file behind a loop device, stands at the path by now; null: the same. */
async function otherDisk(
  ports: Env['ports'],
  { facts }: ScratchDisk,
  name: DiskName,
): Promise<ReturnType<typeof refusal> | null> {
  const now = await findScratchDisk(ports, facts.path);
  const called = diskName(now.device, []);
  const same = called.ok && typedRefusal(now.device, called.name, name.value) === null;
  if (same && identityDifferences(facts.identity, now.facts.identity).length === 0) return null;
  return refusal(
    'disk.exchanged',
    `${visible(facts.path)} is another disk than the one that was named. Nothing was written.`,
    'Look again with "exhibit devices", and start over.',
  );
}

function dryRun(voice: Voice, disk: ScratchDisk): number {
  const ranges = [...markedRanges(disk.device.size)].sort((a, b) => a.start - b.start);
  const lines = ranges.map(({ start, end }) => `  bytes ${start} to ${end}`);
  voice.result(
    { ok: true, exit: TEST_EXIT.done, dry_run: true, ranges },
    ['Dry run: nothing was written. These places would be overwritten:', ...lines].join('\n'),
  );
  return TEST_EXIT.done;
}

/** A read-only flag means a blocker, or somebody's wish: neither is for this command to override. */
function readOnlyRefusal({ readOnly, path }: Device): ReturnType<typeof refusal>[] {
  if (readOnly.known && !readOnly.value) return [];
  const what = readOnly.known ? 'is read-only' : `may be read-only: ${visible(readOnly.why)}`;
  return [
    refusal(
      'disk.read-only',
      `${visible(path)} ${what}.`,
      "Connect it without a write blocker. If the flag is the station's own: blockdev --setrw, when you are sure of the disk.",
    ),
  ];
}

function describeDisk(device: Device): string {
  const model = device.model.known ? visible(device.model.value) : `unknown (${visible(device.model.why)})`;
  const parts = device.partitions.map(({ path, size, fileSystem, label }) => {
    const said = [fileSystem, label].filter((text) => text !== null).map((text) => visible(text));
    return `  ${visible(path)}  ${describeBytes(size)}${said.length > 0 ? `  ${said.join(', ')}` : ''}`;
  });
  return [
    `Disk   ${visible(device.path)}`,
    `Model  ${model}`,
    `Size   ${describeBytes(device.size)}`,
    ...(parts.length > 0 ? ['It has partitions, which will be lost:', ...parts] : []),
  ].join('\n');
}

/** What names the disk: from the command line, or typed now. It was not shown, so that it is read off the label. */
async function typedName(env: Env, options: PrepareOptions, name: DiskName, stop: AbortSignal): Promise<string> {
  const other = name.option === '--serial' ? options.backingFile : options.serial;
  if (other !== undefined) {
    const hint =
      name.option === '--serial'
        ? 'A disk is named by its serial: --serial. --backing-file is for loop devices.'
        : 'A loop device has no serial: name the file behind it, --backing-file.';
    throw new ExhibitError('usage', 'usage.wrong-name', `This disk takes ${name.option}.`, { hint });
  }
  const given = name.option === '--serial' ? options.serial : options.backingFile;
  if (given !== undefined) return given;
  const what = name.option === '--serial' ? 'serial on its LABEL' : 'file behind it';
  if (!env.terminal.canAsk) {
    throw new ExhibitError('usage', 'usage.no-name', `${name.option} is missing: which disk is meant?`, {
      hint: `Type the ${what}: ${name.option}.`,
    });
  }
  return (await env.terminal.ask(`Type the ${what}, all of it: `, stop)) ?? '';
}

async function consent(env: Env, options: PrepareOptions, name: DiskName, stop: AbortSignal): Promise<void> {
  const due = `erase ${name.value}`;
  let said = options.eraseConsent;
  if (said === undefined && env.terminal.canAsk) {
    said =
      (await env.terminal.ask(`What this disk holds will be lost. To go on, type: ${visible(due)}\n> `, stop)) ?? '';
  }
  if (said?.trim() === due) return;
  const message = said === undefined ? 'Nobody has said that this disk may be erased.' : 'That is not the consent.';
  throw new ExhibitError('usage', 'usage.no-consent', `${message} Nothing was written.`, {
    hint: `The consent has to read, to the letter: --erase-consent "${visible(due)}"`,
  });
}
