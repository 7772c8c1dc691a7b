import assert from 'node:assert/strict';
import fc from 'fast-check';
import test, { describe } from 'node:test';
import type { Fact } from '../../src/model/device.ts';
import type { Answer } from '../../src/probe/ask.ts';
import { parseDco, parseHpa } from '../../src/probe/hdparm.ts';
import { parseKernelLog } from '../../src/probe/kernel-log.ts';
import { parseModeSense } from '../../src/probe/mode-sense.ts';
import { parseNamespace } from '../../src/probe/nvme.ts';
import { parseSfdisk } from '../../src/probe/partition-table.ts';
import { parseSgRaw } from '../../src/probe/sg-raw.ts';
import { PLACES, signIn } from '../../src/probe/signs.ts';
import { asksForType, parseSmartctl } from '../../src/probe/smartctl.ts';
import { parseTableau } from '../../src/probe/tableau.ts';
import { capture, CAPTURES, said } from './captures.ts';

const DCO = { count: 5_860_533_168, size: 512 };

/** Every parser of a tool's answer, with a capture that it understands. */
const PARSERS: readonly (readonly [name: string, good: string, (answer: Answer) => Fact<unknown>])[] = [
  ['smartctl', 'smartctl-sata', (answer) => parseSmartctl(answer, '/dev/sdb')],
  ['hpa', 'hpa-sata', (answer) => parseHpa(answer, { count: 131_072, size: 512 })],
  ['dco', 'documented-dco', (answer) => parseDco(answer, DCO)],
  ['modes', 'modes-usb-read-only', parseModeSense],
  ['log', 'dmesg', (answer) => parseKernelLog(answer, '12:0:0:0', 'sdc')],
  ['nvme', 'nvme-id-ns', (answer) => parseNamespace(answer, 0x01_04_00)],
  ['sfdisk', 'sfdisk-gpt', (answer) => parseSfdisk(answer, 512)],
  ['sg_raw', 'sg-raw-inquiry', parseSgRaw],
];

const anyJson = fc.json({ maxDepth: 5 });
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), anyJson);
const anyAnswer = fc.record({
  stdout: anyText,
  stderr: anyText,
  exit: fc.oneof(fc.constant(0), fc.constant(1), fc.integer({ min: 0, max: 255 }), fc.constant(null)),
  why: fc.constant(null),
  missing: fc.constant(false),
});

describe('the parsers', () => {
  for (const [name, good, parse] of PARSERS) {
    test(`${name}: garbage is never thrown at anybody, and never a fact`, () => {
      assert.ok(parse(capture(good)).known);
      fc.assert(
        fc.property(anyAnswer, (answer) => {
          assert.equal(parse(answer).known, false);
          asksForType(answer);
        }),
        { numRuns: 300 },
      );
    });

    test(`${name}: an answer that was cut off anywhere says what the whole one says, or nothing`, () => {
      const whole = capture(good);
      const text = whole.stdout === '' ? whole.stderr : whole.stdout;
      const expected = parse(whole);
      for (let end = 0; end < text.length; end += 1) {
        const cut = said(
          whole.stdout === '' ? '' : text.slice(0, end),
          0,
          whole.stdout === '' ? text.slice(0, end) : '',
        );
        const fact = parse(cut);
        // A log has no end by which one could tell, and earlier lines of this disk hold as long as there are no later ones.
        if (fact.known) assert.deepEqual(fact, expected, `cut at ${end}`);
      }
    });

    test(`${name}: the answer of any other tool is none`, () => {
      const family = good.split('-')[0]!;
      for (const other of CAPTURES) {
        if (other.includes(family) || other.includes(name) || other === good) continue;
        assert.equal(parse(capture(other)).known, false, other);
      }
    });
  }

  test('one changed letter never changes the hidden sectors, the disk that answered, or a byte of a reply', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string({ minLength: 1, maxLength: 1, unit: 'binary-ascii' }), (at, letter) => {
        for (const [name, good, parse] of PARSERS.filter((each) => ['hpa', 'dco'].includes(each[0]))) {
          const { stdout } = capture(good);
          const place = at % stdout.length;
          const fact = parse(said(stdout.slice(0, place) + letter + stdout.slice(place + 1)));
          // The number of a DCO stands alone: nothing on the page contradicts a larger one.
          if (fact.known && name === 'hpa') assert.deepEqual(fact, parse(capture(good)));
          if (fact.known && name === 'dco') assert.ok((fact.value as { native: number }).native >= DCO.count);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('bytes', () => {
  test("Tableau's reply: no signature, no claim", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const fact = parseTableau(bytes);
        if (fact.known) assert.deepEqual([...bytes.slice(2, 4)], [0x0e, 0xcc]);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 152, maxLength: 152 }), (bytes) => {
        bytes.set([0x00, 0x98, 0x0e, 0xcc]);
        const fact = parseTableau(bytes);
        assert.ok(fact.known);
        assert.equal(fact.value.blocking, (bytes[7]! & 2) === 0);
        assert.equal(fact.value.raw, Buffer.from(bytes).toString('hex'));
      }),
    );
  });

  test('no sign in random bytes, none in zeros, whatever their length', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PLACES), fc.uint8Array({ maxLength: 4096 }), (place, bytes) => {
        assert.equal(signIn(place, bytes), null);
        assert.equal(signIn(place, new Uint8Array(bytes.length)), null);
      }),
    );
  });
});
