import { known, unknown, type Device, type Fact } from '../model/device.ts';
import { errnoOf, messageOf } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';
import type {
  Compression,
  RemoteDisk,
  RemoteFacts,
  RemoteRequest,
  RemoteWays,
  UnlockedLayer,
  WireMode,
} from '../model/remote.ts';
import type { CommandResult } from '../system/run-command.ts';
import { formatSshAddress } from './address.ts';
import { errnoIn } from './errno.ts';
import type { RemoteMachine } from './remote-ports.ts';
import type { Unpacker } from './unpack.ts';

/** Channels of one connection where nothing else was asked for, by milliseconds there and back: each has a window of its own. */
const CONNECTIONS = [
  { from: 100, channels: 8 },
  { from: 10, channels: 4 },
  { from: 0, channels: 2 },
] as const;
const ASKS = 3;
/** Layers above a disk at most: what goes deeper goes round in circles. */
const DEPTH = 8;

/** What else is to be known of a disk over there before it is read: other ways of asking for its size, how dd reads it. */
export async function lookAtDisk(
  { ports, facts, shell, here, unpacker }: RemoteMachine,
  address: RemoteDisk['address'],
  device: Device,
  asked: RemoteRequest,
): Promise<RemoteDisk> {
  const { path } = device;
  const run = (...argv: string[]): Promise<CommandResult> => ports.commands.run(argv);
  const blockdev = sizeOf(await run('blockdev', '--getsize64', path));
  const lsblk = sizeOf(await run('lsblk', '--bytes', '--nodeps', '--noheadings', '--output', 'SIZE', path));
  const bytes = Math.max(device.logicalSector, 4096);
  const direct = directOf(await run('dd', `if=${path}`, `bs=${bytes}`, 'count=1', 'iflag=direct'));
  return {
    address,
    link: shell.facts,
    machine: facts,
    here,
    sizes: { blockdev, lsblk },
    direct,
    unlocked: await unlockedLayers(ports.files, address, device),
    ways: waysOf(facts, direct, asked, await roundTripOf(ports), unpacker),
  };
}

/** Milliseconds of a question over a channel that stands, at best: what a command's start takes is no part of the way. */
async function roundTripOf({ files, clock }: Pick<Ports, 'files' | 'clock'>): Promise<number> {
  let best = Infinity;
  for (let asked = 0; asked < ASKS; asked += 1) {
    const since = clock.monotonicMs();
    await files.readText('/proc/sys/kernel/random/boot_id').catch(() => '');
    best = Math.min(best, clock.monotonicMs() - since);
  }
  return best;
}

/**
 * How it is read, of what is there. Pure.
 * @param roundTrip milliseconds
 * @param unpacker the station's
 */
export function waysOf(
  facts: RemoteFacts,
  direct: Fact<boolean>,
  { program, connections, compress, limitRate }: RemoteRequest,
  roundTrip: number,
  unpacker: Pick<Unpacker, 'can'>,
): RemoteWays {
  const { tools, devFd, ddByBytes, python } = facts;
  const has = (name: string): boolean => (tools[name] ?? null) !== null;
  const inOneRead = has('tee') && devFd.known && devFd.value;
  return {
    byBytes: ddByBytes.known && ddByBytes.value,
    direct: direct.known && direct.value,
    // One program without pipes: what is sent costs a third of the time, and is hashed in any case.
    program: program === 'auto' && python.known && python.value ? 'python3' : 'dd',
    hash: inOneRead ? (facts.hashTools[0] ?? null) : null,
    connections: connections ?? CONNECTIONS.find(({ from }) => roundTrip >= from)?.channels ?? 2,
    compress,
    modes: modesOf(compress, (mode) => inOneRead && has('wc') && has(mode) && unpacker.can(mode)),
    limitRate,
  };
}

/** What is asked for and can't be had is not used: plain is left. */
function modesOf(compress: Compression, can: (mode: WireMode) => boolean): readonly WireMode[] {
  if (compress === 'none') return ['none'];
  if (compress !== 'auto') return can(compress) ? [compress] : ['none'];
  const packer = (['zstd', 'gzip'] as const).find(can);
  return packer === undefined ? ['none'] : ['none', packer];
}

function sizeOf({ exit, stdout, stderr, failure }: CommandResult): Fact<number> {
  const text = stdout.trim();
  if (exit === 0 && /^\d{1,16}$/.test(text)) return known(Number(text));
  return unknown(failure === 'missing' ? 'it is not there' : (failure ?? (stderr.trim() || `it printed "${text}"`)));
}

/** A bad first sector says nothing against the way it was read. */
function directOf({ exit, stderr, failure }: CommandResult): Fact<boolean> {
  if (failure !== null) return unknown(`dd: ${failure}`);
  return known(exit === 0 || errnoIn(stderr) === 'EIO');
}

/** Walks up from a disk and its partitions: device-mapper names its encrypted devices `CRYPT-…`. */
async function unlockedLayers(
  files: RemoteMachine['ports']['files'],
  address: RemoteDisk['address'],
  device: Device,
): Promise<Fact<readonly UnlockedLayer[]>> {
  const found: UnlockedLayer[] = [];
  const text = async (path: string): Promise<string | null> =>
    files.readText(path).then(
      (content) => content.trim(),
      (error: unknown) => {
        if (errnoOf(error) === 'ENOENT') return null;
        throw error;
      },
    );
  const walk = async (name: string, depth: number): Promise<void> => {
    if (depth > DEPTH) return;
    for (const holder of await files.readDir(`/sys/class/block/${name}/holders`)) {
      const uuid = await text(`/sys/class/block/${holder}/dm/uuid`);
      if (uuid?.startsWith('CRYPT-') === true) {
        const called = await text(`/sys/class/block/${holder}/dm/name`);
        const mapper = called === null ? `/dev/${holder}` : `/dev/mapper/${called}`;
        found.push({
          device: `/dev/${name}`,
          mapper,
          uuid,
          address: formatSshAddress({ ...address, path: mapper }),
        });
      }
      await walk(holder, depth + 1);
    }
  };
  try {
    for (const { name } of [device, ...device.partitions]) await walk(name.replaceAll('/', '!'), 0);
    return known(found);
  } catch (error) {
    return unknown(messageOf(error));
  }
}
