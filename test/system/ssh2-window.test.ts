import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import ssh2, { type ClientChannel, type ServerChannel } from 'ssh2';
import { keepWide } from '../../src/system/ssh2-window.ts';
import { until } from '../support/children.ts';
import { atEnd } from '../support/temp.ts';

const MIB = 1024 * 1024;

/** What a server may send on a channel, by its own account. */
const allowed = (channel: ServerChannel): number =>
  (channel as unknown as { outgoing: { window: number } }).outgoing.window;

async function channelBetween(t: TestContext): Promise<{ here: ClientChannel; there: ServerChannel }> {
  const { private: key } = ssh2.utils.generateKeyPairSync('ed25519');
  const server = new ssh2.Server({ hostKeys: [key] });
  const opened = new Promise<ServerChannel>((resolve) => {
    server.on('connection', (client) => {
      client
        .on('error', () => undefined)
        .on('authentication', (context) => {
          context.accept();
        });
      client.on('session', (accept) => {
        accept().on('exec', (begin) => {
          resolve(begin());
        });
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new ssh2.Client();
  atEnd(t, () => {
    client.destroy();
    server.close();
  });
  client
    .on('error', () => undefined)
    .connect({
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      username: 'somebody',
    });
  await once(client, 'ready');
  const here = await new Promise<ClientChannel>((resolve, reject) => {
    client.exec('read', (error, channel) => {
      if (error === undefined) resolve(channel);
      else reject(error);
    });
  });
  return { here, there: await opened };
}

test('the window of a channel is eight mebibytes, and what was used of it comes back', async (t) => {
  const { here, there } = await channelBetween(t);
  assert.equal(allowed(there), 2 * MIB);
  let came = 0;
  here.on('data', (part: Buffer) => {
    came += part.length;
    keepWide(here);
  });
  for (const megabytes of [1, 9]) {
    there.write(Buffer.alloc(megabytes * MIB));
    await until(() => came === megabytes * MIB, 'all of it came');
    came = 0;
    await until(() => allowed(there) >= 4 * MIB, 'it may send on');
    assert.ok(allowed(there) <= 8 * MIB, String(allowed(there)));
  }
  here.destroy();
  keepWide(here);
});
