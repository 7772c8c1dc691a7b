import { SCHEMES } from '../model/source-address.ts';
import { unaskedLaws } from './consistency-elsewhere.ts';
import { proofLaws } from './consistency-remote-proof.ts';
import type { RemoteSection as Remote } from './remote-schema.ts';
import type { Manifest } from './schema.ts';

type Law = readonly [holds: boolean, fault: string];

/** The laws of a source on another machine: whatever speaks of one speaks of the other. */
export function checkRemote(manifest: Manifest): string[] {
  const { source, acquisition, sessions } = manifest;
  const { remote } = source;
  const there = remote !== null;
  const { name } = acquisition.reader;
  const laws: Law[] = [
    [
      (source.held_by === 'remote-descriptor') === there,
      `source.held_by is ${source.held_by}, though the source is ${there ? 'on another machine' : 'on this station'}`,
    ],
    [
      isElsewhere(name) === there,
      `acquisition.reader.name is ${acquisition.reader.name}, though the source is ${there ? 'on another machine' : 'on this station'}`,
    ],
    [
      !there || (remote.reading.program === 'python3') === (name === 'remote-python'),
      `acquisition.reader.name is ${name}, though it was another program that read`,
    ],
    [
      sessions.every(({ reader, attachments }) =>
        [isElsewhere(reader.name), ...attachments.map(({ held_by }) => held_by === 'remote-descriptor')].every(
          (elsewhere) => elsewhere === there,
        ),
      ),
      'a session read the source on another machine than the manifest says',
    ],
  ];
  const all = there ? [...laws, ...lawsThere(manifest, remote)] : laws;
  return all.filter(([holds]) => !holds).map(([, fault]) => fault);
}

function isElsewhere(reader: Manifest['acquisition']['reader']['name']): boolean {
  return reader === 'remote-dd' || reader === 'remote-python';
}

function lawsThere(manifest: Manifest, remote: Remote): Law[] {
  return [
    ...placeLaws(manifest, remote),
    ...unaskedLaws(manifest),
    ...frozenLaws(manifest, remote),
    ...proofLaws(manifest, remote),
    ...connectionLaws(manifest, remote),
  ];
}

/** What it is, by whose leave, and what it was planned with. */
function placeLaws({ source, guard, acquisition, case: info }: Manifest, remote: Remote): Law[] {
  const { sizes, unlocked, system, footprint } = remote;
  const { clock } = system;
  const ciphertext = acquisition.overrides.some(({ option, reason }) => option === 'ciphertext' && reason !== null);
  return [
    [info.authority !== null, 'case.authority: it is not said by whose leave a running machine was read'],
    [source.kind === 'block', 'source.remote is set, though the source is no device'],
    [source.path.startsWith(SCHEMES.ssh), 'source.path is no address, though the source is on another machine'],
    [guard.verdict === 'not-applicable', `guard.verdict is ${guard.verdict} for a disk of a running machine`],
    [sizes.sysfs === source.size, 'source.remote.sizes.sysfs is not source.size'],
    [
      [sizes.blockdev, sizes.lsblk].every((size) => size === null || size === source.size),
      'source.remote.sizes: the size of the source was told differently',
    ],
    [
      ciphertext || (unlocked ?? []).length === 0,
      'source.remote.unlocked: the ciphertext of an open device was read, and no override gives a reason',
    ],
    [
      system.uid === null || (system.uid === 0) === (system.via === 'root'),
      `source.remote.system: uid ${system.uid} read it by the rights of ${system.via}`,
    ],
    [
      clock === null || clock.offset === clock.theirs - clock.ours,
      'source.remote.system.clock: the offset is not theirs less ours',
    ],
    [footprint.runs.length <= footprint.run_count, 'source.remote.footprint has more runs than there were'],
  ];
}

/** A disk that is in use can't be read the same again; of one that is said not to be, a second reading tells. */
function frozenLaws({ source_check, acquisition }: Manifest, remote: Remote): Law[] {
  const { live, frozen_reason, reproducible, second_pass } = remote;
  const { state } = source_check;
  const frozen = acquisition.overrides.find(({ option }) => option === 'frozen')?.reason ?? null;
  return [
    [live === (frozen_reason === null), 'source.remote.live contradicts frozen_reason'],
    [frozen === frozen_reason, 'source.remote.frozen_reason is not the reason of the override'],
    [
      !live || (!acquisition.settings.verify_source && state === 'not-done' && second_pass === null),
      'source.remote.live: a disk in use was read a second time, which proves nothing',
    ],
    [
      (reproducible === 'second-pass-agreed') === (state === 'match'),
      `source.remote.reproducible is ${reproducible}; the second reading was ${state}`,
    ],
  ];
}

/** A connection for each time that the disk was taken, to one machine that ran on, unless a reason is given. */
function connectionLaws({ sessions }: Manifest, { connections, system, proof }: Remote): Law[] {
  const taken = sessions.reduce((sum, { attachments }) => sum + attachments.length, 0);
  // A session that did not finish may have ended before it could tell.
  const untold = sessions.filter(({ how }) => how !== 'finished').length;
  const reasons = sessions
    .slice(1)
    .filter(({ overrides }) => overrides.some(({ option, reason }) => option === 'rebooted' && reason !== null)).length;
  const [first] = connections;
  return [
    [
      connections.length <= taken && connections.length >= taken - untold,
      `source.remote.connections has ${connections.length}; the source was taken ${taken} times`,
    ],
    [first !== undefined || proof.bytes === 0, 'source.remote.proof: bytes came, and no connection is told'],
    [
      first === undefined || first.boot_id === system.boot_id,
      'source.remote.system.boot_id is not that of the first connection',
    ],
    [
      new Set(connections.map(({ host_key }) => host_key.fingerprint)).size <= 1,
      'source.remote.connections: the machine showed several host keys',
    ],
    [
      bootChanges(connections.map(({ boot_id }) => boot_id)) <= reasons,
      'source.remote.connections: the machine was started anew, and no override gives a reason for going on',
    ],
  ];
}

/** How often one boot id follows another; one that is not known tells nothing, and hides nothing. */
export function bootChanges(ids: readonly (string | null)[]): number {
  const known = ids.filter((id) => id !== null);
  return known.filter((id, index) => index > 0 && id !== known[index - 1]).length;
}
