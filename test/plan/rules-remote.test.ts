import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { NOTHING_ASKED } from '../../src/acquire/source-side.ts';
import { known, unknown } from '../../src/model/device.ts';
import type { SourceFacts } from '../../src/model/plan.ts';
import type { RemoteDisk, RemoteFacts, RemoteRequest } from '../../src/model/remote.ts';
import type { AcquireRequest } from '../../src/model/request.ts';
import { judgeMachine } from '../../src/plan/rules-remote.ts';
import { planAcquisition } from '../../src/plan/plan.ts';
import { blockSource, factsWith } from './facts.ts';

const tool = { path: '/usr/bin/dd', kind: 'gnu', version: 'dd 9.1' } as const;
const machine: RemoteFacts = {
  hostname: known('box'),
  system: known('Linux 6.1'),
  kernel: known('Linux'),
  uid: known(0),
  rights: 'root',
  sudo: null,
  bootId: known('b'),
  clock: known({ theirs: 0, ours: 0, offset: 10, roundTrip: 4, step: 1 }),
  tools: { dd: tool, stat: tool, readlink: tool },
  ddByBytes: known(true),
  hashTools: [],
  python: known(false),
  devFd: known(true),
};

const plain = { program: 'dd', compress: 'auto', modes: ['none'], limitRate: null } as const;

function remoteDisk(size: number, change: Partial<RemoteDisk> = {}): RemoteDisk {
  const address = { user: 'root', host: 'box', port: null, path: '/dev/sdx' };
  return {
    address,
    link: {
      transport: 'ssh2',
      address,
      hostKey: { type: 'ssh-ed25519', fingerprint: 'SHA256:x' },
      judgedBy: '--host-key',
      serverVersion: null,
      cipher: null,
      authentication: null,
    },
    machine,
    sizes: { blockdev: known(size), lsblk: known(size) },
    direct: known(true),
    unlocked: known([]),
    ways: { byBytes: true, direct: true, hash: 'sha256sum', connections: 2, ...plain },
    ...change,
  };
}

interface Case {
  readonly disk?: Partial<RemoteDisk>;
  readonly asked?: Partial<RemoteRequest>;
  readonly source?: Parameters<typeof blockSource>[0];
  readonly case?: Partial<AcquireRequest['caseInfo']>;
  readonly settings?: Partial<AcquireRequest['settings']>;
  readonly overrides?: Partial<AcquireRequest['overrides']>;
  readonly origins?: Partial<AcquireRequest['origins']>;
}

function resultOf({ disk, asked, source, origins, ...on }: Case) {
  const local = blockSource(source);
  const remote = remoteDisk(local.identity.size, disk);
  const there = { ...local, remote } as SourceFacts;
  const facts = factsWith({
    source: there,
    case: { authority: 'warrant', ...on.case },
    settings: on.settings ?? {},
    overrides: on.overrides ?? {},
    request: { remote: { ...NOTHING_ASKED, ...asked } },
    verdict: { name: 'not-applicable', meaning: '', evidence: [] },
  });
  const request = { ...facts.request, origins: { ...facts.request.origins, ...origins } };
  return planAcquisition({ ...facts, request });
}

/** Codes of what is refused, and of what is said beside it. */
function planned(on: Case): { refused: string[]; said: string[]; hints: string } {
  const result = resultOf(on);
  const codes = (list: readonly { readonly code: string }[]): string[] => list.map(({ code }) => code);
  if (result.ok) return { refused: [], said: codes(result.plan.findings), hints: '' };
  const hints = result.refusals.map(({ hint }) => hint ?? '').join('\n');
  return { refused: codes(result.refusals), said: codes(result.findings), hints };
}

describe('what is planned of a disk of another machine', () => {
  test('in use, mounted, writable: recorded as live, and no refusal', () => {
    const uses = known([{ kind: 'mount', device: '/dev/sdx1', by: '/' } as const]);
    const { refused, said } = planned({ source: { uses, readOnly: known(false) } });
    assert.deepEqual(refused, []);
    assert.ok(said.includes('remote.live'));
    assert.ok(said.includes('remote.volatile'));
  });

  const settings = { verifySource: true };
  const open = known([
    { device: '/dev/sdx3', mapper: '/dev/mapper/root', uuid: 'CRYPT-LUKS2-x', address: 'ssh://a@b/dev/mapper/root' },
  ]);
  const refused: [what: string, on: Case, code: string][] = [
    ['nobody’s leave', { case: { authority: null } }, 'remote.no-authority'],
    ['a second reading of a live disk', { settings }, 'remote.second-pass'],
    ['--software-block', { overrides: { softwareBlock: true } }, 'remote.software-block'],
    [
      'another size by blockdev',
      { disk: { sizes: { blockdev: known(512), lsblk: unknown('x') } } },
      'remote.size-differs',
    ],
    ['a way to pack that is not there', { asked: { compress: 'zstd' } }, 'remote.no-compressor'],
    ['an open encrypted device', { disk: { unlocked: open } }, 'remote.unlocked'],
  ];
  for (const [what, on, code] of refused)
    test(`refused: ${what}`, () => {
      assert.deepEqual(planned(on).refused, [code]);
    });

  test('a second reading is left out where it was asked for: on the command line, or by the profile', () => {
    const given = planned({ settings, origins: { verifySource: 'command-line' } }).hints;
    assert.match(given, /^Leave --verify-source out, or say why the disk does not change: --frozen REASON\.$/);
    const byProfile = planned({ settings, origins: { verifySource: 'profile' } }).hints;
    assert.match(byProfile, /^The profile "bench" asks for it: name another one \(--profile remote-live\), or say why/);
  });

  const slow = known({ theirs: 0, ours: 0, offset: -90_000, roundTrip: 4, step: 1 });
  const ways = { byBytes: false, direct: false, hash: null, connections: 1, ...plain };
  const told: [what: string, on: Case, code: string][] = [
    [
      'the ciphertext, for a reason',
      { disk: { unlocked: open }, asked: { ciphertext: 'key is lost' } },
      'remote.ciphertext',
    ],
    ['whether it is encrypted can not be told', { disk: { unlocked: unknown('x') } }, 'remote.unlocked-unknown'],
    ['frozen, with a second reading', { settings, asked: { frozen: 'suspended' } }, 'remote.frozen'],
    ['frozen, without one', { asked: { frozen: 'suspended' } }, 'remote.frozen-unproven'],
    ['nothing hashes there', { disk: { ways } }, 'remote.no-hash'],
    [
      'nothing hashes what is packed there',
      { disk: { ways: { ...ways, program: 'python3', modes: ['none', 'gzip'] } } },
      'remote.no-hash',
    ],
    ['through the page cache', { disk: { ways } }, 'remote.cached'],
    ['a clock far off', { disk: { machine: { ...machine, clock: slow } } }, 'remote.clock-off'],
    ['a clock that does not tell', { disk: { machine: { ...machine, clock: unknown('x') } } }, 'remote.clock-unknown'],
    [
      'no second way of asking for the size',
      { disk: { sizes: { blockdev: unknown('x'), lsblk: unknown('y') } } },
      'remote.size-one-way',
    ],
  ];
  for (const [what, on, code] of told)
    test(`said: ${what}`, () => {
      const { refused: not, said } = planned(on);
      assert.deepEqual(not, []);
      assert.ok(said.includes(code), said.join(', '));
    });

  test('by how much a clock is off, how sure that is, and what to do with it', () => {
    for (const [offset, words] of [
      [-90_000, /is 90,000 ms behind ours, right to 3 ms\. Added to the times/],
      [7_200_123, /is 7,200,123 ms ahead of ours, right to 3 ms\. Taken off the times/],
    ] as const) {
      const clock = known({ theirs: offset, ours: 0, offset, roundTrip: 4, step: 1 });
      const result = resultOf({ disk: { machine: { ...machine, clock } } });
      const found = result.ok ? result.plan.findings.find(({ code }) => code === 'remote.clock-off') : undefined;
      assert.match(found?.message ?? '', words);
    }
  });

  test('a disk there is not the disk here that has its name', () => {
    const { refused: not } = planned({ source: { disks: ['sdy'], name: 'sdy', wholeDisk: 'sdy' } });
    assert.ok(!not.includes('destination.on-source'));
    const detour = planned({ source: { disks: ['sdy'], name: 'sdy', wholeDisk: 'sdy' }, disk: { here: true } });
    assert.ok(detour.refused.includes('destination.on-source'), 'this very station');
  });

  test('a machine that is no Linux, gives no rights, or has no dd', () => {
    const codes = (change: Partial<RemoteFacts>): string[] =>
      judgeMachine({ ...machine, ...change }).map(({ code }) => code);
    assert.deepEqual(codes({}), []);
    assert.deepEqual(codes({ kernel: known('FreeBSD') }), ['remote.not-linux']);
    assert.deepEqual(codes({ kernel: unknown('x') }), ['remote.not-linux']);
    assert.deepEqual(codes({ rights: 'nobody', sudo: 'a password is required' }), ['remote.no-rights']);
    assert.deepEqual(codes({ tools: {} }), ['remote.no-dd', 'remote.no-stat', 'remote.no-readlink']);
    const { stat, ...others } = machine.tools;
    assert.deepEqual(stat == null ? [] : codes({ tools: others }), ['remote.no-stat']);
  });
});
