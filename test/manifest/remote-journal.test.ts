import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { remoteTold } from '../../src/manifest/remote-account.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { resumed } from '../support/resumed.ts';
import { BOOT_ID } from '../support/sample-remote.ts';
import { startOf } from '../support/sample-start.ts';
import { toldBy, type Told } from '../support/told.ts';
import {
  L,
  F,
  S,
  OTHER_BOOT,
  HASH,
  OTHER,
  recordsOf,
  faultsOf,
  madeOf,
  but,
  without,
  reachedBehind,
  account,
  twice,
  T,
  head,
  bootOf,
} from './remote-journal-support.ts';

describe('a journal of a source on another machine', () => {
  test('that is told as it was: of one session, of two, read twice', () => {
    for (const [manifest, told] of [
      [L, toldBy(L)],
      [F, toldBy(F)],
      [T, twice],
      [S, toldBy(S)],
      [resumed(S).manifest, resumed(S).told],
    ] as const)
      assert.deepEqual(faultsOf(manifest, told), []);
    assert.deepEqual(T.source.remote?.proof.bytes, 10_000);
    assert.equal(T.source.remote.connections.length, 3);
  });

  test('started anew between two sessions: kept where the second gives a reason', () => {
    const anew = but(
      but(twice, 'resumed', (data, nth) => {
        const given = [{ option: 'rebooted', reason: 'power was lost' }];
        return head((remote) => ({ system: { ...remote.system, boot_id: OTHER_BOOT } }), given)(data, nth);
      }),
      'remote-connected',
      (_, nth) => (nth === 2 ? { boot_id: OTHER_BOOT } : {}),
    );
    assert.deepEqual(faultsOf(madeOf(T, anew), anew), []);
  });

  test('a record of another kind is no connection', () => {
    const hint = { type: 'hint', data: { ...toldBy(L)[1]!.data, boot_id: OTHER_BOOT } };
    const more = [...twice.slice(0, -1), hint, ...twice.slice(-1)];
    assert.deepEqual(faultsOf(madeOf(T, more), more), []);
  });

  test('nobody knows the boot id when it came back', () => {
    const silent = but(twice, 'remote-connected', (_, nth) => (nth === 1 ? { boot_id: null } : {}));
    assert.deepEqual(faultsOf(madeOf(T, silent), silent), []);
  });

  test('a second reading is counted for itself; what was found in one that was cut off is not lost', () => {
    const found = { start: 0, end: 4096, told: HASH, ours: OTHER };
    const second = [{ type: 'second-read', data: {} }, account(2000, { mismatches: [found] })];
    const told = [
      ...twice.slice(
        0,
        twice.findIndex(({ type }) => type === 'resumed'),
      ),
      ...second,
      { type: 'resumed', data: { from: 10_000 } },
      { type: 'second-read', data: {} },
      account(9000),
      account(10_000),
    ];
    const { proof, second_pass } = remoteTold(recordsOf(told));
    assert.deepEqual([proof.bytes, proof.mismatches], [6000, []]);
    assert.deepEqual([second_pass?.bytes, second_pass?.mismatches], [10_000, [found]]);
  });
});

describe('a forged journal of a source on another machine', () => {
  const told = toldBy(L);
  const table: Record<string, [Manifest, readonly Told[], RegExp]> = {
    'told otherwise than the manifest says': [
      L,
      but(told, 'remote-account', () => ({ mismatches: [{ start: 0, end: 512, told: HASH, ours: OTHER }] })),
      /source\.remote is not what it tells of the other machine/,
    ],
    'no account of what came': [L, without(told, 'remote-account'), /not what it tells of the other machine/],
    'another machine than it began with': [
      { ...L, source: { ...L.source, remote: { ...L.source.remote!, transport: 'openssh' } } },
      told,
      /not what it tells of the other machine/,
    ],
    'agreed, and the check differed': [
      F,
      but(toldBy(F), 'source-check', () => ({ state: 'mismatch', differing: [{ start: 0, end: 512 }] })),
      /second read of the source was mismatch/,
    ],
    'a connection that is none': [
      L,
      but(told, 'remote-connected', () => ({ host_key: 'x' })),
      /record 1 is not what a record of type remote-connected holds/,
    ],
    'an account that is none': [
      L,
      but(told, 'remote-account', () => ({ bytes: -1 })),
      /record 2 is not what a record of type remote-account holds/,
    ],
    'of a source of this station, with a connection': [
      S,
      [...toldBy(S).slice(0, 1), told[1]!, ...toldBy(S).slice(1)],
      /tells of another machine, and its source is on this station/,
    ],
    'read here first, and there later': [
      resumed(S).manifest,
      but(resumed(S).told, 'resumed', (data) => {
        const begun = data['head'] as ReturnType<typeof startOf>['head'];
        return { head: { ...begun, source: { ...begun.source, remote: startOf(L).head.source.remote } } };
      }),
      /a session of it reads a source on another machine/,
    ],
    'read there first, and here later': [
      T,
      but(twice, 'resumed', (data) => {
        const begun = data['head'] as ReturnType<typeof startOf>['head'];
        return { head: { ...begun, source: { ...begun.source, remote: null } } };
      }),
      /a session of it reads a source that is not on another machine/,
    ],
    'read before it was reached': [
      L,
      [told[0]!, told[2]!, told[1]!, ...told.slice(3)],
      /tells of reading before any connection/,
    ],
    'read to the end before it was reached': [L, reachedBehind(told, 'read'), /tells of reading before any connection/],
    'a checkpoint before it was reached': [
      T,
      reachedBehind(
        twice.filter(({ type }) => type !== 'resumed'),
        'checkpoint',
      ),
      /tells of reading before any connection/,
    ],
    'of a source of this station, with a session that does not say what it read': [
      resumed(S).manifest,
      but(resumed(S).told, 'resumed', () => ({ head: null })),
      /is not what a record of type resumed holds/,
    ],
    'read without being reached': [L, without(told, 'remote-connected'), /tells of reading before any connection/],
    'counts that fall': [L, [...told.slice(0, 2), account(20_000), ...told.slice(2)], /grows less in a session/],
    'counts of hashes that fall': [
      L,
      [...told.slice(0, 2), account(9000, { hashed_ranges: 3 }), ...told.slice(2)],
      /grows less in a session/,
    ],
    'counts that fall in a second reading': [
      F,
      toldBy(F).flatMap((each) => (each.type === 'second-read' ? [each, account(20_000)] : [each])),
      /grows less in a session/,
    ],
    'hashes in a session where nothing hashed': [
      T,
      but(
        twice,
        'resumed',
        head(({ reading }) => ({ reading: { ...reading, hash: null } })),
      ),
      /hashes in a session in which nothing there hashed/,
    ],
    'a second reading of a disk in use': [
      L,
      [...told.slice(0, -1), { type: 'second-read', data: {} }, ...told.slice(-1)],
      /second reading of a disk in use/,
    ],
    'a second reading of a part': [
      F,
      but(toldBy(F), 'remote-account', (_, nth) => (nth === 1 ? { bytes: 9000, hashed_bytes: 9000 } : {})),
      /second reading came to its end with 9000 bytes/,
    ],
    'a second reading for which the first stands in': [
      F,
      but(without(toldBy(F), 'second-read'), 'remote-account', (_, nth) => (nth === 1 ? { bytes: 20_000 } : {})),
      /second reading came to its end with 0 bytes/,
    ],
    'started anew in the middle of a session': [
      T,
      but(twice, 'remote-connected', (_, nth) => (nth === 1 ? { boot_id: OTHER_BOOT } : {})),
      /started anew in the middle of a session/,
    ],
    'another start than the session was planned with': [
      T,
      but(twice, 'resumed', bootOf(OTHER_BOOT)),
      /started anew in the middle of a session/,
    ],
    'started anew between two sessions, and no reason': [
      T,
      but(but(twice, 'resumed', bootOf(OTHER_BOOT)), 'remote-connected', (_, nth) =>
        nth === 2 ? { boot_id: OTHER_BOOT } : {},
      ),
      /goes on with a machine that was started anew, and gives no reason/,
    ],
    'started anew in the middle of a session, and silent in between': [
      T,
      but(
        but(twice, 'remote-connected', (_, nth) => (nth === 1 ? { boot_id: null } : {})),
        'remote-connected',
        (_, nth) => (nth === 2 ? { boot_id: OTHER_BOOT } : {}),
      ).filter(({ type }) => type !== 'resumed'),
      /started anew in the middle of a session/,
    ],
    'started anew between two sessions, and the first learned late when it was started': [
      T,
      but(
        but(
          but(
            twice,
            'begin',
            head((remote) => ({ system: { ...remote.system, boot_id: null } })),
          ),
          'resumed',
          bootOf(OTHER_BOOT),
        ),
        'remote-connected',
        (_, nth) => ({ boot_id: [null, BOOT_ID, OTHER_BOOT][nth] ?? null }),
      ),
      /goes on with a machine that was started anew, and gives no reason/,
    ],
    'started anew between two sessions, and the second learns it late': [
      T,
      but(
        but(
          twice,
          'resumed',
          head((remote) => ({ system: { ...remote.system, boot_id: null } })),
        ),
        'remote-connected',
        (_, nth) => (nth === 2 ? { boot_id: OTHER_BOOT } : {}),
      ),
      /goes on with a machine that was started anew, and gives no reason/,
    ],
    'live at first, and frozen later': [
      T,
      but(
        twice,
        'resumed',
        head(() => ({ live: false, frozen_reason: 'x' })),
      ),
      /calls the disk live, or not, where the first did otherwise/,
    ],
    'a session that reads what did not come in it': [
      T,
      but(twice, 'remote-account', (data, nth) => ({ bytes: [8500, 8500, 1500][nth] ?? data['bytes'] })),
      /session 1 reads 4000 bytes, and 1500 came/,
    ],
  };
  for (const [name, [manifest, records, fault]] of Object.entries(table)) {
    test(name, () => {
      const faults = [...faultsOf(manifest, records), ...faultsOf(madeOf(manifest, records), records)];
      assert.ok(
        faults.some((line) => fault.test(line)),
        JSON.stringify(faults),
      );
    });
  }
});
