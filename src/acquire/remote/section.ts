import { reasonsOf, valueOf } from '../../model/device.ts';
import { bug } from '../../model/errors.ts';
import type { Plan } from '../../model/plan.ts';
import { nothingCrossed, type RemoteSection } from '../../manifest/remote-schema.ts';

/** What is known of a disk of another machine before its first byte is read; null: it is on this station. Pure. */
export function remoteSection({ source, request }: Pick<Plan, 'source' | 'request'>): RemoteSection | null {
  const { remote } = source;
  if (remote === undefined) return null;
  const { address, link, machine, sizes, unlocked, ways } = remote;
  if (machine.rights === 'nobody') throw bug('a disk is read without the rights to read it');
  const { uses } = source.device;
  const frozen = request.remote?.frozen ?? null;
  const clock = valueOf(machine.clock);
  const { hostname, system, uid, bootId } = machine;
  return {
    address: { user: address.user, host: address.host, port: address.port, path: address.path },
    transport: link.transport,
    live: frozen === null,
    frozen_reason: frozen,
    reproducible: 'no',
    system: {
      hostname: valueOf(hostname),
      uname: valueOf(system),
      uid: valueOf(uid),
      via: machine.rights,
      boot_id: valueOf(bootId),
      clock:
        clock === null
          ? null
          : {
              theirs: clock.theirs,
              ours: clock.ours,
              offset: clock.offset,
              round_trip: clock.roundTrip,
              step: clock.step,
            },
    },
    tools: Object.fromEntries(
      Object.entries(machine.tools).map(([name, tool]) => [
        name,
        tool === null ? null : { path: tool.path, kind: tool.kind, version: tool.version },
      ]),
    ),
    sizes: { sysfs: source.identity.size, blockdev: valueOf(sizes.blockdev), lsblk: valueOf(sizes.lsblk) },
    uses: uses.known ? uses.value.map(({ kind, device, by }) => ({ kind, device, by })) : null,
    unlocked: unlocked.known ? unlocked.value.map(({ device, mapper, uuid }) => ({ device, mapper, uuid })) : null,
    reading: {
      by_bytes: ways.byBytes,
      direct: ways.direct,
      program: ways.program,
      hash: ways.hash,
      connections: ways.connections,
      compress: ways.compress,
      modes: [...ways.modes],
      limit_rate: ways.limitRate,
    },
    unknown: reasonsOf({
      hostname,
      uname: system,
      uid,
      boot_id: bootId,
      clock: machine.clock,
      'sizes.blockdev': sizes.blockdev,
      'sizes.lsblk': sizes.lsblk,
      uses,
      unlocked,
      direct: remote.direct,
      by_bytes: machine.ddByBytes,
      python: machine.python,
    }),
    connections: [],
    footprint: { run_count: 0, runs: [] },
    proof: { told_by: 'target', ...nothingCrossed() },
    second_pass: null,
  };
}
