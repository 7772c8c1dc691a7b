import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { jsonLines, journalOf, manifestOf, startExhibit } from '../support/exhibit.ts';
import { lacks } from '../support/loop.ts';
import { transcriptHere } from '../cli/transcript.ts';
import { atEnd } from '../support/temp.ts';
import { until } from '../support/children.ts';
import { begin, judgeSent, MIB, offered, PLAIN, sentScene, sha256, tellEnd } from './acquire-support.ts';
import { caller, runLine, send } from './support.ts';

const SIZE = 4 * MIB + 512;

describe('a disk that another machine sends is imaged', () => {
  for (const [name, ways] of [
    ['bash alone', [...PLAIN, '--allow', '127.0.0.0/8']],
    ['OpenSSL, by the fingerprint', []],
  ] as const)
    test(`${name}: image and disk are the same; the manifest says how it came, and whose word its hash is`, async (t) => {
      if (lacks(t, 'bash', 'openssl')) return;
      const plain = ways.length > 0;
      const here = sentScene(t, SIZE, ways);
      const job = begin(t, here.argv);
      const offer = await offered(job);
      const command = offer.commands.find((each) => each.name === name && each.tells);
      const ran = await runLine(command?.line ?? '');
      const ended = await job.ended;
      assert.equal(ended.code, 0, ended.stderr + ran.stderr);
      assert.ok(ended.stderr.includes(command?.line ?? 'none'), 'a person sees the command too');
      await judgeSent(here);
      const { source, guard, acquisition } = manifestOf(here.desk.evidence());
      assert.deepEqual(
        [source.held_by, guard.verdict, acquisition.reader.name],
        ['stream', 'not-applicable', 'listen'],
      );
      assert.deepEqual([source.model, source.serial, source.identity_after], [null, null, null]);
      const { received } = source;
      assert.ok(received !== null);
      assert.deepEqual([received.encrypted, received.certificate_check], [!plain, plain ? 'none' : 'not-known']);
      assert.equal(received.plaintext_reason, plain ? 'a lab of our own' : null);
      assert.deepEqual([received.disk, received.expect_size], [here.file, SIZE]);
      const [listened, ...more] = received.listened;
      assert.deepEqual([listened?.port, listened?.fingerprint, more.length], [offer.port, offer.fingerprint, 0]);
      assert.deepEqual(listened?.allowed, plain ? ['127.0.0.0/8'] : []);
      const [stream, ...others] = received.streams;
      assert.equal(others.length, 0);
      assert.deepEqual([stream?.offset, stream?.tells, stream?.hash], [0, true, 'confirmed']);
      assert.deepEqual(stream?.ended?.told, { exit: 0, sha256: sha256(here.bytes), bytes: SIZE });
      assert.equal(stream.ended.received, SIZE);
      assert.equal(stream.tls?.protocol ?? null, plain ? null : 'TLSv1.3');
      const report = readFileSync(join(here.desk.evidence(), 'HDD-01.txt'), 'utf8');
      assert.match(report, /as told by the target: all of/);
      assert.match(
        report,
        plain
          ? /NOT encrypted, and NOT authenticated: a lab of our own/
          : /On its way: TLS;.*fingerprint \([0-9a-f]{64}\).*not known here whether/,
      );
    });

  test('plain, and without a hash: the last words, and those of verify, say what it is worth', async (t) => {
    const here = sentScene(t, MIB);
    const job = begin(
      t,
      here.argv.filter((word) => word !== '--json'),
    );
    const shown = () => /\bexhibit ([0-9a-f]{16}) 0 alone\b.*\/dev\/tcp\/127\.0\.0\.1\/(\d+)/.exec(job.stderr);
    await job.until(() => shown() !== null, 'the command is shown');
    const [, token = '', port] = shown() ?? [];
    const offer = { host: '127.0.0.1', port: Number(port), offset: 0, fingerprint: null, token, commands: [] };
    (await send(t, offer, here.bytes, 'alone')).end();
    const ended = await job.ended;
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /^ACQUIRED\. As many bytes came as the disk has by --expect-size\./);
    assert.match(ended.stdout, /^ {2}The source was live, not reproducible: .* while it was sent\.$/m);
    assert.match(ended.stdout, /^ {2}On its way: NOT encrypted, and NOT authenticated: a lab of our own\.$/m);
    assert.match(ended.stdout, /^ {2}What was sent, hashed there: none: nothing is known to have arrived as it was/m);
    const verify = ['verify', here.desk.evidence(), '--signers', here.desk.signers];
    const prints = [
      /VERIFIED/,
      /sent by another machine: live, not reproducible/,
      /On its way: NOT encrypted, and NOT authenticated: a lab of our own/,
      /Hashes of what was sent.*: none: nothing is known/,
      /complete: as many bytes came as the operator said/,
      /NOT proved: that what was sent is what its disk holds/,
      /NOT proved: who sent it/,
    ];
    await transcriptHere(verify, { exit: 0, prints });
    const { stdout } = await transcriptHere([...verify, '--json'], { exit: 0, prints: [/./] });
    assert.match(JSON.stringify(jsonLines(stdout).at(-1)?.['notes']), /NOT authenticated/);
  });

  test('who comes twice, from elsewhere, or with another token: not let in, and on record', async (t) => {
    const here = sentScene(t, SIZE, [...PLAIN, '--allow', '127.0.0.1']);
    const job = begin(t, here.argv);
    const offer = await offered(job);
    await caller(t, offer, '127.0.0.2');
    (await caller(t, offer)).write(`exhibit ${'0'.repeat(16)} 0 alone\n`);
    const refused = () => jsonLines(job.stdout).filter(({ code }) => code === 'listen.refused').length;
    await job.until(() => refused() === 2, 'two are refused');
    const socket = await send(t, offer, here.bytes.subarray(0, MIB), 'alone');
    await job.untilSaid(/listen\.admitted/);
    await caller(t, offer);
    await job.until(() => refused() === 3, 'a third is refused');
    socket.end(here.bytes.subarray(MIB));
    const ended = await job.ended;
    assert.equal(ended.code, 0, ended.stderr);
    await judgeSent(here);
    assert.deepEqual(jsonLines(ended.stdout).at(-1)?.['received'], {
      state: 'live, not reproducible: the disk was in use, or may have been, while it was sent',
      way: 'NOT encrypted, and NOT authenticated: a lab of our own',
      proof: 'none: nothing is known to have arrived as it was sent',
    });
    const { received } = manifestOf(here.desk.evidence()).source;
    assert.equal(received?.refused.count, 3);
    assert.deepEqual(
      received.refused.connections.map(({ address, refusal }) => [address, refusal]),
      [
        ['127.0.0.2', 'not-allowed'],
        ['127.0.0.1', 'wrong-token'],
        ['127.0.0.1', 'second-connection'],
      ],
    );
    assert.equal(received.streams[0]?.hash, 'not-promised');
  });

  test('a dry run prints the plan, and listens nowhere; a person who stops it can go on', async (t) => {
    const here = sentScene(t, SIZE);
    const dry = await transcriptHere([...here.argv, '--dry-run'], {
      exit: 0,
      prints: [/"dry_run":true/],
      says: [/sent to/],
    });
    assert.doesNotMatch(dry.stdout, /invitation/);
    assert.ok(!existsSync(here.desk.evidence()));
    const job = begin(t, here.argv);
    await offered(job);
    job.stop();
    const ended = await job.ended;
    assert.equal(ended.code, 130, ended.stderr);
    await finish(t, here, 0);
    await judgeSent(here);
  });
});

describe('a job that stopped when all had come', () => {
  test('resume opens no port: nobody is waited for any more', async (t) => {
    const here = sentScene(t, SIZE);
    const job = begin(t, here.argv);
    const offer = await offered(job);
    (await send(t, offer, here.bytes, 'told')).end();
    await tellEnd(t, offer, 0, here.bytes);
    assert.equal((await job.ended).code, 0, job.stderr);
    const folder = here.desk.evidence();
    stopAfter(folder, 'read');
    // It could not be opened.
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    atEnd(t, () => other.close());
    const { port } = other.address() as AddressInfo;
    const [command = '', ...rest] = here.resume.filter((word) => word !== '--json');
    const again = [command, folder, `listen://127.0.0.1:${port}`, ...rest.slice(1)];
    const ended = await transcriptHere(again, { exit: 0, prints: [/As many bytes came/] });
    assert.doesNotMatch(ended.stderr, /Run ONE of these/);
    await judgeSent(here);
    const { source, sessions } = manifestOf(folder);
    assert.deepEqual([sessions.length, source.received?.listened.length], [2, 1]);
    assert.deepEqual(
      source.received?.streams.map(({ hash }) => hash),
      ['confirmed'],
    );
  });
});

/** As if the job had been killed right after it had put this on record. */
function stopAfter(folder: string, type: string): void {
  const path = join(folder, 'HDD-01.journal.jsonl');
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  const last = lines.findLastIndex((line) => (JSON.parse(line) as { type: string }).type === type);
  for (const name of readdirSync(folder))
    if (!/\.(dd|jsonl|pieces\S*)$/.test(name)) rmSync(join(folder, name), { recursive: true });
  writeFileSync(path, `${lines.slice(0, last + 1).join('\n')}\n`);
}

describe('a stream that does not come to its end', () => {
  test('ends early: 11, kept; resume shows a command that starts there, and finishes it', async (t) => {
    const here = sentScene(t, SIZE);
    const job = begin(t, here.argv);
    (await send(t, await offered(job), here.bytes.subarray(0, 2 * MIB + 700), 'alone')).end();
    const ended = await job.ended;
    assert.equal(ended.code, 11, ended.stderr);
    assert.match(ended.stderr, /ended at byte 2,097,852.*exhibit resume/s);
    assert.ok(!existsSync(join(here.desk.evidence(), 'HDD-01.manifest.json')));
    const [command = '', folder = '', ...rest] = here.resume.filter((word) => word !== '--json');
    await transcriptHere([command, folder, here.file, ...rest], { exit: 2, says: [/was sent by another machine/] });
    await transcriptHere([...here.resume.slice(0, 4), '--retries', '2'], {
      exit: 2,
      says: [/read again/, /Leave --retries out/],
    });
    await finish(t, here, 2 * MIB + 512);
    await judgeSent(here);
    const { source, sessions } = manifestOf(here.desk.evidence());
    assert.equal(sessions.length, 2);
    assert.deepEqual(
      source.received?.streams.map(({ ended: end, hash, offset }) => [offset, end?.end, hash]),
      [
        [0, 'ended-early', 'not-promised'],
        [2 * MIB + 512, 'complete', 'confirmed'],
      ],
    );
    const report = readFileSync(join(here.desk.evidence(), 'HDD-01.txt'), 'utf8');
    assert.match(report, /as told by the target: 2,097,152 of 4,194,816 bytes.*of the rest nobody knows/);
  });

  test('a command that stops half-way, over TLS: 11; another goes on at another port, with a certificate of its own', async (t) => {
    if (lacks(t, 'openssl')) return;
    const here = sentScene(t, SIZE, []);
    const job = begin(t, here.argv);
    const first = await offered(job);
    const [line] = first.commands.filter(({ tells }) => tells);
    await runLine(line?.line.replace('dd if="$1" bs=1048576', 'dd if="$1" bs=1048576 count=2') ?? '');
    const ended = await job.ended;
    assert.equal(ended.code, 11, ended.stderr);
    const again = begin(t, [...here.resume.slice(0, 2), 'listen://127.0.0.1:0', ...here.resume.slice(2)]);
    const offer = await offered(again);
    assert.equal(offer.offset, 2 * MIB);
    assert.notEqual(offer.fingerprint, first.fingerprint);
    assert.notEqual(offer.token, first.token);
    await runLine(offer.commands[0]?.line ?? '');
    const done = await again.ended;
    assert.equal(done.code, 0, done.stderr);
    await judgeSent(here);
    const { received } = manifestOf(here.desk.evidence()).source;
    // What was told of the first was told of what had come: so much is known.
    assert.deepEqual(
      received?.streams.map(({ hash }) => hash),
      ['confirmed', 'confirmed'],
    );
  });

  test('we are killed in the middle of a stream whose hash was promised: it never counts as confirmed', async (t) => {
    const here = sentScene(t, 16 * MIB);
    const job = startExhibit(t, here.argv);
    await send(t, await offered(job), here.bytes.subarray(0, 6 * MIB), 'told');
    await until(
      () => journalOf(here.desk.evidence()).some(({ type }) => type === 'checkpoint'),
      'a checkpoint',
      30_000,
    );
    job.kill('SIGKILL');
    await job.ended;
    const position = journalOf(here.desk.evidence()).findLast(({ type }) => type === 'checkpoint')?.data['position'];
    await finish(t, here, position as number);
    await judgeSent(here);
    const { received } = manifestOf(here.desk.evidence()).source;
    assert.deepEqual(
      received?.streams.map(({ ended, hash }) => [ended?.end ?? null, hash]),
      [
        [null, 'not-confirmed'],
        ['complete', 'confirmed'],
      ],
    );
    const report = readFileSync(join(here.desk.evidence(), 'HDD-01.txt'), 'utf8');
    assert.match(report, /its end is not on record; NOT CONFIRMED/);
    assert.match(report, /of the rest nobody knows/);
  });
});

/** Resumes, and sends what is asked for, with its hash. */
async function finish(t: TestContext, here: ReturnType<typeof sentScene>, from: number): Promise<void> {
  const job = begin(t, here.resume);
  const offer = await offered(job);
  assert.equal(offer.offset, from);
  const rest = here.bytes.subarray(from);
  (await send(t, offer, rest, 'told')).end();
  await tellEnd(t, offer, 0, rest);
  const ended = await job.ended;
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stderr, /nothing that came before is compared with it\. \[resume\.not-compared\]/);
}
