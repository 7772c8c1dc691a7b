import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import type { ListenRequest } from '../../src/model/listen.ts';
import type { SourceFacts } from '../../src/model/plan.ts';
import type { AcquireRequest } from '../../src/model/request.ts';
import { planAcquisition } from '../../src/plan/plan.ts';
import { blockSource, factsWith } from './facts.ts';

const ASKED: ListenRequest = {
  address: { host: '192.0.2.1', port: 9000, path: '/dev/sda' },
  ...{ size: 512 * 1024, allowed: ['192.0.2.7/32'], plaintext: null, reachedBy: null },
};

interface Case {
  readonly asked?: Partial<ListenRequest>;
  readonly case?: Partial<AcquireRequest['caseInfo']>;
  readonly settings?: Partial<AcquireRequest['settings']>;
  readonly overrides?: Partial<AcquireRequest['overrides']>;
  readonly origins?: Partial<AcquireRequest['origins']>;
  readonly label?: Partial<AcquireRequest['label']>;
}

/** Codes of what is refused, and of what is said beside it, and what to do about it. */
function planned({ asked, origins, ...on }: Case): { refused: string[]; said: string[]; hints: string } {
  const source: SourceFacts = { ...blockSource(), received: { ...ASKED, ...asked } } as SourceFacts;
  const facts = factsWith({ source });
  const request: AcquireRequest = {
    ...facts.request,
    caseInfo: { ...facts.request.caseInfo, authority: 'warrant', ...on.case },
    label: { ...facts.request.label, ...on.label },
    settings: { ...facts.request.settings, verifySource: false, retries: 0, recovery: 'in-line', ...on.settings },
    overrides: { ...facts.request.overrides, softwareBlock: false, ...on.overrides },
    origins: { ...facts.request.origins, ...origins },
  };
  const verdict = { ...facts.verdict, name: 'not-applicable' as const };
  const result = planAcquisition({ ...facts, request, verdict });
  const said = result.ok ? result.plan.findings : result.findings;
  const refusals = result.ok ? [] : result.refusals;
  const hints = refusals.map(({ hint }) => hint ?? '').join('\n');
  return { refused: refusals.map(({ code }) => code), said: said.map(({ code }) => code), hints };
}

describe('what can not be asked of a disk that is sent', () => {
  const cases: readonly (readonly [Case, string[]])[] = [
    [{}, []],
    [{ asked: { plaintext: 'a lab of our own' } }, []],
    [{ settings: { retries: 1 } }, ['listen.no-retries']],
    [{ settings: { recovery: 'deferred', verifySource: true } }, ['listen.no-rescue', 'listen.no-second-pass']],
    [{ overrides: { softwareBlock: true } }, ['remote.software-block']],
    [{ case: { authority: null } }, ['remote.no-authority']],
  ];
  for (const [change, codes] of cases)
    test(`${JSON.stringify(change)}: ${codes.join(', ') || 'nothing against it'}`, () => {
      assert.deepEqual([...planned(change).refused].sort(), [...codes].sort());
    });
});

test("the label's size is held against no word of the operator's own", () => {
  for (const size of [512 * 1024, 10 ** 12]) {
    const { refused, said } = planned({ label: { size } });
    assert.deepEqual([refused, said.includes('label.not-compared')], [[], true]);
  }
});

describe('what to do about it, by whoever asked for it', () => {
  const profile = /The profile "bench" asks for it: name another one \(--profile remote-live\)\./;
  const cases: readonly (readonly [Case, RegExp, RegExp])[] = [
    [{ settings: { retries: 1 }, origins: { retries: 'command-line' } }, /Leave --retries out\./, /profile/],
    [{ settings: { retries: 1 }, origins: { retries: 'profile' } }, profile, /--retries/],
    [
      { settings: { verifySource: true }, origins: { verifySource: 'command-line' } },
      /Leave --verify-source out\./,
      /profile/,
    ],
    [{ settings: { verifySource: true }, origins: { verifySource: 'profile' } }, profile, /--verify-source/],
    [{ settings: { recovery: 'deferred' } }, profile, /Leave/],
  ];
  for (const [change, says, never] of cases)
    test(JSON.stringify(change), () => {
      const { hints } = planned(change);
      assert.match(hints, says);
      assert.doesNotMatch(hints, never);
    });
});

describe('what is said of a disk that is sent', () => {
  const cases: readonly (readonly [Case, string[], string[]])[] = [
    [{}, ['listen.live', 'remote.volatile', 'listen.whole'], ['listen.plain', 'listen.anybody', 'listen.no-effect']],
    [{ asked: { plaintext: 'a lab' } }, ['listen.plain'], ['listen.anybody']],
    [{ asked: { plaintext: 'a lab', allowed: [] } }, ['listen.plain', 'listen.anybody'], []],
    [{ origins: { readTimeout: 'command-line' } }, ['listen.no-effect'], []],
  ];
  for (const [change, there, absent] of cases)
    test(`${JSON.stringify(change)}: ${there.join(', ')}`, () => {
      const { said } = planned(change);
      for (const code of there) assert.ok(said.includes(code), `${code} in ${said.join(' ')}`);
      for (const code of absent) assert.ok(!said.includes(code), `no ${code} in ${said.join(' ')}`);
    });
});
