import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { ExhibitError } from '../../src/model/errors.ts';
import { TRANSPORTS } from '../../src/model/remote.ts';
import { connectRemote } from '../../src/remote/connect.ts';
import { parseSshAddress } from '../../src/remote/address.ts';
import { childrenOf, until } from '../support/children.ts';
import { testPorts } from '../support/ports.ts';
import { hostKeyOf, lacksSshd, startSshd } from '../support/sshd.ts';
import { connected, orderFor } from './connected.ts';

function code(expected: string, fault?: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ExhibitError, String(error));
    assert.equal(error.code, expected, error.message);
    if (fault !== undefined) assert.equal(error.fault, fault);
    assert.ok(error.hint !== undefined || expected === 'remote.closed');
    return true;
  };
}

for (const transport of TRANSPORTS)
  describe(`a shell on another machine, by ${transport}`, () => {
    test('a command gives its output, its complaints apart, its status, and stands in the footprint', async (t) => {
      if (lacksSshd(t)) return;
      const sshd = await startSshd(t);
      const shell = await connected(t, sshd, transport);
      const hostile = `a'b\\c!d $(id) "x" é\u001b[2J`;
      const result = await shell.run(['sh', '-c', 'printf "%s\\377" "$1"; echo "$LC_ALL" >&2; exit 7', 'sh', hostile]);
      assert.deepEqual(result.stdout, Buffer.concat([Buffer.from(hostile), Buffer.from([0xff])]));
      assert.equal(result.stderr, 'C\n');
      assert.deepEqual([result.exit, result.signal, result.failure], [7, null, null]);
      const run = shell.footprint[0];
      assert.equal(run?.exit, 7);
      assert.deepEqual(run.argv.slice(4, 7), ['env', 'LC_ALL=C', 'sh']);
      assert.equal(run.outputBytes, result.stdout.length);
      assert.equal(shell.facts.transport, transport);
      assert.equal(shell.facts.hostKey.fingerprint, sshd.fingerprint);
      assert.equal(shell.facts.hostKey.type, 'ssh-ed25519');
      assert.match(shell.facts.serverVersion ?? '', /^OpenSSH_/);
      assert.notEqual(shell.facts.cipher, null);
      assert.match(shell.facts.authentication ?? '', transport === 'ssh2' ? /^key .*identity$/ : /^publickey$/);
    });

    test('there is no terminal there, and a command that dies by a signal says so', async (t) => {
      if (lacksSshd(t)) return;
      const shell = await connected(t, await startSshd(t), transport);
      assert.equal((await shell.run(['test', '-t', '0'])).exit, 1);
      const killed = await shell.run(['sh', '-c', 'kill -9 $$']);
      // ssh itself tells of signals as the status 255: unknown, then.
      assert.equal(killed.exit, null);
      if (transport === 'ssh2') assert.equal(killed.signal, 'SIGKILL');
    });

    test('megabytes go in and come out, over several channels at once', async (t) => {
      if (lacksSshd(t)) return;
      const shell = await connected(t, await startSshd(t), transport);
      const bytes = Buffer.alloc(5_000_001, 'evidence');
      const sent = [1, 2, 3].map(async () => {
        const channel = await shell.open(['cat']);
        const parts: Buffer[] = [];
        channel.stdout.on('data', (part: Buffer) => parts.push(part));
        // A channel ends once both its outputs were read.
        channel.stderr.resume();
        channel.stdin.end(bytes);
        assert.equal((await channel.done).exit, 0);
        assert.ok(Buffer.concat(parts).equals(bytes));
      });
      await Promise.all(sent);
    });

    test('a command that hangs is left behind; one that says too much is cut off, and both are said', async (t) => {
      if (lacksSshd(t)) return;
      const shell = await connected(t, await startSshd(t), transport);
      assert.equal((await shell.run(['sleep', '60'], { timeoutMs: 200 })).failure, 'timeout');
      assert.equal((await shell.run(['cat', '/dev/zero'], { maxOutput: 100_000 })).failure, 'too-much-output');
      assert.equal((await shell.run(['echo', 'still here'])).stdout.toString(), 'still here\n');
    });

    test('a conversation: what is written is answered', async (t) => {
      if (lacksSshd(t)) return;
      const shell = await connected(t, await startSshd(t), transport);
      const channel = await shell.open(['sh', '-c', 'while read -r word; do echo "got $word"; done; exit 3']);
      channel.stdin.write('one\n');
      const [first] = (await once(channel.stdout, 'data')) as [Buffer];
      assert.equal(first.toString(), 'got one\n');
      channel.stdout.resume();
      channel.stderr.resume();
      channel.stdin.end();
      assert.deepEqual(await channel.done, { exit: 3, signal: null });
    });

    test('when the server dies, whoever waits is told, and soon', async (t) => {
      if (lacksSshd(t)) return;
      const sshd = await startSshd(t);
      const shell = await connected(t, sshd, transport);
      const waiting = shell.run(['sleep', '60']);
      const refused = assert.rejects(waiting, code('remote.link-lost', 'source'));
      await until(() => /Starting session: command/.test(sshd.log()), 'the command runs');
      const began = performance.now();
      await sshd.kill();
      await refused;
      assert.ok(performance.now() - began < 3000);
      await assert.rejects(shell.run(['true']), code('remote.link-lost'));
    });

    test('nothing of ours is left running once it is closed', async (t) => {
      if (lacksSshd(t)) return;
      const before = childrenOf(process.pid).length;
      const shell = await connected(t, await startSshd(t), transport);
      await shell.run(['true']);
      await shell.close();
      await assert.rejects(shell.run(['true']), code('remote.closed'));
      // sshd itself is ours, too.
      await until(() => childrenOf(process.pid).length === before + 1, 'all have ended');
    });

    test('a wrong port, a name that leads nowhere', async (t) => {
      if (lacksSshd(t)) return;
      const sshd = await startSshd(t);
      const order = orderFor(sshd, transport);
      const to = (text: string) => connectRemote(testPorts(), { ...order, address: parseSshAddress(text) });
      await assert.rejects(to('ssh://root@127.0.0.1:1/'), code('remote.unreachable', 'source'));
      await assert.rejects(to('ssh://root@no-such-host.invalid/'), (error: unknown) => {
        // Where no name service answers at all, nobody can say that there is no such name.
        assert.ok(error instanceof ExhibitError);
        return error.code === 'remote.no-such-host' || error.code === 'remote.unreachable';
      });
    });

    test('a key that nobody there knows is refused, with what was tried', async (t) => {
      if (lacksSshd(t)) return;
      const [sshd, other] = [await startSshd(t), await startSshd(t)];
      const { person } = orderFor(sshd, transport);
      const stranger = orderFor(sshd, transport, { person: { ...person, identity: other.identity } });
      await assert.rejects(connectRemote(testPorts(), stranger), (error: unknown) => {
        code('remote.auth-refused', 'remote')(error);
        assert.match((error as ExhibitError).message, new RegExp(`key .*${other.identity}`));
        assert.match((error as ExhibitError).message, /It takes: publickey/);
        return true;
      });
    });

    test('of several keys the one that was met is asked for, by its type', async (t) => {
      if (lacksSshd(t)) return;
      const rsa = hostKeyOf(t, 'rsa');
      const sshd = await startSshd(t, { config: [`HostKey ${rsa.path}`] });
      const pin = { hostKey: rsa.fingerprint };
      await assert.rejects(connectRemote(testPorts(), orderFor(sshd, transport, pin)), {
        message: /ssh-ed25519.*not the expected one/,
        hint: /another of its keys/,
      });
      const shell = await connected(t, sshd, transport, { met: { type: 'ssh-rsa', fingerprint: rsa.fingerprint } });
      assert.deepEqual({ ...shell.facts.hostKey }, { type: 'ssh-rsa', fingerprint: rsa.fingerprint });
      assert.equal(shell.facts.judgedBy, 'the key of the first connection');
      // It is no more than an order: another key stays another key.
      const gone = connectRemote(
        testPorts(),
        orderFor(sshd, transport, { met: { type: 'ecdsa-sha2-nistp256', fingerprint: rsa.fingerprint } }),
      );
      await assert.rejects(gone, { message: /ssh-ed25519/ });
    });

    test('a host key that was not expected is shown and refused before anything is said', async (t) => {
      if (lacksSshd(t)) return;
      const [sshd, other] = [await startSshd(t), await startSshd(t)];
      const wrong = orderFor(sshd, transport, { hostKey: other.fingerprint });
      await assert.rejects(connectRemote(testPorts(), wrong), (error: unknown) => {
        assert.ok(error instanceof ExhibitError);
        assert.equal(error.fault, 'remote');
        assert.equal(error.code, 'remote.host-key-changed');
        assert.ok(error.message.includes(sshd.fingerprint), error.message);
        return true;
      });
      assert.doesNotMatch(sshd.log(), /Accepted|Failed|Postponed/);
    });

    test('a key that is revoked is refused, also where it is the one that is asked for, or was met', async (t) => {
      if (lacksSshd(t)) return;
      const sshd = await startSshd(t);
      appendFileSync(join(sshd.home, '.ssh/known_hosts'), `@revoked * ${sshd.knownLine.replace(/^\S+ /, '')}\n`);
      const { fingerprint } = sshd;
      for (const pin of [{ hostKey: fingerprint }, { met: { type: 'ssh-ed25519', fingerprint } }])
        await assert.rejects(
          connectRemote(testPorts(), orderFor(sshd, transport, pin)),
          code('remote.host-key-revoked', 'remote'),
        );
      assert.doesNotMatch(sshd.log(), /Accepted|Failed|Postponed/);
    });
  });
