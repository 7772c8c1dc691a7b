import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ExhibitError } from '../../src/model/errors.ts';
import { TRANSPORTS, type Transport } from '../../src/model/remote.ts';
import type { RemoteShell } from '../../src/remote/shell.ts';
import { parseSshAddress } from '../../src/remote/address.ts';
import { startLink } from '../support/link.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { connected } from './connected.ts';
import type { TestContext } from 'node:test';

async function overLink(t: TestContext, transport: Transport) {
  const sshd = await startSshd(t);
  const link = await startLink(t, sshd.port);
  const shell = await connected(t, sshd, transport, {
    address: parseSshAddress(`ssh://root@127.0.0.1:${link.port}`),
    hostKey: sshd.fingerprint,
  });
  return { link, shell };
}

function lossOf(shell: RemoteShell): Promise<ExhibitError> {
  return new Promise((resolve) => {
    shell.lost.addEventListener('abort', () => {
      resolve(shell.lost.reason as ExhibitError);
    });
  });
}

for (const transport of TRANSPORTS)
  describe(`a link that falls silent, by ${transport}`, () => {
    test('is noticed within five seconds while nothing is asked, and while bytes flow', async (t) => {
      if (lacksSshd(t)) return;
      const [idle, busy] = [await overLink(t, transport), await overLink(t, transport)];
      const flow = await busy.shell.open(['cat', '/dev/zero']);
      flow.stdout.resume();
      flow.stderr.resume();
      while (busy.link.received < 10_000_000) await pause(5);
      const began = performance.now();
      idle.link.stall(true);
      busy.link.stall(true);
      const losses = await Promise.all([lossOf(idle.shell), lossOf(busy.shell)]);
      const took = performance.now() - began;
      assert.ok(took < 5000, `noticed after ${took} ms`);
      for (const { code, fault } of losses) {
        assert.equal(fault, 'source');
        if (transport === 'ssh2') assert.equal(code, 'remote.silent');
        else assert.match(code, /^remote\.(silent|link-lost)$/);
      }
      await assert.rejects(idle.shell.run(['true']), ExhibitError);
    });

    test('for two seconds only, it is not given up', async (t) => {
      if (lacksSshd(t)) return;
      const { link, shell } = await overLink(t, transport);
      link.stall(true);
      await pause(2000);
      link.stall(false);
      assert.equal((await shell.run(['echo', 'back'])).stdout.toString(), 'back\n');
    });
  });

describe('a link that is not silent', () => {
  test('a full and slow one, on which an answer waits behind what was sent before, is alive', async (t) => {
    if (lacksSshd(t)) return;
    const { link, shell } = await overLink(t, 'ssh2');
    const flow = await shell.open(['sh', '-c', 'while :; do echo tick; sleep 0.5; done']);
    flow.stdout.resume();
    link.delayMs = 1500;
    await pause(6000);
    assert.equal(shell.lost.aborted, false);
  });
});
