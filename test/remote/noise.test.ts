import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { parseSshAddress } from '../../src/remote/address.ts';
import { ReaderChannel } from '../../src/remote/reader-channel.ts';
import { diskBytes, lacks } from '../support/loop.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { atEnd } from '../support/temp.ts';
import { connected } from './connected.ts';
import { channelOn, code, loopDisk, MIB, orderOn, pathWith, readBy } from './ranges-support.ts';

describe('what is printed among the bytes of a disk', () => {
  for (const change of [{ hash: null }, { hash: 'sha256sum' }, { program: 'python3' }] as const)
    test(`is never taken for them (${JSON.stringify(change)})`, async (t) => {
      if (lacksSshd(t) || lacks(t, 'losetup', 'python3')) return;
      const bytes = diskBytes(MIB);
      const node = loopDisk(t, bytes);
      const quiet = await orderOn(t, node, { change });
      const noisy = await startSshd(t, {
        config: ['ForceCommand (sleep 1; echo "You have new mail.") & sh -c "$SSH_ORIGINAL_COMMAND"'],
      });
      // Whoever asks there waits for the words as well: nothing but the reading is to.
      const address = parseSshAddress(`ssh://root@127.0.0.1:${noisy.port}`);
      const shell = await connected(t, noisy, 'ssh2', { address, hostKey: noisy.fingerprint });
      const channel = new ReaderChannel({ ...quiet, shell });
      atEnd(t, () => {
        channel.close();
      });
      const reads = async (): Promise<never> => {
        for (;;) {
          // Ahead, as a reading does: there is always an order that the words could be taken for.
          const both = [
            readBy(channel, { start: 0, end: MIB / 2 }, MIB),
            readBy(channel, { start: MIB / 2, end: MIB }, MIB),
          ];
          for (const [index, answer] of (await Promise.all(both)).entries()) {
            assert.ok(answer !== 'not-read');
            assert.ok(answer.bytes.equals(bytes.subarray((index * MIB) / 2, ((index + 1) * MIB) / 2)), 'shifted');
          }
        }
      };
      await assert.rejects(reads(), code('remote.reader-died'));
    });
});

describe('a target that talks without an end', () => {
  test('before it begins, or beside the reading: left, with little of it kept', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const node = loopDisk(t, diskBytes(MIB));
    const server = await startSshd(t);
    const order = await orderOn(t, node, { server });
    // Whoever asks a question there is answered, whoever reads a disk first hears of much else.
    const floods = await startSshd(t, {
      config: [
        `ForceCommand case "$SSH_ORIGINAL_COMMAND" in *ready*) head -c 3000000 /dev/zero;; esac; sh -c "$SSH_ORIGINAL_COMMAND"`,
      ],
    });
    await assert.rejects((await channelOn(t, node, { server: floods })).hello, code('remote.reader-died'));
    const env = pathWith(t, 'dd', 'head -c 200000 /dev/zero | tr "\\000" x >&2; exec /usr/bin/dd "$@"');
    const channel = await channelOn(t, node, { sshd: { env }, change: { hash: order.hash } });
    await assert.rejects(readBy(channel, { start: 0, end: MIB }, MIB), code('remote.reader-died'));
  });
});

test('where something hashes, a range of which no hash is told ends the reading', async (t) => {
  if (lacksSshd(t) || lacks(t, 'losetup')) return;
  const node = loopDisk(t, diskBytes(MIB));
  const env = pathWith(t, 'openssl', 'cat >/dev/null; echo "SHA3-256(stdin)= 00"');
  const channel = await channelOn(t, node, { sshd: { env }, change: { hash: 'openssl' } });
  await assert.rejects(readBy(channel, { start: 0, end: MIB }, MIB), code('remote.reader-died'));
});
