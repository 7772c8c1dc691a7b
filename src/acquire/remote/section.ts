import { reasonsOf, valueOf, type Device } from '../../model/device.ts';
import { bug } from '../../model/errors.ts';
import type { Plan } from '../../model/plan.ts';
import type { RemoteDisk, RemoteFacts, RemoteTool, RemoteWays } from '../../model/remote.ts';
import { nothingCrossed, type RemoteSection } from '../../manifest/remote-schema.ts';

/** What is known of a disk of another machine before its first byte is read; null: it is on this station. Pure. */
export function remoteSection({ source, request }: Pick<Plan, 'source' | 'request'>): RemoteSection | null {
  const { remote } = source;
  if (remote === undefined) return null;
  const { address, link, machine, sizes, unlocked, ways } = remote;
  const { rights } = machine;
  if (rights === 'nobody') throw bug('a disk is read without the rights to read it');
  const { uses } = source.device;
  const frozen = request.remote?.frozen ?? null;
  return {
    address: { user: address.user, host: address.host, port: address.port, path: address.path },
    transport: link.transport,
    live: frozen === null,
    frozen_reason: frozen,
    reproducible: 'no',
    system: systemSection(machine, rights),
    tools: toolsSection(machine),
    sizes: { sysfs: source.identity.size, blockdev: valueOf(sizes.blockdev), lsblk: valueOf(sizes.lsblk) },
    uses: uses.known ? uses.value.map(({ kind, device, by }) => ({ kind, device, by })) : null,
    unlocked: unlocked.known ? unlocked.value.map(({ device, mapper, uuid }) => ({ device, mapper, uuid })) : null,
    reading: readingSection(ways),
    unknown: unknownOf(source.device, remote),
    connections: [],
    footprint: { run_count: 0, runs: [] },
    proof: { told_by: 'target', ...nothingCrossed() },
    second_pass: null,
  };
}

function systemSection(
  { hostname, system, uid, bootId, clock }: RemoteFacts,
  via: RemoteSection['system']['via'],
): RemoteSection['system'] {
  const told = valueOf(clock);
  return {
    hostname: valueOf(hostname),
    uname: valueOf(system),
    uid: valueOf(uid),
    via,
    boot_id: valueOf(bootId),
    clock: told && {
      theirs: told.theirs,
      ours: told.ours,
      offset: told.offset,
      round_trip: told.roundTrip,
      step: told.step,
    },
  };
}

function toolsSection({ tools }: RemoteFacts): RemoteSection['tools'] {
  const told = ([name, tool]: readonly [string, RemoteTool | null]) =>
    [name, tool && { path: tool.path, kind: tool.kind, version: tool.version }] as const;
  return Object.fromEntries(Object.entries(tools).map(told));
}

function readingSection(ways: RemoteWays): RemoteSection['reading'] {
  return {
    by_bytes: ways.byBytes,
    direct: ways.direct,
    program: ways.program,
    hash: ways.hash,
    connections: ways.connections,
    compress: ways.compress,
    modes: [...ways.modes],
    limit_rate: ways.limitRate,
  };
}

function unknownOf({ uses }: Pick<Device, 'uses'>, { machine, sizes, unlocked, direct }: RemoteDisk) {
  return reasonsOf({
    hostname: machine.hostname,
    uname: machine.system,
    uid: machine.uid,
    boot_id: machine.bootId,
    clock: machine.clock,
    'sizes.blockdev': sizes.blockdev,
    'sizes.lsblk': sizes.lsblk,
    uses,
    unlocked,
    direct,
    by_bytes: machine.ddByBytes,
    python: machine.python,
  });
}
