import { contradictions } from '../../src/manifest/consistency-journal.ts';
import { checkChain, type JournalRecord } from '../../src/manifest/journal-chain.ts';
import { remoteEnd, remoteTold } from '../../src/manifest/remote-account.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { resumed } from '../support/resumed.ts';
import { sampleManifest } from '../support/sample-manifest.ts';
import { BOOT_ID, frozenManifest, remoteManifest } from '../support/sample-remote.ts';
import { startOf } from '../support/sample-start.ts';
import { journalOf, toldBy, withSessions, type Told } from '../support/told.ts';

export const L = remoteManifest();
export const F = frozenManifest();
export const S = sampleManifest();
export const OTHER_BOOT = BOOT_ID.replace('0f', '1f');
export const HASH = 'a'.repeat(64);
export const OTHER = 'b'.repeat(64);

export const recordsOf = (told: readonly Told[]): readonly JournalRecord[] => checkChain(journalOf(told).bytes).records;

export function faultsOf(manifest: Manifest, told: readonly Told[]): string[] {
  return contradictions(manifest, recordsOf(told));
}

/** The manifest that whoever forged the journal would make of it. */
export function madeOf(manifest: Manifest, told: readonly Told[]): Manifest {
  const made = withSessions(manifest, told);
  const remote = remoteEnd(startOf(manifest).head.source.remote, remoteTold(recordsOf(told)), made.source_check.state);
  return { ...made, source: { ...made.source, remote } };
}

type Change = (data: Record<string, unknown>, nth: number) => object;

/** The same records, but for those of one type. */
export function but(told: readonly Told[], type: string, change: Change): Told[] {
  let nth = -1;
  return told.map((each) => {
    if (each.type !== type) return each;
    nth += 1;
    return { type, data: { ...each.data, ...change(each.data, nth) } };
  });
}

export const without = (told: readonly Told[], type: string): Told[] => told.filter((each) => each.type !== type);
/** Connected once, behind the first record of this type; nothing is told of what came. */
export function reachedBehind(told: readonly Told[], type: string): Told[] {
  const connected = told.find((each) => each.type === 'remote-connected');
  const rest = without(without(told, 'remote-connected'), 'remote-account');
  const at = rest.findIndex((each) => each.type === type) + 1;
  return connected === undefined ? [] : [...rest.slice(0, at), connected, ...rest.slice(at)];
}
export const account = (bytes: number, more: object = {}): Told => ({
  type: 'remote-account',
  data: {
    ranges: 1,
    bytes,
    hashed_ranges: 1,
    hashed_bytes: bytes,
    wire_bytes: bytes,
    modes: { none: 1, zstd: 0, gzip: 0 },
    mismatches: [],
    given_up: [],
    run_count: 0,
    runs: [],
    ...more,
  },
});

/** Reached, cut off after 6000 bytes, and gone on with. */
function twoSittings(sample: Manifest): Told[] {
  const connected = toldBy(sample).filter(({ type }) => type === 'remote-connected');
  const plain = without(without(resumed(sample).told, 'remote-connected'), 'remote-account');
  let checkpoints = 0;
  return plain.flatMap((each) => {
    if (each.type === 'checkpoint') return [account([4500, 6000, 4000][checkpoints++] ?? 0), each];
    return ['begin', 'resumed', 'reconnected'].includes(each.type) ? [each, ...connected] : [each];
  });
}

export const twice = twoSittings(L);
export const T = madeOf(resumed(L).manifest, twice);
export const head = (
  change: (remote: NonNullable<Manifest['source']['remote']>) => object,
  overrides?: object[],
): Change => {
  return (data) => {
    const begun = data['head'] as ReturnType<typeof startOf>['head'];
    const remote = { ...begun.source.remote!, ...change(begun.source.remote!) };
    const acquisition = overrides === undefined ? begun.acquisition : { ...begun.acquisition, overrides };
    return { head: { ...begun, source: { ...begun.source, remote }, acquisition } };
  };
};
export const bootOf = (boot_id: string) => head((remote) => ({ system: { ...remote.system, boot_id } }));
