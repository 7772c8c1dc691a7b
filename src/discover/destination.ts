import { dirname, join, resolve } from 'node:path';
import { ExhibitError, errnoOf, messageOf } from '../model/errors.ts';
import { unknown, known, type DestinationFacts, type Device, type Fact } from '../model/device.ts';
import { visible } from '../model/text.ts';
import type { FileSystemStats } from '../system/files.ts';
import type { Ports } from '../system/ports.ts';
import { disksBelowPath } from './below.ts';
import { blockAt } from './block.ts';
import { claimedByOthers } from './claims.ts';
import { describeBlock } from './describe.ts';
import { fileLimit, freeBytes } from './file-system.ts';
import { observeMachine, observeMounts, type Machine, type Mount } from './machine.ts';
import { mountHolding } from './mountinfo.ts';
import { deviceNumber } from './number.ts';
import { at, resolveLinks } from './root.ts';
import { onSystemDisk } from './system-disk.ts';

/** Where a folder lies, without a look at disks: enough to tell whether it still is what was planned. */
export type DestinationPlace = Pick<
  DestinationFacts,
  'path' | 'device' | 'fileSystem' | 'fileSystemMagic' | 'mountPoint' | 'mountSource' | 'readOnly'
>;

/**
 * The place alone of what {@link observeDestination} tells.
 * @throws as that does
 */
export async function destinationPlace(ports: Ports, to: string, inside: Inside = asIs): Promise<DestinationPlace> {
  return (await lookAtPlace(ports, to, inside, await observeMounts(ports))).place;
}

/**
 * What stands behind the folder given by `--to`. It need not exist: its nearest existing ancestor decides. Nothing
 * is written, no disk is opened.
 * @param inside gives the evidence folder for the real path of `to`: what lies behind that one is what is told
 * @throws ExhibitError fault `destination` when there is no folder there, or its file system can't be told
 */
export async function observeDestination(ports: Ports, to: string, inside: Inside = asIs): Promise<DestinationFacts> {
  const machine = await observeMachine(ports);
  const { place, existing, device, stats } = await lookAtPlace(ports, to, inside, machine.mounts);
  const mounts = mountsOf(machine.mounts);
  const disks = await disksBelowPath(ports, mounts, existing);
  const hardware = await hardwareBelow(machine, disks);
  return {
    ...place,
    freeBytes: await freeBytes(ports, place.fileSystem, existing, stats),
    claimedByOthers: await claimedByOthers(ports, device),
    fileLimit: fileLimit(place.fileSystem, stats.blockSize),
    disks,
    ...hardware,
    onSystemDisk: await onSystemDisk(ports, mounts, machine.swaps, disks),
  };
}

/** The evidence folder, from the real path of `to`. */
type Inside = (root: string) => string;

const asIs: Inside = (root) => root;

async function lookAtPlace(ports: Ports, to: string, inside: Inside, known: Machine['mounts']) {
  const { path } = await nearestFolder(ports, resolve(to));
  const { existing } = await nearestFolder(ports, inside(path));
  const device = (await ports.files.stat(at(ports, existing))).dev;
  const mount = mountHolding(mountsOf(known), existing, deviceNumber(device));
  if (mount === null) throw noFileSystem(to, `no mount holds ${existing}`);
  const stats = await statfs(ports, existing, to);
  const place: DestinationPlace = {
    path,
    device: deviceNumber(device),
    fileSystem: mount.fileSystem,
    fileSystemMagic: `0x${(stats.type >>> 0).toString(16)}`,
    mountPoint: mount.mountPoint,
    mountSource: mount.source,
    readOnly: mount.readOnly,
  };
  return { place, existing, device, stats };
}

/** The deepest folder on the way to `to` that exists, and where `to` will really be. */
async function nearestFolder(ports: Ports, to: string): Promise<{ existing: string; path: string }> {
  const missing: string[] = [];
  for (let path = to; ; path = dirname(path)) {
    const stats = await statOf(ports, path, to);
    if (stats?.isDirectory() === true) {
      const existing = await resolveLinks(ports, path);
      return { existing, path: join(existing, ...missing) };
    }
    if (stats !== null) throw notAFolder(path);
    missing.unshift(path.slice(path.lastIndexOf('/') + 1));
  }
}

async function statOf(ports: Ports, path: string, to: string): ReturnType<Ports['files']['statOrNull']> {
  try {
    const stats = await ports.files.statOrNull(at(ports, path));
    if (stats !== null) return stats;
    // Nothing behind the name, but the name is taken: a link that leads nowhere.
    const link = await ports.files.lstat(at(ports, path)).catch(() => null);
    if (link !== null) throw notAFolder(path);
    return null;
  } catch (error) {
    if (error instanceof ExhibitError) throw error;
    // A file where a folder should be: the walk upwards will meet it.
    if (errnoOf(error) === 'ENOTDIR') return null;
    throw new ExhibitError(
      'destination',
      'destination.unreadable',
      `${visible(to)} can't be looked at: ${visible(messageOf(error))}.`,
      {
        hint: 'Choose a folder that this user may enter and write to, or run with sudo.',
        cause: error,
      },
    );
  }
}

async function statfs(ports: Ports, existing: string, to: string): Promise<FileSystemStats> {
  try {
    return await ports.files.statfs(at(ports, existing));
  } catch (error) {
    throw noFileSystem(to, messageOf(error));
  }
}

function mountsOf(mounts: Machine['mounts']): readonly Mount[] {
  if (mounts.known) return mounts.value;
  throw noFileSystem('the destination', mounts.why);
}

/** Model and serial of the disks one can hold in a hand: loop devices on the way down have none. */
async function hardwareBelow(
  machine: Machine,
  disks: Fact<readonly string[]>,
): Promise<Pick<DestinationFacts, 'model' | 'serial'>> {
  if (!disks.known) return { model: disks, serial: disks };
  const found = await Promise.all(disks.value.map((name) => describeDisk(machine, name)));
  const described = found.filter((device) => device !== null);
  const real = described.filter(({ kind }) => kind !== 'loop');
  const shown = real.length > 0 ? real : described;
  return { model: joined(shown.map(({ model }) => model)), serial: joined(shown.map(({ serial }) => serial)) };
}

async function describeDisk(machine: Machine, name: string): Promise<Device | null> {
  const block = await blockAt(machine.ports, `/sys/block/${name.replaceAll('/', '!')}`);
  return block === null ? null : describeBlock(machine, block);
}

function joined(facts: readonly Fact<string>[]): Fact<string> {
  if (facts.length === 0) return unknown('no disk of this station is below it');
  const lost = facts.find((fact) => !fact.known);
  if (lost !== undefined) return lost;
  return known(facts.flatMap((fact) => (fact.known ? [fact.value] : [])).join(', '));
}

function notAFolder(path: string): ExhibitError {
  return new ExhibitError('destination', 'destination.not-a-folder', `${visible(path)} is not a folder.`, {
    hint: 'Everything on the way to the evidence folder must be a folder, or not exist yet. Choose another --to.',
  });
}

function noFileSystem(to: string, why: string): ExhibitError {
  const message = `The file system that ${visible(to)} lies on can't be told: ${visible(why)}.`;
  return new ExhibitError('destination', 'destination.unknown-file-system', message, {
    hint: 'Mount /proc, or choose a folder on a mounted file system.',
  });
}
