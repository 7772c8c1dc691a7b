import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import ssh2, { type ServerChannel } from 'ssh2';
import { known } from '../../src/model/device.ts';
import type { Transport } from '../../src/model/remote.ts';
import { parseSshAddress } from '../../src/remote/address.ts';
import { connectRemote } from '../../src/remote/connect.ts';
import { FileAgent } from '../../src/remote/file-agent.ts';
import { systemClock, type Clock } from '../../src/system/clock.ts';
import { until } from '../support/children.ts';
import { testPorts } from '../support/ports.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { atEnd } from '../support/temp.ts';
import { orderFor } from './connected.ts';
import { code } from './ranges-support.ts';

/** What takes seconds is over at once. */
const hasty: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms >= 15_000 ? 400 : ms, signal) };

/** A machine that opens no channel, or starts nothing in those that it opens, while its SSH server lives. */
async function stuck(t: TestContext, transport: Transport, opens: boolean) {
  const sshd = await startSshd(t);
  const asked: (() => ServerChannel)[] = [];
  const server = new ssh2.Server({ hostKeys: [readFileSync(join(sshd.folder, 'host_key'))] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (login) => {
      login.accept();
    });
    client.on('session', (accept) => {
      if (!opens) return;
      accept().on('exec', (begin) => {
        asked.push(begin);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => void server.close());
  const { port } = server.address() as AddressInfo;
  const address = parseSshAddress(`ssh://root@127.0.0.1:${port}`);
  const order = orderFor(sshd, transport, { address, hostKey: sshd.fingerprint });
  const shell = await connectRemote(testPorts({ clock: hasty }), order);
  atEnd(t, () => shell.close());
  return { shell, asked };
}

describe('a channel that is never answered', () => {
  for (const [transport, opens] of [
    ['ssh2', true],
    ['ssh2', false],
    // It takes the channel for open before its command is answered: that has limits of its own.
    ['openssh', false],
  ] as const)
    test(`by ${transport}, ${opens ? 'with its command' : 'at all'}: left in time, and perhaps something over there`, async (t) => {
      if (lacksSshd(t)) return;
      const { shell, asked } = await stuck(t, transport, opens);
      const unanswered = code('remote.no-answer');
      const slow = systemClock.sleep(10_000, t.signal).then(() => assert.fail('it still waits'));
      slow.catch(() => undefined);
      await Promise.race([assert.rejects(shell.run(['id', '-u'], { timeoutMs: 2000 }), unanswered), slow]);
      await Promise.race([assert.rejects(shell.open(['cat']), unanswered), slow]);
      const agent = new FileAgent(shell, { rights: 'root', python: known(false) }, hasty);
      await Promise.race([assert.rejects(agent.ask('read', '/etc/hostname'), unanswered), slow]);
      assert.equal(shell.lost.aborted, false);
      assert.deepEqual(
        shell.footprint.map(({ exit, signal }) => [exit, signal]),
        [1, 2, 3].map(() => [null, null]),
      );
      assert.equal(asked.length, opens ? 3 : 0);
      const closed = asked.map((begin) => {
        const late = begin();
        let over = false;
        late.on('close', () => (over = true)).on('error', () => undefined);
        late.resume();
        return () => over;
      });
      await until(() => closed.every((isOver) => isOver()), 'what came late is closed');
    });
});
