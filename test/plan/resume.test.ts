import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { known, unknown, type Fact } from '../../src/model/device.ts';
import type { Finding, SourceFacts } from '../../src/model/plan.ts';
import { planResume, type StoppedFacts } from '../../src/plan/resume.ts';
import { blockSource, factsWith } from './facts.ts';

/** What is found of a session that goes on with a source, as it was when the last one stopped or as it has become. */
function resumed(source: SourceFacts, was: Partial<StoppedFacts>, rebooted: string | null = null): readonly Finding[] {
  const asked = { connections: null, limitRate: null, frozen: null, ciphertext: null, rebooted };
  const remote = { ...asked, program: 'auto', compress: 'auto' } as const;
  const facts = factsWith({ source, request: { remote } });
  const { identity } = source;
  const stopped: StoppedFacts = {
    folder: { path: '/mnt/e/C-1/HDD-01', stem: 'HDD-01' } as StoppedFacts['folder'],
    ...{ segments: [], size: identity.size, identity, own: null, taken: 0, ...was },
  };
  const result = planResume({ ...facts, stopped });
  return result.ok ? result.plan.findings : [...result.refusals, ...result.findings];
}

/** A disk of a machine that is known only by its boot id. */
function there(bootId: Fact<string>): SourceFacts {
  const machine = { bootId, clock: unknown('x') };
  const sizes = { blockdev: unknown('x'), lsblk: unknown('x') };
  const remote = { machine, sizes, unlocked: known([]), ways: { modes: [], hash: null, direct: false } };
  return { ...blockSource(), remote } as unknown as SourceFacts;
}

/** By a kernel that numbers each disk it meets. */
function counted(source: SourceFacts): SourceFacts {
  return { ...source, identity: { ...source.identity, diskseq: '7' } };
}

const SENT = { ...blockSource(), received: { plaintext: null, allowed: [] } } as unknown as SourceFacts;

describe('what is found when an acquisition is gone on with', () => {
  const was = { remote: { bootId: 'a' } };
  const cases: readonly (readonly [
    what: string,
    found: readonly Finding[],
    level: Finding['level'] | null,
    code: string,
    says: RegExp,
  ])[] = [
    ['the machine runs on', resumed(there(known('a')), was), null, 'resume.rebooted', /./],
    [
      'the machine runs on, and counts its disks',
      resumed(counted(there(known('a'))), was),
      'warning',
      'resume.no-serial',
      /the count that its machine, which ran on, gave it \(diskseq\); nothing of it is read again to compare/,
    ],
    [
      'the machine runs on, and counts none',
      resumed(there(known('a')), was),
      'warning',
      'resume.no-serial',
      /and by reading a part of it again/,
    ],
    ['it was started anew', resumed(there(known('b')), was), 'refusal', 'source.rebooted', /boot id was a, and is b/],
    [
      'it was started anew, and a person goes on',
      resumed(there(known('b')), was, 'power was lost'),
      'warning',
      'resume.rebooted',
      /was started anew since.*Gone on with all the same: power was lost/,
    ],
    [
      'its boot id was not known then',
      resumed(there(known('b')), { remote: { bootId: null } }),
      'warning',
      'resume.boot-unknown',
      /can not be told: its boot id is not known/,
    ],
    [
      'its boot id is not known now',
      resumed(there(unknown('x')), was),
      'warning',
      'resume.boot-unknown',
      /not be told/,
    ],
    [
      'it was another machine’s, and is one here',
      resumed(blockSource(), was),
      'refusal',
      'source.changed',
      /begun on a source of another machine/,
    ],
    [
      'it was one here, and is another machine’s',
      resumed(there(known('a')), {}),
      'refusal',
      'source.changed',
      /begun on a source of this station/,
    ],
    [
      'it is sent once more',
      resumed(SENT, {}),
      'warning',
      'resume.not-compared',
      /Whether the same disk is sent .* again can not be told/,
    ],
  ];
  for (const [what, found, level, code, says] of cases)
    test(`${what}: ${level ?? 'no'} ${code}`, () => {
      const one = found.find((each) => each.code === code);
      assert.equal(one?.level ?? null, level, JSON.stringify(found));
      if (one !== undefined) assert.match(one.message, says);
    });
});
