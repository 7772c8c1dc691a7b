import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import type { Manifest } from '../../src/manifest/schema.ts';
import { toldBy, type Told } from '../support/told.ts';
import { account, but, F, faultsOf, HASH, L, madeOf, OTHER, T, twice } from './remote-journal-support.ts';

const differed = { start: 0, end: 4096, told: HASH, ours: OTHER };
const often = (told: readonly Told[], which: number, mismatches: object[], more: object = {}): Told[] =>
  but(told, 'remote-account', (_, nth) => (nth === which ? { mismatches, ...more } : {}));

/** Two sessions in which no read failed. */
const NONE_FAILED = { failed_reads: { count: 0, ms: 0 } };
const calm = but(
  but(twice, 'checkpoint', () => NONE_FAILED),
  'read',
  () => NONE_FAILED,
);
const C: Manifest = { ...T, read_map: { ...T.read_map, ...NONE_FAILED } };

describe('a journal of ranges that arrived differently', () => {
  const given_up = [{ code: 'remote.reader-died', at: 0, why: 'x' }];
  const kept: Record<string, readonly [Manifest, readonly Told[]]> = {
    'a range arrived differently once, and another one': [
      L,
      often(toldBy(L), 0, [differed, { ...differed, end: 2048 }, { ...differed, start: 2048 }]),
    ],
    'a range arrived differently twice, and a program was given up': [
      L,
      often(toldBy(L), 0, [differed, differed], { given_up }),
    ],
    'a range arrived differently twice, and was asked for on another link': [T, often(twice, 0, [differed, differed])],
    'a range arrived differently in two readings': [
      F,
      but(toldBy(F), 'remote-account', () => ({ mismatches: [differed] })),
    ],
    'a range that was read ahead arrived differently, and again in its turn': [C, often(calm, 2, [differed, differed])],
  };
  for (const [name, [manifest, told]] of Object.entries(kept))
    test(`kept: ${name}`, () => {
      assert.deepEqual(faultsOf(madeOf(manifest, told), told), []);
    });

  const told = toldBy(L);
  const table: Record<string, [Manifest, readonly Told[], RegExp]> = {
    'a range that arrived differently twice, and all was read': [
      madeOf(L, often(told, 0, [differed, differed])),
      often(told, 0, [differed, differed]),
      /a range arrived differently a second time, which ends a reading/,
    ],
    'a range that arrived differently twice, as two accounts tell': [
      L,
      [...told.slice(0, 2), account(10, { mismatches: [differed] }), ...often(told, 0, [differed]).slice(2)],
      /a range arrived differently a second time, which ends a reading/,
    ],
    'a range that arrived differently three times in the second session': [
      C,
      often(calm, 2, [differed, differed, differed]),
      /a range arrived differently a second time, which ends a reading/,
    ],
  };
  for (const [name, [manifest, forged, fault]] of Object.entries(table))
    test(`forged: ${name}`, () => {
      const faults = faultsOf(manifest, forged);
      assert.ok(
        faults.some((line) => fault.test(line)),
        JSON.stringify(faults),
      );
    });
});
