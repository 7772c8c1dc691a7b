import { SCHEMES } from '../model/source-address.ts';
import type { ReceivedSection } from './received-schema.ts';
import type { Manifest } from './schema.ts';

type Law = readonly [holds: boolean, fault: string];

/** Of a disk of another machine: no question of this station's reaches it, and nothing of this station stands before it. */
export function unaskedLaws({ guard, probes }: Manifest): Law[] {
  const { own, healthy, hpa, dco, partition_table, encryption_signs, not_looked_at, runs, runs_after } = probes;
  const { hardware, attested, declared, vendor_answer, counters_before, counters_after, set_read_only } = guard;
  return [
    [
      areNull(own, healthy, hpa, dco, partition_table, encryption_signs) && areEmpty(not_looked_at, runs, runs_after),
      'probes: a disk of another machine is said to have been asked',
    ],
    [
      areNull(hardware, attested, declared, vendor_answer, counters_before, counters_after) && areEmpty(set_read_only),
      'guard: something of this station is said to stand before a disk of another machine',
    ],
  ];
}

/** Of a disk that another machine sends, nobody looked at it: there is the operator's word for its size and path. */
export function unseenLaws({ source, guard, label, sessions }: Manifest, { disk }: ReceivedSection): Law[] {
  const { model, serial, revision, wwn, transport, by_id, device_kind, whole_disk, partitions, physical } = source;
  const taken = sessions.flatMap(({ attachments }) => attachments);
  return [
    [
      [source.path, ...taken.map(({ path }) => path)].every((path) => path.startsWith(SCHEMES.listen)),
      'source.path is no address at which a disk is waited for',
    ],
    [source.real_path === (disk ?? source.path), 'source.real_path is not the path that was said of the disk'],
    [
      areNull(model, serial, revision, wwn, transport, by_id, device_kind, whole_disk) &&
        areEmpty(partitions) &&
        !physical,
      'source: more is told of a disk that was sent than anybody saw',
    ],
    [
      [source.identity_before, ...taken.map(({ identity }) => identity)].every(
        (identity) => identity['size'] === source.size && isNameless(identity),
      ),
      'source.identity_before: a disk that was sent has no name, and the size that was said',
    ],
    [
      guard.bus === null &&
        areEmpty(guard.chain, guard.evidence_after) &&
        guard.evidence.every(({ fact }) => fact === 'surroundings'),
      'guard: more is told of the way to a disk that was sent than anybody saw',
    ],
    [
      label.comparisons.every(({ field, device }) => field === 'size' || device === null),
      'label.comparisons: a name of a disk that was sent is said to be known',
    ],
  ];
}

const SAID = new Set(['kind', 'size', 'node']);

function isNameless(identity: Manifest['source']['identity_before']): boolean {
  const others = Object.entries(identity).filter(([name]) => !SAID.has(name));
  return identity['kind'] === 'block' && identity['node'] === 'not here' && others.every(([, value]) => value === null);
}

function areNull(...values: readonly unknown[]): boolean {
  return values.every((value) => value === null);
}

function areEmpty(...lists: readonly (readonly unknown[])[]): boolean {
  return lists.every(({ length }) => length === 0);
}
