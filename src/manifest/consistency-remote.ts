import { total } from '../model/range.ts';
import type { Manifest } from './schema.ts';

/** The laws of a source on another machine: whatever speaks of one speaks of the other. */
export function checkRemote(manifest: Manifest): string[] {
  const { source, acquisition, sessions } = manifest;
  const { remote } = source;
  const there = remote !== null;
  const laws: (readonly [holds: boolean, fault: string])[] = [
    [
      (source.held_by === 'remote-descriptor') === there,
      `source.held_by is ${source.held_by}, though the source is ${there ? 'on another machine' : 'on this station'}`,
    ],
    [
      (acquisition.reader.name === 'remote-dd') === there,
      `acquisition.reader.name is ${acquisition.reader.name}, though the source is ${there ? 'on another machine' : 'on this station'}`,
    ],
    [
      sessions.every(({ reader, attachments }) =>
        [reader.name === 'remote-dd', ...attachments.map(({ held_by }) => held_by === 'remote-descriptor')].every(
          (elsewhere) => elsewhere === there,
        ),
      ),
      'a session read the source on another machine than the manifest says',
    ],
  ];
  const all = there ? [...laws, ...lawsThere(manifest, remote)] : laws;
  return all.filter(([holds]) => !holds).map(([, fault]) => fault);
}

function lawsThere(
  { source, guard, read_map, source_check, acquisition, sessions, ...rest }: Manifest,
  remote: NonNullable<Manifest['source']['remote']>,
): (readonly [holds: boolean, fault: string])[] {
  const { live, frozen_reason, reproducible, proof, sizes, reading, connections } = remote;
  const came = sessions.reduce((sum, { attachments }) => sum + attachments.length, 0);
  const frozen = acquisition.overrides.find(({ option }) => option === 'frozen')?.reason ?? null;
  return [
    [rest.case.authority !== null, 'case.authority: it is not said by whose leave a running machine was read'],
    [source.kind === 'block', 'source.remote is set, though the source is no device'],
    [guard.verdict === 'not-applicable', `guard.verdict is ${guard.verdict} for a disk of a running machine`],
    [live === (frozen_reason === null), 'source.remote.live contradicts frozen_reason'],
    [frozen === frozen_reason, 'source.remote.frozen_reason is not the reason of the override'],
    [
      reproducible === 'no' || (!live && source_check.state === 'match'),
      'source.remote.reproducible: no second reading of a frozen disk agreed',
    ],
    [
      !(!live && source_check.state === 'match') || reproducible !== 'no',
      'source.remote.reproducible is no, though a second reading of a frozen disk agreed',
    ],
    [sizes.sysfs === source.size, 'source.remote.sizes.sysfs is not source.size'],
    [
      [sizes.blockdev, sizes.lsblk].every((size) => size === null || size === source.size),
      'source.remote.sizes: the size of the source was told differently',
    ],
    [
      proof.hashed_bytes <= proof.bytes && proof.hashed_ranges <= proof.ranges,
      'source.remote.proof: more is said to be hashed than came',
    ],
    [
      reading.hash !== null || proof.hashed_ranges === 0,
      'source.remote.proof: ranges were hashed there, though nothing there hashes',
    ],
    [
      proof.modes.none + proof.modes.zstd + proof.modes.gzip === proof.ranges,
      'source.remote.proof: the ranges by the way they crossed are not all ranges',
    ],
    [
      proof.modes.none !== proof.ranges || proof.wire_bytes === proof.bytes,
      'source.remote.proof: nothing was packed, and other bytes crossed than came',
    ],
    [
      (['zstd', 'gzip'] as const).every((mode) => reading.modes.includes(mode) || proof.modes[mode] === 0),
      'source.remote.proof: ranges crossed in a way that was not to be used',
    ],
    [
      proof.bytes + total(read_map.adopted) >= read_map.good,
      `source.remote.proof: ${proof.bytes} bytes came, and ${read_map.good} were read`,
    ],
    [
      proof.mismatches.every(({ told, ours }) => told !== ours),
      'source.remote.proof: a range whose hashes agree is said not to',
    ],
    [
      connections.length <= came,
      `source.remote.connections has ${connections.length}; the source was taken ${came} times`,
    ],
    [
      new Set(connections.map(({ host_key }) => host_key.fingerprint)).size <= 1,
      'source.remote.connections: the machine showed several host keys',
    ],
  ];
}
