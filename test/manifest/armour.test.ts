import test, { after, describe } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, verify } from 'node:crypto';
import fc from 'fast-check';
import { encodeArmour, parseArmour } from '../../src/manifest/armour.ts';
import { makeKey, signByHand, workshop } from './sign-support.ts';

const shop = workshop();
after(shop.remove);
const key = makeKey(shop.folder, 'key', 'Ann Lee');
const DATA = 'the signed bytes\n';
const armour = signByHand(key, 'exhibit-manifest', DATA);
const blob = blobOf(armour);

describe('armour as ssh-keygen writes it', () => {
  const types = [
    ['-t', 'ed25519'],
    ['-t', 'rsa', '-b', '2048'],
    ['-t', 'ecdsa', '-b', '256'],
    ['-t', 'ecdsa', '-b', '384'],
    ['-t', 'ecdsa', '-b', '521'],
  ];
  for (const type of types) {
    test(`${type.join(' ')}: read whole, key and fingerprint as ssh-keygen says`, () => {
      const made = makeKey(shop.folder, `key${type.join('')}`, 'Ann Lee', { type });
      const text = signByHand(made, 'exhibit-sums', DATA);
      const parsed = parseArmour(Buffer.from(text));
      assert.ok(parsed.ok, parsed.ok ? '' : parsed.fault);
      assert.equal(parsed.value.publicKey, made.publicKey);
      assert.equal(parsed.value.namespace, 'exhibit-sums');
      assert.equal(parsed.value.hashAlgorithm, 'sha512');
      const listed = execFileSync('ssh-keygen', ['-lf', `${made.path}.pub`], { encoding: 'utf8' });
      assert.equal(listed.split(' ')[1], parsed.value.fingerprint);
      assert.equal(encodeArmour(blobOf(text)), text);
    });
  }

  test('every length of the last line', () => {
    const lengths = new Set<number>();
    for (let length = 1; length <= 54; length += 1) {
      const text = signByHand(key, 'n'.repeat(length), DATA);
      lengths.add(text.split('\n').at(-3)?.length ?? 0);
      assert.ok(parseArmour(Buffer.from(text)).ok, `namespace of ${length} letters`);
    }
    assert.ok(lengths.has(70), 'a full last line was seen');
    assert.ok(lengths.size > 10);
  });
});

describe('armour that ssh-keygen would take, and we refuse', () => {
  const lines = armour.split('\n');
  const body = lines.slice(1, -2).join('');
  const wrapped = (text: string, columns: number): string =>
    `${lines[0] ?? ''}\n${(text.match(new RegExp(`.{1,${columns}}`, 'g')) ?? []).join('\n')}\n${lines.at(-2) ?? ''}\n`;
  const hostile: Record<string, [string, RegExp]> = {
    'text before': [`note\n${armour}`, /begin/],
    'text after': [`${armour}note\n`, /end/],
    'a line feed more': [`${armour}\n`, /end/],
    'a line feed less': [armour.slice(0, -1), /end/],
    'Windows line ends': [armour.replaceAll('\n', '\r\n'), /begin/],
    'lines of 64': [wrapped(body, 64), /70 letters/],
    'one long line': [wrapped(body, 5000), /70 letters/],
    'an empty line': [armour.replace('\n-----END', '\n\n-----END'), /no content/],
    'a space in the base64': [armour.replace('U1NI', 'U1N '), /not base64/],
    'url-safe base64': [armour.replace('U1NI', 'U1N_'), /not base64/],
    empty: ['', /begin/],
    'no content': [`${lines[0] ?? ''}\n${lines.at(-2) ?? ''}\n`, /begin|end|content/],
  };
  for (const [name, [text, fault]] of Object.entries(hostile)) {
    test(name, () => {
      const parsed = parseArmour(Buffer.from(text));
      assert.ok(!parsed.ok);
      assert.match(parsed.fault, fault);
    });
  }

  test('stray bits in the last base64 letter', () => {
    const padded = [1, 2, 3]
      .map((more) => signByHand(key, 'n'.repeat(more), DATA))
      .find((text) => text.includes('=\n'));
    assert.ok(padded !== undefined);
    const at = padded.search(/=+\n/) - 1;
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const next = letters[letters.indexOf(padded[at] ?? '') + 1] ?? '';
    const stray = padded.slice(0, at) + next + padded.slice(at + 1);
    assert.deepEqual(blobOf(stray), blobOf(padded));
    assert.deepEqual(parseArmour(Buffer.from(stray)), { ok: false, fault: 'the base64 is not canonical' });
  });

  test('bytes after the signature', () => {
    refusesBlob(Buffer.concat([blob, Buffer.from([0])]), /left over/);
  });
  test('a reserved field with something in it', () => {
    const at = blob.indexOf('exhibit-manifest') + 'exhibit-manifest'.length;
    refusesBlob(
      Buffer.concat([blob.subarray(0, at), Buffer.from([0, 0, 0, 1, 0x78]), blob.subarray(at + 4)]),
      /reserved/,
    );
  });
  test('another version, another hash, another magic', () => {
    refusesBlob(replaced(blob, 9, 2), /version 2/);
    refusesBlob(Buffer.from(blob.toString('latin1').replace('sha512', 'sha513'), 'latin1'), /hash/);
    refusesBlob(replaced(blob, 0, 0x54), /SSHSIG/);
  });
  test('the second spelling of an Ed25519 signature, S plus the order of the group', () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${Buffer.from(blob.subarray(-32)).reverse().toString('hex')}`) + order;
    const raised = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
    refusesBlob(Buffer.concat([blob.subarray(0, -32), raised]), /not canonical/);
  });
  test('every cut', () => {
    for (let length = 0; length < blob.length; length += 1) {
      assert.ok(!parseArmour(Buffer.from(encodeArmour(blob.subarray(0, length)))).ok, `cut to ${length}`);
    }
  });
});

describe('properties', () => {
  test('no flipped bit leaves the armour both canonical and valid', () => {
    assert.ok(validEd25519(blob), 'the judge accepts the signature as it is');
    const bytes = Buffer.from(armour);
    let canonical = 0;
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (!parseArmour(flipped).ok) continue;
      canonical += 1;
      assert.ok(!validEd25519(blobOf(flipped.toString('latin1'))), `bit ${bit}`);
    }
    assert.ok(canonical > 100, 'flips inside the base64 are seen');
  });

  test('whatever is accepted re-encodes to the same bytes; nothing throws', () => {
    const edit = fc.record({ at: fc.nat(armour.length), cut: fc.nat(3), put: fc.string({ maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const text = edits.reduce((now, { at, cut, put }) => now.slice(0, at) + put + now.slice(at + cut), armour);
        if (parseArmour(Buffer.from(text)).ok) assert.equal(encodeArmour(blobOf(text)), text);
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (any) => !parseArmour(Buffer.from(encodeArmour(any))).ok));
  });
});

function blobOf(text: string): Buffer {
  return Buffer.from(text.split('\n').slice(1, -2).join(''), 'base64');
}

function replaced(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
}

function refusesBlob(bytes: Buffer, fault: RegExp): void {
  const parsed = parseArmour(Buffer.from(encodeArmour(bytes)));
  assert.ok(!parsed.ok);
  assert.match(parsed.fault, fault);
}

/** A judge of its own: Ed25519 by OpenSSL, over the bytes that PROTOCOL.sshsig says are signed. */
function validEd25519(bytes: Buffer): boolean {
  let at = 10;
  const string = (): Buffer => {
    const length = bytes.readUInt32BE(at);
    at += 4 + length;
    return bytes.subarray(at - length, at);
  };
  const [publicBlob, namespace, reserved, hash, signature] = [string(), string(), string(), string(), string()];
  const digest = createHash(hash.toString()).update(DATA).digest();
  const framed = [namespace, reserved, hash, digest].map((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return Buffer.concat([length, part]);
  });
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: publicBlob.subarray(-32).toString('base64url') };
  const signed = Buffer.concat([Buffer.from('SSHSIG'), ...framed]);
  return verify(null, signed, createPublicKey({ key: jwk, format: 'jwk' }), signature.subarray(-64));
}
