import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { RemoteAccount } from '../../src/acquire/remote/account.ts';
import type { Journal, JournalData } from '../../src/manifest/journal.ts';
import { canonicalLine } from '../../src/manifest/encode.ts';
import { parseTold } from '../../src/remote/reader-answer.ts';
import { gives, hashes } from '../../src/remote/questions.ts';
import type { RemoteResult } from '../../src/remote/shell.ts';

const HASH = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

const printed = (text: string): RemoteResult => ({
  argv: ['sh'],
  exit: 0,
  signal: null,
  stderr: '',
  stdout: Buffer.from(text),
  failure: null,
});

describe('what the target tells of an order', () => {
  for (const [who, line] of [
    ['sha256sum', `${HASH}  -`],
    ['OpenSSL 3', `SHA2-256(stdin)= ${HASH}`],
    ['LibreSSL, and OpenSSL 3 by its older name', `SHA256(stdin)= ${HASH}`],
    ['OpenSSL 1', `(stdin)= ${HASH}`],
  ] as const)
    test(`the hash as ${who} prints it`, () => {
      assert.equal(parseTold(['512 bytes copied', 'exit 0', line], 512).sha256, HASH);
      assert.ok(hashes(printed(`${line}\n`)));
    });

  for (const [words, errno] of [
    ['Connection timed out', 'ETIMEDOUT'],
    ['Operation timed out', 'ETIMEDOUT'],
    ['Timer expired', 'ETIME'],
    ['Device timeout', 'ETIME'],
    ['Invalid or incomplete multibyte or wide character', 'EILSEQ'],
    ['Illegal byte sequence', 'EILSEQ'],
    ['Cannot send after transport endpoint shutdown', 'ESHUTDOWN'],
    ['Cannot send after socket shutdown', 'ESHUTDOWN'],
    ['Bad file descriptor', 'EBADF'],
    ['Cannot allocate memory', null],
  ] as const)
    test(`a failed read, as glibc or musl say it: ${words}`, () => {
      assert.equal(parseTold([`dd: error reading '/dev/fd/9': ${words}`, 'exit 1'], 512).errno, errno);
    });

  test('what is no hash, and the hash of something else, is none', () => {
    for (const line of [HASH, `x${HASH}  -`, `(stdin)= ${HASH.slice(1)}`, `MD5(stdin)= ${HASH}`])
      assert.equal(parseTold([line], 512).sha256, null, line);
    assert.ok(!hashes(printed(`(stdin)= ${HASH.replace('b', 'c')}\n`)));
    assert.ok(!hashes(printed('')));
  });

  test('an attempt is not spoilt by what somebody else prints beside it', () => {
    assert.deepEqual(gives(printed('<34567>You have new mail.\n'), '<34567>'), { known: true, value: true });
    assert.deepEqual(gives(printed('<0123456789>'), '<34567>'), { known: true, value: false });
  });
});

test('half a letter at the end of what is kept goes on record as a sign of its own', async () => {
  const account = new RemoteAccount();
  // Two code units, of which the cut leaves one.
  const half = (at: number): string => `${'x'.repeat(at - 1)}😀y`;
  account.gaveUp({ code: 'remote.reader-died', at: 0, why: half(500) });
  const run = { argv: ['dd'], exit: 1, signal: null, ms: 1, outputBytes: 0, stderr: half(1000) };
  account.met({ footprint: [run] } as never);
  const lines: string[] = [];
  const journal = {
    append: (_: string, data: JournalData) => {
      lines.push(canonicalLine(data));
      return Promise.resolve();
    },
  } as unknown as Journal;
  await account.tell(journal);
  assert.equal(lines.length, 1);
});
