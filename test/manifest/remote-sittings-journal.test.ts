import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import type { Manifest } from '../../src/manifest/schema.ts';
import { pulledOut, resumedAt } from '../support/resumed.ts';
import { toldBy, type Told } from '../support/told.ts';
import {
  account,
  but,
  F,
  faultsOf,
  HASH,
  head,
  L,
  madeOf,
  OTHER,
  OTHER_BOOT,
  T,
  twice,
} from './remote-journal-support.ts';

type Row = readonly [Manifest, readonly Told[], RegExp];

const [first, second] = [toldBy(L), toldBy(F)];
const differed = { start: 0, end: 4096, told: HASH, ours: OTHER };
const NOT_HASHED = { hashed_ranges: 0, hashed_bytes: 0 };

/** These records in place of the first of this type. */
function inPlace(told: readonly Told[], type: string, ...more: Told[]): Told[] {
  const at = told.findIndex((each) => each.type === type);
  return [...told.slice(0, at), ...more, ...told.slice(at + 1)];
}

const before = (told: readonly Told[], type: string, ...more: Told[]): Told[] =>
  inPlace(
    told,
    type,
    ...more,
    told.find((each) => each.type === type)!,
  );

/** Where nothing there hashed. */
const silent = (told: readonly Told[]): Told[] =>
  but(
    told,
    'begin',
    head(({ reading }) => ({ reading: { ...reading, hash: null } })),
  );

/** Asked to be read twice, or not. */
const asked = (told: readonly Told[], live: boolean, verify_source: boolean): Told[] =>
  but(told, 'begin', (data) => {
    const { head: begun } = head((remote) => ({ ...remote, live }))(data, 0) as { head: Manifest };
    const settings = { ...begun.acquisition.settings, verify_source };
    return { head: { ...begun, acquisition: { ...begun.acquisition, settings } } };
  });

/** Another start of the machine in the second session, which it goes on with by this override. */
const anew = (option: string, reason: string | null): Told[] =>
  but(
    but(twice, 'resumed', (data, nth) =>
      head((remote) => ({ system: { ...remote.system, boot_id: OTHER_BOOT } }), [{ option, reason }])(data, nth),
    ),
    'remote-connected',
    (_, nth) => (nth === 2 ? { boot_id: OTHER_BOOT } : {}),
  );

const stopped: Told = { type: 'stopped', data: { code: 'interrupted', message: 'stopped', disturbances: [] } };
const adopted = (start: number, end: number): Told => ({
  type: 'adopted',
  data: { map_sha256: HASH, comment: '', ranges: [{ start, end, status: 'good' }], extents: [] },
});
const counted = (bytes: readonly number[]) => (data: Record<string, unknown>, nth: number) => ({
  bytes: bytes[nth] ?? data['bytes'],
});

/** The second session's own reading begins here. */
const last = twice.findLastIndex(({ type }) => type === 'checkpoint');

const HASHES = /hashes in a session in which nothing there hashed/;
const SECOND = /second reading of a disk in use/;
const PART = /a second reading came to its end with/;
const LESS = /grows less in a session/;
const ENDS = /a range arrived differently a second time/;
const ANEW = /goes on with a machine that was started anew, and gives no reason/;
const LIVE = /calls the disk live, or not, where the first did otherwise/;
const UNREACHED = /tells of reading before any connection/;
const CAME = /session \d+ reads \d+ bytes, and \d+ came/;

describe('sessions on another machine, forged', () => {
  const table: Record<string, Row> = {
    'hashed the second time, where nothing hashes': [
      F,
      but(silent(second), 'remote-account', (_, nth) => (nth === 0 ? NOT_HASHED : {})),
      HASHES,
    ],
    'hashed in one account of two, where nothing hashes': [
      L,
      before(silent(first), 'remote-account', account(10, NOT_HASHED)),
      HASHES,
    ],
    'a mismatch, where nothing hashes': [
      L,
      but(silent(first), 'remote-account', () => ({ ...NOT_HASHED, mismatches: [differed] })),
      HASHES,
    ],
    'a second reading that nobody asked for': [F, asked(second, false, false), SECOND],
    'a second reading that was asked for, of a disk in use': [F, asked(second, true, true), SECOND],
    'ranges that fall': [L, before(first, 'remote-account', account(10, { ranges: 3 })), LESS],
    'bytes that fall': [L, before(first, 'remote-account', account(20_000, { hashed_bytes: 10 })), LESS],
    'hashed bytes that fall': [L, before(first, 'remote-account', account(10, { hashed_bytes: 20_000 })), LESS],
    'started anew, and no word why': [T, anew('rebooted', null), ANEW],
    'started anew, and the reason of something else': [T, anew('allow-unblocked', 'x'), ANEW],
    'started anew for a reason, and once more without': [
      T,
      [
        ...anew('rebooted', 'power was lost'),
        resumedAt(L, L.source.size, 'R. Roe'),
        twice.find(({ type }) => type === 'remote-connected')!,
      ],
      ANEW,
    ],
    'in use at first, and not later, for the same reason': [
      T,
      but(
        twice,
        'resumed',
        head(() => ({ live: false })),
      ),
      LIVE,
    ],
    'in use, for a reason of its own': [
      T,
      but(
        twice,
        'resumed',
        head(() => ({ frozen_reason: 'x' })),
      ),
      LIVE,
    ],
    'a byte more than came in the first session': [T, but(twice, 'remote-account', counted([4500, 5999])), CAME],
    'a byte more than came and was adopted': [
      T,
      but(
        [...twice.slice(0, last), adopted(6000, 6999), ...twice.slice(last)],
        'remote-account',
        counted([4500, 6000, 3000]),
      ),
      CAME,
    ],
  };
  for (const [name, [manifest, told, fault]] of Object.entries(table))
    test(name, () => {
      const faults = faultsOf(madeOf(manifest, told), told);
      assert.ok(
        faults.some((line) => fault.test(line)),
        JSON.stringify(faults),
      );
    });
});

describe('sessions on another machine, kept', () => {
  const part = { bytes: 9488, hashed_bytes: 9488 };
  const table: Record<string, Row> = {
    'nothing there hashes, and nothing is said to': [L, but(silent(first), 'remote-account', () => NOT_HASHED), HASHES],
    'a second reading in two accounts': [
      F,
      inPlace(second, 'second-read', { type: 'second-read', data: {} }, account(5000)),
      PART,
    ],
    'a part was unreadable the second time': [
      F,
      but(
        but(second, 'remote-account', (_, nth) => (nth === 1 ? part : {})),
        'source-check',
        () => ({ unreadable: [{ start: 0, end: 512, first_sector: 0, end_sector: 1, errno: 'EIO', attempts: 1 }] }),
      ),
      PART,
    ],
    'a session that did not reach it': [T, before(twice, 'resumed', resumedAt(L, 6000, 'R. Roe'), stopped), UNREACHED],
    'a session in which nothing came': [T, before(twice, 'resumed', resumedAt(L, 6000, 'R. Roe'), stopped), CAME],
    'what another program had read': [
      T,
      but(
        [...twice.slice(0, last), adopted(6000, 7000), ...twice.slice(last)],
        'remote-account',
        counted([4500, 6000, 3000]),
      ),
      CAME,
    ],
    'a session that ended before all was read may end for what arrived differently': [
      T,
      but(
        twice.filter(({ type }) => type !== 'reconnected' && type !== 'paused'),
        'remote-account',
        (_, nth) => (nth === 0 ? { mismatches: [differed, differed] } : {}),
      ),
      ENDS,
    ],
    'a read failed, and the range was asked for again': [
      T,
      but(twice, 'remote-account', (_, nth) => (nth === 2 ? { mismatches: [differed, differed, differed] } : {})),
      ENDS,
    ],
    'a program was given up in one account, and not in the other': [
      L,
      before(
        but(first, 'remote-account', () => ({ mismatches: [differed] })),
        'remote-account',
        account(10, { mismatches: [differed], given_up: [{ code: 'remote.reader-died', at: 0, why: 'x' }] }),
      ),
      ENDS,
    ],
    'it went away, and the range was asked for on another link': [
      L,
      before(
        but(first, 'remote-account', () => ({ mismatches: [differed, differed] })),
        'read',
        ...pulledOut(L, 0),
      ),
      ENDS,
    ],
  };
  for (const [name, [manifest, told, never]] of Object.entries(table))
    test(name, () => {
      const faults = faultsOf(madeOf(manifest, told), told);
      assert.deepEqual(
        faults.filter((line) => never.test(line)),
        [],
      );
    });
});
