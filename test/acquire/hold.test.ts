import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { requireProtection } from '../../src/acquire/hold.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { RequiredProtection, Verdict, VerdictName } from '../../src/model/verdict.ts';
import { blockSource, request } from '../plan/facts.ts';

const verdict = (name: VerdictName): Verdict => ({ name, meaning: '', evidence: [] });

/** Whether a source that was planned with one verdict may be read with another. */
function may(
  planned: VerdictName,
  now: VerdictName,
  required: RequiredProtection,
  allowUnblocked: string | null = null,
): boolean {
  const asked = {
    ...request,
    settings: { ...request.settings, protection: required },
    overrides: { ...request.overrides, allowUnblocked },
  };
  const plan: Pick<Plan, 'verdict' | 'request' | 'source'> = {
    verdict: verdict(planned),
    request: asked,
    source: blockSource(),
  };
  try {
    requireProtection(plan, verdict(now));
    return true;
  } catch {
    return false;
  }
}

describe('protection at the first read, beside that of the plan', () => {
  test('as strong or stronger: it may be read', () => {
    assert.ok(may('operator-attested', 'operator-attested', 'operator-attested'));
    assert.ok(may('operator-attested', 'known-blocker', 'operator-attested'));
    assert.ok(may('none-observed', 'kernel-flag-only', 'kernel-flag-only'));
    assert.ok(may('not-applicable', 'not-applicable', 'known-blocker'));
  });

  test('weaker: only on somebody’s word', () => {
    assert.ok(!may('known-blocker', 'operator-attested', 'operator-attested'));
    assert.ok(may('known-blocker', 'none-observed', 'known-blocker', 'no blocker at hand'));
  });

  test('a contradiction is no strong verdict, and no word lets it pass', () => {
    assert.ok(!may('known-blocker', 'contradicted', 'none-observed'));
    assert.ok(!may('none-observed', 'contradicted', 'none-observed', 'no blocker at hand'));
  });

  test('what was a file at the plan and is a disk now has to be protected', () => {
    assert.ok(!may('not-applicable', 'none-observed', 'known-blocker'));
    assert.ok(!may('not-applicable', 'kernel-flag-only', 'kernel-flag-only'));
  });

  test('a flag that was promised at the plan and is not there: not read', () => {
    assert.ok(!may('none-observed', 'none-observed', 'kernel-flag-only'));
  });
});
