import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { labEntry, withEntry, type Attested } from '../../src/catalog/hardware-lab.ts';
import { labFileSchema } from '../../src/catalog/hardware-schema.ts';
import { textFault } from '../../src/catalog/text-laws.ts';
import { parseYaml } from '../../src/catalog/yaml.ts';

const TOLD: Attested = {
  usb: { vendorId: '13d7', productId: '000c', serial: '000ecc55' },
  make: 'Tableau',
  model: 'T8-R2',
  blocks: 'always',
  quirks: [],
  by: 'Ada Byron',
  at: '2026-11-22T09:00:00Z',
  validated: '2026-11-01',
  labelSerial: '01D1',
};

function entriesOf(text: string): unknown {
  const parsed = parseYaml(text, labFileSchema);
  assert.ok(parsed.ok, text);
  return parsed.value.entries;
}

describe('an attestation as an entry', () => {
  test('its id is made of what it is bound to', () => {
    const { id } = labEntry(TOLD);
    assert.match(id, /^lab-tableau-t8-r2-[0-9a-f]{8}$/);
    assert.equal(labEntry({ ...TOLD, by: 'Bob', usb: { ...TOLD.usb, serial: '000ecc55 ' } }).id, id);
    assert.notEqual(labEntry({ ...TOLD, usb: { ...TOLD.usb, serial: '000ecc56' } }).id, id);
    assert.match(labEntry({ ...TOLD, make: '公司', model: '№7' }).id, /^lab-[a-z0-9-]+$/);
  });

  test('whatever people and devices are called, the file gives back what was put in', () => {
    const word = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .filter((text) => textFault(text, 'line') === null);
    const odd = fc.constantFrom(
      '# no comment',
      'yes',
      '0012',
      '2026-01-01',
      'O\'Neil: "x"',
      '- a',
      '*x',
      '\u202eevil',
      'a\\nb',
    );
    const text = fc.oneof(word, odd);
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text, text, text), { minLength: 1, maxLength: 3 }), (people) => {
        let file: string | null = null;
        const entries = people.map(([make, model, by, serial], index) =>
          labEntry({
            ...TOLD,
            make,
            model,
            by,
            usb: { ...TOLD.usb, serial: `${serial}-${index}` },
            labelSerial: serial,
          }),
        );
        for (const each of entries) {
          file = withEntry(file, each);
          assert.ok(file !== null);
        }
        assert.deepEqual(entriesOf(file ?? ''), entries);
      }),
      { numRuns: 200 },
    );
  });

  test('what stood in the file stays as it is, comments too', () => {
    const first = withEntry(null, labEntry(TOLD));
    assert.ok(first !== null);
    const edited = first.replace('entries:', '# our blockers\nentries:').trimEnd() + ' # the old one';
    const second = withEntry(edited, labEntry({ ...TOLD, usb: { ...TOLD.usb, serial: 'SN-B' } }));
    assert.ok(second?.startsWith(`${edited}\n`));
  });

  test('a layout that nothing can be put at the end of is told, not mangled', () => {
    const first = withEntry(null, labEntry(TOLD)) ?? '';
    const next = labEntry({ ...TOLD, usb: { ...TOLD.usb, serial: 'SN-B' } });
    const swapped = `${first.slice(first.indexOf('entries:'))}hardware: lab\nversion: 1\n`;
    for (const text of [
      swapped,
      first.replace('  - id', ' - id').replaceAll('\n    ', '\n   '),
      '...\n',
      'broken: [',
    ]) {
      assert.equal(withEntry(text, next), null, text);
    }
  });
});

test('by hand, too, nothing is attested that every device of its kind tells', () => {
  const text = withEntry(null, labEntry(TOLD)) ?? '';
  assert.ok(parseYaml(text, labFileSchema).ok);
  for (const serial of ['000000000000', 'XXXX', '0123456789ABCDEF', '123456789012', ' 0000 ']) {
    const judged = parseYaml(text.replace('serial: "000ecc55"', `serial: "${serial}"`), labFileSchema);
    assert.ok(!judged.ok && judged.faults.some(({ path }) => path === 'entries.0.match.0.serial'), serial);
  }
});
