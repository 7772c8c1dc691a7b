import test, { after, afterEach, describe } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkSignature, type SignatureCheck, type SignatureQuestion } from '../../src/verify/signature.ts';
import { commandsWith, makeKey, refuses, signByHand, signPorts, workshop } from '../manifest/sign-support.ts';

const shop = workshop();
after(shop.remove);
afterEach(() => {
  assert.deepEqual(shop.left(), []);
});
const ports = signPorts({});
const ann = makeKey(shop.folder, 'ann', 'Ann Lee');
const forger = makeKey(shop.folder, 'forger', 'Ann Lee');
const DATA = Buffer.from('{"format": "exhibit-manifest"}\n');
const armour = signByHand(ann, 'exhibit-manifest', DATA);
let files = 0;

function signers(...lines: string[]): string {
  files += 1;
  const path = join(shop.folder, `signers${files}`);
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

function check(change: Partial<SignatureQuestion>, by = ports): Promise<SignatureCheck> {
  return checkSignature(by, {
    data: DATA,
    armourBytes: Buffer.from(armour),
    namespace: 'exhibit-manifest',
    signersFile: null,
    folderSigners: null,
    claimedTimeMs: null,
    ...change,
  });
}

/** The kind, and the reasons as one text. */
async function expect(
  change: Partial<SignatureQuestion>,
  kind: string,
  seen: RegExp,
  by = ports,
): Promise<SignatureCheck> {
  const result = await check(change, by);
  assert.equal(result.kind, kind, result.reasons.join(' '));
  assert.match(result.reasons.join(' '), seen);
  if (kind !== 'trusted' && kind !== 'valid-at-claimed-time-only') assert.equal(result.principal, null);
  return result;
}

describe("with the examiner's own signers file", () => {
  const good = `"Ann Lee" namespaces="exhibit-manifest,exhibit-sums" ${ann.publicKey}`;

  test('trusted: bytes or file, any script, any line', async () => {
    const file = join(shop.folder, 'manifest.json');
    writeFileSync(file, DATA);
    const trusted = await expect({ data: file, signersFile: signers('# lab list', '', good) }, 'trusted', /^$/);
    assert.deepEqual([trusted.principal, trusted.keyType], ['Ann Lee', 'ssh-ed25519']);
    assert.match(trusted.fingerprint ?? '', /^SHA256:/);
    const named = await check({
      signersFile: signers('not a line at all', `bob ${forger.publicKey}`, `"Анна Ли" ${ann.publicKey}`),
    });
    assert.deepEqual([named.kind, named.principal], ['trusted', 'Анна Ли']);
    const windows = await check({ signersFile: signers(`${good}\r`) });
    assert.equal(windows.kind, 'trusted');
  });

  test('a key that several lines list for different things', async () => {
    const list = signers(`ann@git namespaces="git" ${ann.publicKey}`, good);
    assert.equal((await check({ signersFile: list })).principal, 'Ann Lee');
    const two = await check({ signersFile: signers(`Ann,Bob ${ann.publicKey}`) });
    assert.deepEqual([two.kind, two.principal], ['trusted', 'Ann or Bob']);
  });

  test('re-signed by another key under the same name', async () => {
    const forged = Buffer.from(signByHand(forger, 'exhibit-manifest', DATA));
    await expect({ armourBytes: forged, signersFile: signers(good) }, 'not-trusted', /does not list this key/);
    // What came with the folder may say what it likes.
    const own = signers(`"Ann Lee" namespaces="exhibit-manifest,exhibit-sums" ${forger.publicKey}`);
    const claimed = await expect(
      { armourBytes: forged, signersFile: signers(good), folderSigners: own },
      'not-trusted',
      /does not list/,
    );
    assert.equal(claimed.claimedPrincipal, 'Ann Lee');
  });

  test('listed for something else, commented out, as a pattern, as an authority', async () => {
    await expect(
      { signersFile: signers(`ann namespaces="git" ${ann.publicKey}`) },
      'not-trusted',
      /not permitted for use in signature namespace/,
    );
    await expect({ signersFile: signers(`# ${good}`) }, 'not-trusted', /does not list this key/);
    for (const pattern of ['*', 'Ann*', '?nn', '!Bob,*', '"*"']) {
      await expect({ signersFile: signers(`${pattern} ${ann.publicKey}`) }, 'not-trusted', /pattern .* names nobody/);
    }
    await expect({ signersFile: signers(`ann cert-authority ${ann.publicKey}`) }, 'not-trusted', /does not apply/);
  });

  test('words carry neither escapes nor our own paths', async () => {
    const result = await expect(
      { signersFile: signers(`"A\u001b[2Jnn*" ${ann.publicKey}`) },
      'not-trusted',
      /A\\u\{1b\}\[2Jnn/,
    );
    assert.doesNotMatch(result.reasons.join(' '), /exhibit-|proc.self/);
    const other = await check({ signersFile: signers(`ann namespaces="git" ${ann.publicKey}`) });
    assert.match(other.reasons.join(' '), /signers:1: key is not permitted/);
  });

  test('a signers file that can not be read', async () => {
    await refuses(
      check({ signersFile: '/no/such' }),
      'usage',
      'verify.signers',
      /no such file.*that you keep yourself/,
    );
    await refuses(check({ signersFile: shop.folder }), 'usage', 'verify.signers', /EISDIR/);
    await expect({ signersFile: signers() }, 'not-trusted', /does not list/);
  });
});

describe('keys whose time is over', () => {
  const expired = signers(`"Ann Lee" valid-after="20200101Z",valid-before="20210101Z" ${ann.publicKey}`);

  test('valid at the claimed time only, which is not proven', async () => {
    const change = { signersFile: expired, claimedTimeMs: Date.UTC(2020, 5, 1, 12, 30, 15, 123) };
    const result = await expect(change, 'valid-at-claimed-time-only', /2020-06-01T12:30:15.123Z.*not proven/);
    assert.equal(result.principal, 'Ann Lee');
  });

  test('claimed before, after, in the future, never, or nonsense', async () => {
    const times = [Date.UTC(2019, 1, 1), Date.UTC(2022, 1, 1), Date.UTC(2999, 1, 1), null, NaN, -1, 9e15];
    for (const claimedTimeMs of times) {
      await expect({ signersFile: expired, claimedTimeMs }, 'not-trusted', /expired/);
    }
    const future = signers(`"Ann Lee" valid-after="29990101Z" ${ann.publicKey}`);
    await expect({ signersFile: future, claimedTimeMs: Date.UTC(2999, 5, 1) }, 'not-trusted', /not yet valid/);
  });
});

describe('without a signers file', () => {
  test('unchanged, by whom is open; the folder names somebody, which proves nothing', async () => {
    const own = signers(`"Ann Lee" namespaces="exhibit-manifest" ${ann.publicKey}`);
    const result = await expect({ folderSigners: own }, 'valid-untrusted', /Who signed is not established/);
    assert.deepEqual([result.principal, result.claimedPrincipal], [null, 'Ann Lee']);
  });

  test("the folder's list is missing, foreign, hostile", async () => {
    await expect({ folderSigners: join(shop.folder, 'gone') }, 'valid-untrusted', /allowed_signers can't be read/);
    await expect({ folderSigners: signers(`* ${ann.publicKey}`) }, 'valid-untrusted', /does not list this key/);
    let started = 0;
    const commands = commandsWith(() => {
      started += 1;
      return null;
    });
    const many = signers(...Array.from({ length: 5000 }, (_, line) => `n${line} namespaces="git" ${ann.publicKey}`));
    await expect({ folderSigners: many }, 'valid-untrusted', /does not list this key/, signPorts({}, { commands }));
    assert.ok(started < 50, `${started} programs started`);
  });
});

describe('bad, malformed, not checked', () => {
  test('a changed byte, a longer or shorter file, another namespace', async () => {
    const changed = Buffer.from(DATA);
    changed[5] = (changed[5] ?? 0) ^ 1;
    const good = signers(`"Ann Lee" ${ann.publicKey}`);
    for (const data of [changed, DATA.subarray(1), Buffer.concat([DATA, Buffer.from('\n')]), Buffer.alloc(0)]) {
      await expect({ data, signersFile: good }, 'bad', /does not fit the bytes/);
      await expect({ data }, 'bad', /does not fit the bytes/);
    }
    await expect(
      { namespace: 'exhibit-sums', signersFile: good },
      'bad',
      /made for "exhibit-manifest", not for "exhibit-sums"/,
    );
  });

  test('armour in another spelling, which ssh-keygen itself would take', async () => {
    const loose = Buffer.from(`\n${armour.replace('\n', '\r\n')}`);
    const result = await expect({ armourBytes: loose }, 'malformed', /malformed: does not begin/);
    assert.equal(result.fingerprint, null);
  });

  test('one flipped bit anywhere in the armour is never taken', async () => {
    const good = signers(`"Ann Lee" ${ann.publicKey}`);
    const seen = new Set<string>();
    for (let at = 0; at < armour.length; at += 3) {
      const flipped = Buffer.from(armour);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      const { kind } = await check({ armourBytes: flipped, signersFile: good });
      assert.ok(kind === 'bad' || kind === 'malformed', `${kind} at ${at}`);
      seen.add(kind);
    }
    assert.deepEqual([...seen].sort(), ['bad', 'malformed']);
  });

  test('ssh-keygen is missing, hangs, dies, knows no such option, contradicts itself', async () => {
    const mute = signPorts({}, { commands: { ...commandsWith(() => null), which: () => null } });
    await expect({}, 'not-checked', /not installed/, mute);
    const fingerprint = (await check({})).fingerprint ?? '';
    const answers: [Parameters<typeof commandsWith>[0], RegExp][] = [
      [() => ({ exit: null, failure: 'timeout' }), /did not finish in time/],
      [() => ({ exit: null, signal: 'SIGSEGV' }), /killed by SIGSEGV/],
      [() => ({ exit: 255, stderr: 'No user exists for uid 4321\n' }), /No user exists/],
      [() => ({ exit: 1, stderr: 'unknown option -- Y\nusage: ssh-keygen\n' }), /unknown option/],
      [() => ({ exit: 0, stdout: 'Could not verify signature.\n' }), /Could not verify/],
      [() => ({ exit: 255, stdout: `Good "exhibit-manifest" signature with ED25519 key ${fingerprint}\n` }), /Good/],
      [
        () => ({ exit: 0, stdout: `Good "exhibit-manifest" signature with ED25519 key SHA256:${'A'.repeat(43)}\n` }),
        /another key/,
      ],
    ];
    for (const [answer, seen] of answers) {
      await expect({}, 'not-checked', seen, signPorts({}, { commands: commandsWith(answer) }));
    }
    const list = signers(`"Ann Lee" ${ann.publicKey}`);
    // What ssh-keygen itself says when it can't open its files: the same last words as for a bad signature.
    for (const step of ['check-novalidate', 'find-principals', 'verify']) {
      const blind = commandsWith((argv) => {
        if (!argv.includes(step)) return null;
        const shut = argv.map((word) => (word.startsWith('/proc/self/fd/') ? '/no/such/file' : word));
        const ended = spawnSync(shut[0] ?? '', shut.slice(1), { input: DATA, encoding: 'utf8' });
        return { exit: ended.status, stdout: ended.stdout, stderr: ended.stderr };
      });
      const by = signPorts({}, { commands: blind });
      await expect({ signersFile: list }, 'not-checked', /No such file or directory/, by);
    }
    const deaf = commandsWith((argv) => (argv.includes('verify') ? { exit: null, failure: 'timeout' } : null));
    await expect({ signersFile: list }, 'not-checked', /did not finish/, signPorts({}, { commands: deaf }));
  });
});
