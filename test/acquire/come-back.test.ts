import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { isGone, lookAgain, pauseAfter, ranOn } from '../../src/acquire/reading/come-back.ts';
import { RemoteAccount } from '../../src/acquire/remote/account.ts';
import type { SourceSide } from '../../src/acquire/source-side.ts';
import { known, unknown, type Fact } from '../../src/model/device.ts';
import { ExhibitError } from '../../src/model/errors.ts';
import type { SourceIdentity } from '../../src/model/identity.ts';
import type { SourceFacts } from '../../src/model/plan.ts';
import { RemoteReach } from '../../src/remote/open-machine.ts';
import type { RemoteMachine } from '../../src/remote/remote-ports.ts';
import { blockSource } from '../plan/facts.ts';

const local = blockSource();
const identity: SourceIdentity = { ...local.identity, diskseq: '7' };

/** As it is found now, on a machine with this boot id. */
function found(bootId: Fact<string>, change: Partial<SourceIdentity> = {}): SourceFacts {
  return { ...local, identity: { ...identity, ...change }, remote: { machine: { bootId } } } as unknown as SourceFacts;
}

describe('the same disk of a machine that ran on', () => {
  const was = { identity, bootId: 'b' };

  test('the same boot id, and nothing of its identity changed: nothing is read again', () => {
    assert.equal(ranOn(was, found(known('b'))), true);
  });

  const table: Record<string, [typeof was | { identity: SourceIdentity; bootId: null }, SourceFacts]> = {
    'another boot id': [was, found(known('c'))],
    'no boot id now': [was, found(unknown('no cat'))],
    'no boot id before': [{ identity, bootId: null }, found(known('b'))],
    'none at all': [{ identity, bootId: null }, found(unknown('no cat'))],
    'another number of the kernel’s count': [was, found(known('b'), { diskseq: '8' })],
    'another node': [was, found(known('b'), { node: '8:32' })],
    'another size': [was, found(known('b'), { size: identity.size + 512 })],
    'another serial': [was, found(known('b'), { serial: 'x' })],
    'a kernel that does not count': [
      { identity: { ...identity, diskseq: null }, bootId: 'b' },
      found(known('b'), { diskseq: null }),
    ],
    'a disk of this station': [was, { ...local, identity }],
  };
  for (const [name, [before, now]] of Object.entries(table)) {
    test(`${name}: what was read last is compared`, () => {
      assert.equal(ranOn(before, now), false);
    });
  }
});

describe('a machine that is reached again', () => {
  /** Connects to machines that say this of their boot, one after the other; on none of them the disk is there yet. */
  function reaching(...ids: Fact<string>[]) {
    const away = new ExhibitError('source', 'remote.link-lost', 'x');
    const reach = new RemoteReach({ user: 'root', host: 'box', port: null, path: '/dev/sda' }, null, () => {
      const machine = {
        shell: { lost: AbortSignal.abort(away), facts: { hostKey: null }, footprint: [] },
        facts: { bootId: ids.shift() },
        look: () => Promise.reject(away),
        close: () => Promise.resolve(),
      };
      return Promise.resolve(machine as unknown as RemoteMachine);
    });
    const account = new RemoteAccount();
    const side = { remote: { reach, account } } as unknown as SourceSide;
    const address = { user: 'root', host: 'box', port: null, path: '/dev/sda' };
    const lost = { ...local, remote: { address, machine: { bootId: known('b') } } } as unknown as SourceFacts;
    return { account, look: () => lookAgain(side, lost, new AbortController().signal) };
  }

  test('with the boot id that was told last, or with none: it is looked for on', async () => {
    const { account, look } = reaching(known('b'), unknown('no cat'), known('b'));
    account.started('b');
    for (let times = 0; times < 3; times += 1) assert.equal((await look()).again.found, 'nothing');
    assert.equal(account.bootId, 'b');
  });

  test('with another one it is not gone on with, whatever was not told in between', async () => {
    const { account, look } = reaching(unknown('no cat'), known('c'));
    account.started('b');
    await look();
    await assert.rejects(look(), { code: 'source.rebooted', message: /was b, and is c/ });
  });

  test('what an earlier session knew holds as long as this one knows of none', async () => {
    const { account, look } = reaching(known('c'));
    account.started(null);
    account.startedBefore('b');
    await assert.rejects(look(), { code: 'source.rebooted' });
    account.startedBefore('b');
    assert.equal(account.bootId, 'c');
  });
});

test('a machine is tried after 1, 2, 4, 8 and then 15 seconds; a disk here is looked for each second', () => {
  const there = { remote: {} } as unknown as SourceSide;
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 99].map((looks) => pauseAfter(looks, there)),
    [1000, 2000, 4000, 8000, 15_000, 15_000, 15_000],
  );
  assert.equal(pauseAfter(99, {} as SourceSide), 1000);
});

test('gone is what is away; damage, another host key and a machine that was started anew are not', () => {
  const error = (code: string): ExhibitError => new ExhibitError('source', code, 'x');
  for (const code of ['source.vanished', 'source.silent', 'remote.link-lost', 'remote.silent'])
    assert.ok(isGone(error(code)), code);
  for (const code of ['remote.hash-mismatch', 'remote.host-key-changed', 'source.rebooted', 'source.changed'])
    assert.ok(!isGone(error(code)), code);
});
