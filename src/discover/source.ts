import type { Stats } from 'node:fs';
import { resolve } from 'node:path';
import { chainIdentity } from '../model/chain-text.ts';
import { valueOf, type Device } from '../model/device.ts';
import type { SourceIdentity } from '../model/identity.ts';
import type { SourceFacts } from '../model/plan.ts';
import type { Ports } from '../system/ports.ts';
import { attributeText, isGone } from './attribute.ts';
import { blockAt, blockOfNumber } from './block.ts';
import { describeBlock } from './describe.ts';
import { observeMachine } from './machine.ts';
import { deviceNumber } from './number.ts';
import { at, fromRoot, resolveLinks } from './root.ts';
import { empty, missing, noDevice, partialSector, unreadable, vanished, wrongKind } from './source-errors.ts';

/**
 * What stands at the path the operator named: a block device, found by its number and not by its name, or a file.
 * @throws ExhibitError fault `source` (missing, empty, unreadable, not whole sectors, not in sysfs) or
 *   `usage` (a folder, a pipe, a character device)
 */
export async function findSource(ports: Ports, path: string): Promise<SourceFacts> {
  const { realPath, stats } = await lookAt(ports, path);
  if (stats.isBlockDevice()) return findBlock(ports, path, realPath, stats);
  if (!stats.isFile()) throw wrongKind(path, stats);
  if (stats.size === 0) throw empty(path, 'The file');
  await checkReadable(ports, path, realPath);
  return { kind: 'file', path, realPath, size: stats.size, identity: identityOfFile(stats) };
}

/**
 * Takes the identity again, from nothing remembered but the path.
 * @throws ExhibitError `source.vanished` when nothing, or something of another kind, stands there now
 */
export async function readIdentity(ports: Ports, facts: SourceFacts): Promise<SourceIdentity> {
  const stats = await ports.files.stat(at(ports, facts.realPath)).catch((error: unknown) => {
    throw isGone(error) ? vanished(facts) : unreadable(facts.realPath, error, ports);
  });
  if (facts.kind === 'file') {
    if (!stats.isFile()) throw vanished(facts);
    return identityOfFile(stats);
  }
  if (!stats.isBlockDevice()) throw vanished(facts);
  const device = await deviceOf(ports, stats);
  if (device === null) throw vanished(facts);
  return identityOfDevice(device);
}

/**
 * A quick look, for every place that fails to read: is the same device still there? Nothing but sysfs is asked.
 * @throws ExhibitError `source.vanished` when the device is gone, has another size, or is another disk by now
 */
export async function checkPresent(ports: Ports, facts: SourceFacts): Promise<void> {
  if (facts.kind === 'file') {
    const stats = await ports.files.statOrNull(at(ports, facts.realPath));
    if (stats?.isFile() !== true) throw vanished(facts);
    return;
  }
  const block = await blockOfNumber(ports, facts.identity.node);
  if (block?.size !== facts.identity.size) throw vanished(facts);
  const diskseq = await attributeText(ports, `${block.diskFolder}/diskseq`);
  if (diskseq !== facts.identity.diskseq) throw vanished(facts);
  // A loop device stays when the disk behind it is pulled, and fails everywhere.
  for (const name of facts.device.disks) {
    if ((await blockAt(ports, `/sys/block/${name.replaceAll('/', '!')}`)) === null) throw vanished(facts);
  }
}

async function lookAt(ports: Ports, path: string): Promise<{ realPath: string; stats: Stats }> {
  try {
    const realPath = await resolveLinks(ports, path.startsWith('/') ? path : resolve(path));
    return { realPath: fromRoot(ports, realPath), stats: await ports.files.stat(at(ports, realPath)) };
  } catch (error) {
    if (!isGone(error)) throw unreadable(path, error, ports);
    throw missing(path, error);
  }
}

async function findBlock(ports: Ports, path: string, realPath: string, stats: Stats): Promise<SourceFacts> {
  const device = await deviceOf(ports, stats);
  if (device === null) throw noDevice(path, deviceNumber(stats.rdev));
  if (device.size === 0) throw empty(path, 'The device');
  if (device.size % device.logicalSector !== 0) throw partialSector(path, device);
  await checkReadable(ports, path, realPath);
  return asSource(device, path, realPath);
}

/** A device as a source, for whoever judges it without opening it. */
export function asSource(device: Device, path = device.path, realPath = device.path): SourceFacts {
  return { kind: 'block', path, realPath, device, identity: identityOfDevice(device) };
}

async function deviceOf(ports: Ports, stats: Stats): Promise<Device | null> {
  const block = await blockOfNumber(ports, deviceNumber(stats.rdev));
  return block === null ? null : describeBlock(await observeMachine(ports), block);
}

function identityOfDevice(device: Device): SourceIdentity {
  return {
    kind: 'block',
    size: device.size,
    node: device.number,
    model: valueOf(device.model),
    serial: valueOf(device.serial),
    wwn: valueOf(device.wwn),
    diskseq: valueOf(device.diskseq),
    chain: device.chain.known ? chainIdentity(device.chain.value) : null,
    mtimeMs: null,
  };
}

function identityOfFile(stats: Stats): SourceIdentity {
  return {
    kind: 'file',
    size: stats.size,
    node: `${stats.dev}:${stats.ino}`,
    model: null,
    serial: null,
    wwn: null,
    diskseq: null,
    chain: null,
    mtimeMs: Math.floor(stats.mtimeMs),
  };
}

async function checkReadable(ports: Ports, path: string, realPath: string): Promise<void> {
  try {
    await (await ports.files.open(at(ports, realPath), 'read')).close();
  } catch (error) {
    throw unreadable(path, error, ports);
  }
}
