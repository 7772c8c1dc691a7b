import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import test, { describe, type TestContext } from 'node:test';
import type { AuthContext, Server as SshServer } from 'ssh2';
import { ExhibitError } from '../../src/model/errors.ts';
import { parseSshAddress } from '../../src/remote/address.ts';
import { connectRemote } from '../../src/remote/connect.ts';
import type { Asker, Person } from '../../src/remote/credentials.ts';
import { fingerprintOf } from '../../src/remote/fingerprint.ts';
import { lacks, sh } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { atEnd, tempFolder } from '../support/temp.ts';
import { nobody, orderFor } from './connected.ts';

const { Server } = createRequire(import.meta.url)('ssh2') as { Server: typeof SshServer };

/** A server of the test's own that lets in whom `judge` lets in. */
async function server(t: TestContext, judge: (context: AuthContext) => void) {
  const folder = tempFolder(t);
  sh('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'host'));
  const started = new Server({ hostKeys: [readFileSync(join(folder, 'host'))] }, (client) => {
    client.on('authentication', judge).on('error', () => undefined);
  });
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => new Promise((resolve) => started.close(resolve)));
  const base64 = readFileSync(join(folder, 'host.pub'), 'utf8').split(' ')[1] ?? '';
  const { fingerprint } = fingerprintOf(Buffer.from(base64, 'base64'));
  const { port } = started.address() as AddressInfo;
  const connect = async (asker: Asker, change: Partial<Person> = {}) => {
    const shell = await connectRemote(testPorts(), {
      address: parseSshAddress(`ssh://ada@127.0.0.1:${port}`),
      transport: 'ssh2',
      hostKey: fingerprint,
      person: { home: folder, agentSocket: null, identity: null, ...change },
      asker,
      signal: new AbortController().signal,
    });
    atEnd(t, () => shell.close());
    return shell;
  };
  return { folder, connect };
}

/** A person who types these lines. */
function typist(...lines: (string | null)[]): Asker & { readonly asked: string[] } {
  const asked: string[] = [];
  const answer = (kind: string) => (question: string) => {
    asked.push(`${kind} ${question}`);
    return Promise.resolve(lines.shift() ?? null);
  };
  return { canAsk: true, asked, ask: answer('shown'), askSecret: answer('secret') };
}

function refused(...patterns: RegExp[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ExhibitError, String(error));
    assert.deepEqual([error.code, error.fault], ['remote.auth-refused', 'remote'], error.message);
    for (const pattern of patterns) assert.match(error.message, pattern);
    return true;
  };
}

describe('being let in', () => {
  const byPassword = (context: AuthContext): void => {
    if (context.method === 'password' && context.password === 'öpen') context.accept();
    else context.reject(['password']);
  };

  test('by a password that is typed, and typed again when it was wrong', async (t) => {
    if (lacks(t, 'ssh-keygen')) return;
    const { connect } = await server(t, byPassword);
    const person = typist('wrong', 'öpen');
    const shell = await connect(person);
    assert.equal(shell.facts.authentication, 'password');
    assert.deepEqual(person.asked.length, 2);
    assert.match(person.asked[0] ?? '', /^secret Password of ada@127.0.0.1/);
  });

  test('not by a third wrong password; and it is never repeated', async (t) => {
    if (lacks(t, 'ssh-keygen')) return;
    const { connect } = await server(t, byPassword);
    const person = typist('s3cret', 's3cret', 's3cret', 'öpen');
    await assert.rejects(connect(person), (error: unknown) => {
      refused(/Tried: password\. It takes: password\./)(error);
      return error instanceof ExhibitError && !error.message.includes('s3cret');
    });
    assert.equal(person.asked.length, 3);
  });

  test('not by a password where nobody can be asked', async (t) => {
    if (lacks(t, 'ssh-keygen')) return;
    const { connect } = await server(t, byPassword);
    await assert.rejects(connect(nobody), refused(/there was nothing to try/, /It takes: password/));
  });

  test('by answers to what the server asks; its words are made visible', async (t) => {
    if (lacks(t, 'ssh-keygen')) return;
    const { connect } = await server(t, (context) => {
      if (context.method !== 'keyboard-interactive') {
        context.reject(['keyboard-interactive']);
        return;
      }
      context.prompt(
        [
          { prompt: 'Code\u001b[2J: ', echo: true },
          { prompt: 'Word: ', echo: false },
        ],
        (answers) => {
          if (answers.join() === '123,sesame') context.accept();
          else context.reject();
        },
      );
    });
    const person = typist('123', 'sesame');
    assert.equal((await connect(person)).facts.authentication, 'keyboard-interactive');
    assert.match(person.asked[0] ?? '', /^shown ada@.* asks: Code\\u\{1b\}\[2J: $/);
    assert.match(person.asked[1] ?? '', /^secret .*Word: $/);
  });

  test('not by answers that nobody gives since they were told to stop', async (t) => {
    if (lacks(t, 'ssh-keygen')) return;
    const { connect } = await server(t, (context) => {
      if (context.method !== 'keyboard-interactive') context.reject(['keyboard-interactive']);
      else
        context.prompt([{ prompt: 'Word: ', echo: false }], () => {
          context.reject([]);
        });
    });
    const stopped = new ExhibitError('interrupted', 'cli.stopped', 'Stopped.');
    const ask = () => Promise.reject(stopped);
    await assert.rejects(connect({ canAsk: true, ask, askSecret: ask }), stopped);
  });

  test('by a key whose passphrase is asked for; without one the key is said not to have been used', async (t) => {
    if (lacksSshd(t)) return;
    const sshd = await startSshd(t);
    sh('ssh-keygen', '-q', '-p', '-N', 'sesame', '-f', sshd.identity);
    const order = orderFor(sshd, 'ssh2');
    const person = typist('wrong', 'sesame');
    const shell = await connectRemote(testPorts(), { ...order, asker: person });
    await shell.close();
    assert.equal(shell.facts.authentication, `key ${sshd.identity}`);
    assert.match(person.asked.join('\n'), /^secret Passphrase of .*\nsecret Not that one\. Passphrase of /);
    await assert.rejects(connectRemote(testPorts(), order), refused(/its passphrase was not given/));
  });

  test('by an agent', async (t) => {
    if (lacksSshd(t)) return;
    const sshd = await startSshd(t);
    const agentSocket = agent(t, sshd.identity);
    const person = { home: sshd.home, agentSocket, identity: null };
    const shell = await connectRemote(testPorts(), { ...orderFor(sshd, 'ssh2'), person });
    await shell.close();
    assert.equal(shell.facts.authentication, 'agent');
  });

  test('a file that is no key, and one that is not there', async (t) => {
    if (lacks(t, 'ssh-keygen')) return;
    const { folder, connect } = await server(t, (context) => {
      context.reject(['publickey']);
    });
    await assert.rejects(connect(nobody, { identity: join(folder, 'host.pub') }), refused(/host\.pub \(not used: /));
    await assert.rejects(
      connect(nobody, { identity: join(folder, 'absent') }),
      (error: unknown) => error instanceof ExhibitError && error.code === 'remote.identity' && error.fault === 'usage',
    );
  });
});

/** An agent that holds the key; its socket. */
function agent(t: TestContext, identity: string): string {
  const socket = join(tempFolder(t), 'agent');
  const { stdout } = spawnSync('ssh-agent', ['-s', '-a', socket], { encoding: 'utf8' });
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(stdout)?.[1]);
  atEnd(t, () => process.kill(pid));
  const added = spawnSync('ssh-add', ['-q', identity], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  assert.equal(added.status, 0, String(added.stderr));
  return socket;
}
