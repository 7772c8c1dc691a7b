import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { known } from '../../src/model/device.ts';
import { parseSgRaw } from '../../src/probe/sg-raw.ts';
import { parseTableau } from '../../src/probe/tableau.ts';
import { capture, said, silence } from './captures.ts';

/** The bytes of the documented reply, changed. */
function reply(change: (bytes: Uint8Array) => void = () => undefined): Uint8Array {
  const fact = parseSgRaw(capture('documented-sg-raw-tableau'));
  assert.ok(fact.known);
  const bytes = Uint8Array.from(fact.value);
  change(bytes);
  return bytes;
}

describe("sg_raw's dump", () => {
  test('a real answer, byte for byte, also on standard output', () => {
    const answer = capture('sg-raw-inquiry');
    const fact = parseSgRaw(answer);
    assert.ok(fact.known);
    assert.equal(fact.value.length, 96);
    assert.equal(Buffer.from(fact.value).toString('latin1', 8, 36), 'QEMU    QEMU HARDDISK   2.5+');
    assert.deepEqual(parseSgRaw({ ...answer, stdout: answer.stderr, stderr: '' }), fact);
  });

  test('letters that look like numbers are not read', () => {
    const dump = 'Received 4 bytes of data:\n 00     61 62 20 63                                         ab c 11 22\n';
    assert.deepEqual(parseSgRaw(said('', 0, dump)), known(Uint8Array.from([0x61, 0x62, 0x20, 0x63])));
  });

  test('refusals, with the reason that the device gives', () => {
    const refused = parseSgRaw(capture('sg-raw-refused'));
    assert.deepEqual(refused, {
      known: false,
      why: 'the device gave no answer: Sense key: Illegal Request, Additional sense: Invalid command operation code',
    });
    const virtio = parseSgRaw(capture('sg-raw-virtio'));
    assert.match(virtio.known ? '' : virtio.why, /Inappropriate ioctl/);
  });

  test('a dump that is not whole', () => {
    const { stderr } = capture('sg-raw-inquiry');
    for (const [what, text] of [
      ['no data', 'SCSI Status: Good \n\nNo data received\n'],
      ['fewer bytes than it says', stderr.replace('Received 96', 'Received 97')],
      ['more bytes than it says', stderr.replace('Received 96', 'Received 90')],
      ['a line missing', stderr.replace(/^ 20 .*\n/m, '')],
      ['a number that is none', stderr.replace('51 45 4d 55', '51 45 zz 55')],
      ['two answers', stderr + stderr],
    ] as const) {
      assert.equal(parseSgRaw(said('', 0, text)).known, false, what);
    }
    assert.equal(parseSgRaw(silence('sg_raw is not installed')).known, false);
  });
});

describe("Tableau's reply", () => {
  test('a blocking bridge', () => {
    const bytes = reply();
    assert.deepEqual(parseTableau(bytes), {
      known: true,
      value: {
        vendor: 'tableau',
        blocking: true,
        serial: '000ecc0100350123',
        model: 'Tableau T35es',
        firmware: 'May 12 2010 10:35:09',
        raw: Buffer.from(bytes).toString('hex'),
      },
    });
  });

  test('read/write is bit 1 of byte 7, whatever the other bits say', () => {
    for (const [byte, blocking] of [
      [0x00, true],
      [0x04, true],
      [0x0c, true],
      [0xfd, true],
      [0x02, false],
      [0x06, false],
      [0xff, false],
    ] as const) {
      const fact = parseTableau(reply((bytes) => (bytes[7] = byte)));
      assert.equal(fact.known && fact.value.blocking, blocking, String(byte));
    }
  });

  test('anything else is no answer', () => {
    const none = (bytes: Uint8Array): void => {
      const fact = parseTableau(bytes);
      assert.ok(!fact.known);
      assert.match(fact.why, /^no answer to Tableau's query/);
    };
    none(new Uint8Array(0));
    none(new Uint8Array(152));
    none(new Uint8Array(152).fill(0xff));
    none(reply().slice(0, 119));
    none(reply((bytes) => (bytes[1] = 119)));
    none(reply((bytes) => (bytes[2] = 0x0d)));
    none(reply((bytes) => (bytes[3] = 0)));
    assert.ok(parseTableau(reply().slice(0, 120)).known);
  });
});
