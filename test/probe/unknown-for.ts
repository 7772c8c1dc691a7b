import assert from 'node:assert/strict';
import type { Fact } from '../../src/model/device.ts';

/** Fails when a fact is claimed, or is unknown for another reason. */
export function unknownFor(fact: Fact<unknown>, why: RegExp, what = ''): void {
  assert.ok(!fact.known, `${what} claims ${JSON.stringify(fact)}`);
  assert.match(fact.why, why, what);
}
