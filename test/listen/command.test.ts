import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import test, { describe } from 'node:test';
import { makeCertificate } from '../../src/listen/certificate.ts';
import { DISK_TO_PUT_IN, invitationText, variantsOf, type Invitation } from '../../src/listen/command.ts';
import { systemClock } from '../../src/system/clock.ts';
import { lacks } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';

const PLAIN: Invitation = {
  host: '192.0.2.1',
  port: 9000,
  disk: '/dev/sda',
  offset: 0,
  size: 512_110_190_592,
  token: '0123456789abcdef',
  tls: null,
};
const TLS: Invitation = { ...PLAIN, tls: { fingerprint: 'ab'.repeat(32), certificate: 'MIIB' } };

describe('the text for the operator', () => {
  test('plain: what is waited for, what it is worth, and every command', () => {
    const text = invitationText(PLAIN).join('\n');
    assert.match(text, /^Waiting at 192\.0\.2\.1 port 9000 for the disk of 512,110,190,592 bytes \(476\.9 GiB\)\.\n/);
    assert.match(text, /Nothing is encrypted, and nothing proves who sends it\./);
    for (const { line } of variantsOf(PLAIN)) assert.ok(text.includes(`\n  ${line}`));
    assert.ok(
      text.includes(
        `sh -c '{ echo exhibit 0123456789abcdef 0 alone && dd if="$1" bs=1048576; } | nc -N 192.0.2.1 9000' sh /dev/sda`,
      ),
    );
  });

  test('TLS: the fingerprint, and no way to send it plain', () => {
    const text = invitationText(TLS).join('\n');
    assert.ok(text.includes(`fingerprint is ${'ab'.repeat(32)}`));
    assert.doesNotMatch(text, /\bnc\b|\/dev\/tcp/);
    for (const { line } of variantsOf(TLS)) {
      // Only both together end a handshake with another certificate; without -quiet a Q in the data ends the stream.
      for (const client of line.split('openssl s_client').slice(1))
        assert.match(client, /^ -connect 192\.0\.2\.1:9000 -quiet -verify 1 -verify_return_error (-dane_tlsa|-CAfile)/);
    }
  });

  test('the certificate holds for a clock that is a month behind ours or ahead of it', async (t) => {
    if (lacks(t, 'openssl')) return;
    const now = Date.parse('2026-03-01T09:15:00.000Z');
    const clock = { ...systemClock, wallMs: () => now };
    const { identity, fingerprint, base64 } = await makeCertificate(testPorts({ clock }));
    const made = new X509Certificate(identity.certificate);
    const month = 31 * 24 * 3600 * 1000;
    assert.deepEqual([Date.parse(made.validFrom), Date.parse(made.validTo)], [now - month, now + month]);
    assert.equal(made.fingerprint256.replaceAll(':', '').toLowerCase(), fingerprint);
    assert.ok(made.raw.equals(Buffer.from(base64, 'base64')));
    assert.ok(made.checkPrivateKey(createPrivateKey(identity.key)) && made.verify(made.publicKey));
  });

  test('where it goes on from is said, and the disk that is not known is put in by whoever types it', () => {
    const text = invitationText({ ...PLAIN, offset: 1_052_160, disk: null }).join('\n');
    assert.match(text, /from byte 1,052,160 on/);
    assert.ok(text.includes(`Put the disk in the place of ${DISK_TO_PUT_IN}.`));
    assert.ok(text.includes('dd if="$1" bs=512 skip=2055 count=2041 && dd if="$1" bs=1048576 skip=2;'));
    for (const { line } of variantsOf({ ...PLAIN, disk: null })) assert.ok(line.endsWith(` ${DISK_TO_PUT_IN}`));
  });

  test('a hostile name of a disk is quoted once, and shown harmless', () => {
    const disk = `/dev/x'$(reboot)"`;
    const text = invitationText({ ...PLAIN, disk: `${disk}\u001b[2J` }).join('\n');
    assert.match(text, /The disk there: .*\\u\{1b\}/);
    for (const { line } of variantsOf({ ...PLAIN, disk })) assert.ok(line.endsWith(` '/dev/x'\\''$(reboot)"'`));
  });
});
