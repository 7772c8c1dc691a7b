import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { journalOf, manifestOf, type Desk } from '../support/exhibit.ts';
import { transcriptHere } from '../cli/transcript.ts';
import { begin, judgeSent, MIB, offered, sentScene, tellEnd, type SentScene } from './acquire-support.ts';
import { send } from './support.ts';

const SIZE = 2 * MIB;

/** How each of these ends comes to be. */
const ENDS = {
  'hash-differs': {
    end: 'hash-differs',
    code: 13,
    says: /What arrived is not what was sent/,
    found: /what arrived on a stream is not what the other machine says it sent/,
    verified: /MISMATCH: what arrived on a stream is not what the other machine says it sent/,
    send: async (t: TestContext, { bytes }: SentScene, offer: Awaited<ReturnType<typeof offered>>) => {
      (await send(t, offer, bytes, 'told')).end();
      await tellEnd(t, offer, 0, flipped(bytes));
    },
  },
  'hash-differs, of a stream that ended early as well': {
    end: 'hash-differs',
    code: 13,
    says: /What arrived is not what was sent \(up to byte 1,048,576 of 2,097,152, where the stream ended\)/,
    found: /what arrived on a stream is not what the other machine says it sent/,
    verified: /MISMATCH: what arrived on a stream is not what the other machine says it sent/,
    send: async (t: TestContext, { bytes }: SentScene, offer: Awaited<ReturnType<typeof offered>>) => {
      const sent = bytes.subarray(0, MIB);
      (await send(t, offer, flipped(sent), 'told')).end();
      await tellEnd(t, offer, 1, sent);
    },
  },
  'too-much': {
    end: 'too-much',
    code: 11,
    says: /More came than the 2,097,152 bytes/,
    found: /more was sent than the disk has by --expect-size/,
    verified: /more was sent than the disk has by --expect-size/,
    send: async (t: TestContext, { bytes }: SentScene, offer: Awaited<ReturnType<typeof offered>>) => {
      (await send(t, offer, Buffer.concat([bytes, Buffer.alloc(1)]), 'alone')).end();
    },
  },
  'sender-failed': {
    end: 'sender-failed',
    code: 11,
    says: /dd on the live machine failed/,
    found: /dd on the other machine failed, though as many bytes came/,
    verified: /Hashes of what was sent: .*dd on the other machine failed/,
    send: async (t: TestContext, { bytes }: SentScene, offer: Awaited<ReturnType<typeof offered>>) => {
      (await send(t, offer, bytes, 'told')).end();
      await tellEnd(t, offer, 1, bytes);
    },
  },
} as const;

describe('an end that nobody goes on after', () => {
  for (const [name, { end, code, says, send: sending }] of Object.entries(ENDS))
    test(`${name}: kept, never finished; resume refuses, and closed as incomplete it says so`, async (t) => {
      const here = sentScene(t, SIZE);
      const { desk } = here;
      const job = begin(t, here.argv);
      await sending(t, here, await offered(job));
      const ended = await job.ended;
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr, says);
      assert.doesNotMatch(ended.stderr, /exhibit resume/);
      // On record before anything else, whatever comes next.
      const records = journalOf(desk.evidence()).map(({ type }) => type);
      const told = records.indexOf('stream-ended');
      assert.ok(told > 0 && told < records.indexOf('read'), records.join(' '));
      assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd.partial')).length < SIZE);
      await refusedAndSealed(desk, end);
    });

  test('we are killed as soon as it is on record: resume refuses all the same', async (t) => {
    const here = await spoilt(t);
    cutAfter(here.desk, 'stream-ended');
    await refusedAndSealed(here.desk, 'hash-differs');
  });

  test('we are killed before it is on record: what came is gone on with, and never counts as confirmed', async (t) => {
    const here = await spoilt(t);
    cutAfter(here.desk, 'stream-admitted');
    const job = begin(t, here.resume);
    const offer = await offered(job);
    assert.ok(offer.offset < SIZE, 'what was not confirmed is never whole');
    const rest = here.bytes.subarray(offer.offset);
    (await send(t, offer, rest, 'told')).end();
    await tellEnd(t, offer, 0, rest);
    const ended = await job.ended;
    assert.equal(ended.code, 0, ended.stderr);
    await judgeSent(here);
    const streams = manifestOf(here.desk.evidence()).source.received?.streams;
    assert.deepEqual(
      streams?.map(({ hash }) => hash),
      ['not-confirmed', 'confirmed'],
    );
  });
});

/** The same with another bit. */
function flipped(bytes: Uint8Array): Buffer {
  const other = Buffer.from(bytes);
  other[777] = (other[777] ?? 0) ^ 1;
  return other;
}

/** A job that ended with a hash that differs. */
async function spoilt(t: TestContext): Promise<SentScene> {
  const here = sentScene(t, SIZE);
  const job = begin(t, here.argv);
  await ENDS['hash-differs'].send(t, here, await offered(job));
  assert.equal((await job.ended).code, 13);
  return here;
}

/** The journal as it was when the last record of this type was on disk. */
function cutAfter(desk: Desk, type: string): void {
  const path = join(desk.evidence(), 'HDD-01.journal.jsonl');
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  const last = lines.findLastIndex((line) => (JSON.parse(line) as { type: string }).type === type);
  writeFileSync(path, `${lines.slice(0, last + 1).join('\n')}\n`);
  // Made with the records that come after.
  rmSync(join(desk.evidence(), 'HDD-01.map'), { force: true });
}

async function refusedAndSealed(desk: Desk, end: keyof typeof ENDS): Promise<void> {
  const { found, verified } = ENDS[end];
  const folder = desk.evidence();
  const resume = ['resume', folder, '--key', desk.key];
  await transcriptHere(resume, { exit: 13, says: [found, /It is not gone on with/, /exhibit seal .* --incomplete/] });
  assert.ok(!existsSync(join(folder, 'HDD-01.manifest.json')));
  await transcriptHere(['show', folder], { exit: 0, prints: [/It is not gone on with/] });
  const differs = end === 'hash-differs';
  await transcriptHere(['seal', folder, '--incomplete', 'what came is not the disk', '--key', desk.key], {
    exit: differs ? 13 : 0,
    prints: [differs ? /incomplete, MISMATCH/ : /\(incomplete\)/],
    says: [/./],
  });
  const { outcome, source, acquisition } = manifestOf(folder);
  assert.equal(outcome, 'incomplete');
  assert.equal(source.received?.streams[0]?.ended?.end, end);
  assert.ok(acquisition.findings.some(({ code }) => code === `listen.${end}`));
  const verify = ['verify', folder, '--signers', desk.signers];
  await transcriptHere(verify, { exit: differs ? 13 : 4, prints: [verified, /live, not reproducible/] });
}
