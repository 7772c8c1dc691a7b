import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { NOTHING_ASKED } from '../../src/acquire/source-side.ts';
import { known, unknown } from '../../src/model/device.ts';
import {
  unhashed,
  type LinkFacts,
  type RemoteFacts,
  type RemoteRequest,
  type WireMode,
} from '../../src/model/remote.ts';
import { lacksOf } from '../../src/model/remote-fitness.ts';
import { examineRemote } from '../../src/remote/examine.ts';
import { waysOf } from '../../src/remote/disk.ts';

function machine(tools: readonly string[], devFd = true): RemoteFacts {
  const tool = { path: '/bin/tool', kind: 'gnu', version: null } as const;
  return {
    hostname: known('box'),
    system: known('Linux'),
    kernel: known('Linux'),
    uid: known(0),
    rights: 'root',
    sudo: null,
    bootId: known('b'),
    clock: unknown('not NOTHING_ASKED'),
    tools: Object.fromEntries(tools.map((name) => [name, tool])),
    ddByBytes: known(true),
    hashTools: [],
    python: known(false),
    devFd: known(devFd),
  };
}

/** What this station unpacks. */
const here = (...modes: WireMode[]) => ({ can: (mode: WireMode) => mode === 'none' || modes.includes(mode) });

const ways = (
  tools: readonly string[],
  change: Partial<RemoteRequest> = {},
  roundTrip = 1,
  devFd = true,
  unpacker = here('gzip', 'zstd'),
) => waysOf(machine(tools, devFd), known(true), { ...NOTHING_ASKED, ...change }, roundTrip, unpacker);

describe('how a disk over there is read', () => {
  test('the longer the way, the more channels, unless a number was NOTHING_ASKED for', () => {
    assert.deepEqual(
      [0.2, 9.9, 10, 60, 100, 900, Infinity].map((ms) => ways([], {}, ms).connections),
      [2, 2, 4, 4, 8, 8, 8],
    );
    assert.equal(ways([], { connections: 3 }, 500).connections, 3);
  });

  test('it is packed by what both machines have, and counted there', () => {
    const all = ['tee', 'wc', 'gzip', 'zstd'];
    assert.deepEqual(ways(all).modes, ['none', 'zstd']);
    assert.deepEqual(ways(all, {}, 1, true, here('gzip')).modes, ['none', 'gzip']);
    assert.deepEqual(ways(all, { compress: 'zstd' }, 1, true, here('gzip')).modes, ['none']);
    assert.deepEqual(ways(['tee', 'wc', 'gzip']).modes, ['none', 'gzip']);
    assert.deepEqual(ways(all, { compress: 'gzip' }).modes, ['gzip']);
    assert.deepEqual(ways(all, { compress: 'none' }).modes, ['none']);
    for (const lacking of [
      ['wc', 'gzip'],
      ['tee', 'gzip'],
      ['tee', 'wc'],
    ])
      assert.deepEqual(ways(lacking, { compress: 'gzip' }).modes, ['none'], lacking.join());
    assert.deepEqual(ways(all, {}, 1, false).modes, ['none']);
  });

  test('python3 reads where it is, unless dd was NOTHING_ASKED for', () => {
    const by = (python: RemoteFacts['python'], program: RemoteRequest['program'] = 'auto') =>
      waysOf({ ...machine(['tee']), python }, known(true), { ...NOTHING_ASKED, program }, 1, { can: () => true })
        .program;
    assert.deepEqual(
      [by(known(true)), by(known(true), 'dd'), by(known(false)), by(unknown('not NOTHING_ASKED'))],
      ['python3', 'dd', 'dd', 'dd'],
    );
  });

  test('what hashes there: the first that did when it was tried, nothing where a pipe can not be split', () => {
    const hash = (tools: readonly string[], hashTools: RemoteFacts['hashTools'], devFd = true) =>
      waysOf({ ...machine(tools, devFd), hashTools }, known(true), NOTHING_ASKED, 1, { can: () => true }).hash;
    assert.equal(hash(['tee', 'sha256sum', 'openssl'], ['openssl', 'sha256sum']), 'openssl');
    assert.equal(hash(['tee', 'sha256sum', 'openssl'], ['sha256sum']), 'sha256sum');
    assert.equal(hash(['tee', 'sha256sum'], []), null);
    assert.equal(hash(['sha256sum'], ['sha256sum']), null);
    assert.equal(hash(['tee', 'openssl'], ['openssl'], false), null);
  });
});

describe('doctor tells what a reading would do', () => {
  const link: LinkFacts = {
    transport: 'ssh2',
    address: { user: 'root', host: 'box', port: null },
    hostKey: { type: 'ssh-ed25519', fingerprint: 'SHA256:x' },
    judgedBy: '--host-key',
    serverVersion: null,
    cipher: null,
    authentication: null,
  };
  /** Every tool at a path with its name. */
  const examined = (names: readonly string[], devFd = true, unpacker = here('gzip', 'zstd')) => {
    const hashTools = (['openssl', 'sha256sum'] as const).filter((name) => names.includes(name));
    const python = known(names.includes('python3'));
    const facts = { ...machine(names, devFd), hashTools, python };
    const tools = Object.fromEntries(names.map((name) => [name, { path: `/bin/${name}`, kind: 'gnu', version: null }]));
    const named = { ...facts, tools } as RemoteFacts;
    const said = examineRemote(link, named, waysOf(facts, known(true), NOTHING_ASKED, 0, unpacker), null);
    return new Map(said.map(({ what, state, found }) => [what, `${state}: ${found}`]));
  };
  const both = ['dd', 'stat', 'readlink', 'tee', 'wc', 'gzip', 'zstd', 'openssl', 'sha256sum'];

  test('where both are there: the one that hashes, and the one that packs', () => {
    const said = examined(both);
    assert.equal(said.get('hashes'), 'ok: /bin/openssl (gnu), in the same read');
    assert.equal(said.get('packing'), 'ok: /bin/zstd (gnu)');
    assert.equal(
      examined(both, true, here('gzip')).get('packing'),
      'warning: /bin/gzip (gnu); zstd is there, and can not be unpacked by this station',
    );
    assert.equal(examined([...both, 'python3']).get('hashes'), 'ok: /bin/python3 (gnu), which reads and sends as well');
  });

  test('python3 hashes what it sends, which is nothing that is packed', () => {
    const unhashing = [...both.filter((name) => name !== 'openssl' && name !== 'sha256sum'), 'python3'];
    const found = '/bin/python3 (gnu), which reads and sends as well';
    assert.equal(examined(unhashing).get('hashes'), `warning: ${found}; nothing hashes what is packed`);
    assert.equal(examined(unhashing, true, here()).get('hashes'), `ok: ${found}`);
    const ways = { hash: null, program: 'python3' } as const;
    assert.equal(unhashed({ ...ways, modes: ['gzip'] }), 'all');
    assert.equal(unhashed({ ...ways, modes: ['gzip'], hash: 'openssl' }), 'nothing');
  });

  test('what is not used is said not to be, and why', () => {
    const without = (...names: readonly string[]) => examined(both.filter((name) => !names.includes(name)));
    assert.match(without('zstd').get('packing') ?? '', /^warning: \/bin\/gzip \(gnu\); zstd is not there/);
    assert.equal(without('zstd', 'gzip').get('packing'), 'warning: neither zstd nor gzip is there');
    assert.equal(without('wc').get('packing'), 'warning: wc is not there');
    assert.equal(without('tee').get('packing'), 'warning: tee is not there');
    assert.equal(without('tee').get('hashes'), 'warning: tee is not there');
    assert.equal(without('openssl', 'sha256sum').get('hashes'), 'warning: neither sha256sum nor openssl is there');
    assert.equal(examined(both, false).get('hashes'), 'warning: /dev/fd can not be used');
  });

  test('what could send a disk to us', () => {
    assert.equal(examined([...both, 'nc']).get('listen://'), 'ok: could be sent by /bin/openssl (gnu), /bin/nc (gnu)');
    assert.equal(examined(['nc']).get('listen://'), 'ok: could be sent by /bin/nc (gnu)');
    assert.match(examined([]).get('listen://') ?? '', /^warning: neither openssl nor nc/);
  });

  test('what is missing is what the plan would refuse', () => {
    const missing = [...examined([])].filter(([, said]) => said.startsWith('missing')).map(([what]) => what);
    assert.deepEqual(missing.sort(), ['dd', 'readlink', 'stat']);
    const codes = lacksOf(machine([])).map(({ code }) => code);
    assert.deepEqual(codes.sort(), missing.map((what) => `remote.no-${what}`).sort());
  });
});
