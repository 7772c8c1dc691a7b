import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { loadHardware, refuseFaulty } from '../../src/catalog/hardware.ts';
import { ExhibitError } from '../../src/model/errors.ts';
import { blocker, entry, labFile, loaded, shown, vendorFile } from './hardware-support.ts';
import { catalogPorts } from './ports.ts';

describe('faults', () => {
  test('all of a file at once, by line and column', async (t) => {
    const bad = vendorFile(
      'acme',
      entry('Acme_1', '13D7:0001', { role: '    role: blocker', quirks: '    quirks: [eats-sectors]' }),
      entry('acme-2', '1234:0001', { evidence: '' }),
      entry('acme-3', '1234:0002', { evidence: '    evidence: []', make: '    maker: Acme' }),
      entry('acme-4', '1234:0003', {
        evidence: '    evidence: [{ level: attested, claims: [], source: " " }]',
        match: '    match: [{ usb: 0781, serial: X }]',
      }),
    ).replace('version: 1', 'version: 2');
    assert.deepEqual(shown(await loaded(t, { 'acme.yaml': bad })), [
      'hardware/acme.yaml:2:10: version: must be 1: no other version of hardware files is known to this program',
      'hardware/acme.yaml:4:9: entries.0.id: must be small letters, digits and -, 60 at most, and not begin with lab-',
      'hardware/acme.yaml:7:11: entries.0.role: must be one of write-blocker, bridge',
      'hardware/acme.yaml:9:20: entries.0.match.0.usb: must be a USB id of small hex digits, such as 13d7:000c, or 13d7:* for whatever else the vendor makes',
      'hardware/acme.yaml:10:14: entries.0.quirks.0: must be one of replaces-serial, replaces-model, cuts-capacity, emulates-512-sectors, no-pass-through, no-mode-sense-wp, tableau-query',
      'hardware/acme.yaml:13:5: entries.1.evidence: is missing',
      'hardware/acme.yaml:20:5: entries.2.make: is missing',
      'hardware/acme.yaml:21:5: entries.2.maker: not a key that is known here',
      'hardware/acme.yaml:27:15: entries.2.evidence: names no source: an entry without one has no place here',
      'hardware/acme.yaml:33:20: entries.3.match.0.usb: must be text (in quotes, where it looks like a number)',
      'hardware/acme.yaml:33:26: entries.3.match.0.serial: not a key that is known here',
      'hardware/acme.yaml:35:25: entries.3.evidence.0.level: must be one of vendor-document, tested, reported',
      'hardware/acme.yaml:35:43: entries.3.evidence.0.claims: must say what the source speaks for: identity, blocking, quirks',
      'hardware/acme.yaml:35:55: entries.3.evidence.0.source: is empty',
    ]);
  });

  test('broken YAML takes its own file out, and nothing else', async (t) => {
    const catalog = await loaded(t, {
      'bad.yaml': 'hardware: bad\nentries: [\n  - id: "x\n',
      'good.yaml': vendorFile('good', entry('good-1', '1234:0001')),
      'latin.yaml': Buffer.from([0x68, 0xff]),
    });
    assert.deepEqual(
      catalog.shipped.map(({ id }) => id),
      ['good-1'],
    );
    const faults = shown(catalog);
    assert.match(faults[0] ?? '', /^hardware\/bad\.yaml:\d+:\d+: : not YAML: /);
    assert.equal(faults.at(-1), "hardware/latin.yaml:1:1: : can't be read: it is not UTF-8 text");
    assert.throws(
      () => {
        refuseFaulty(catalog);
      },
      (error: unknown) =>
        error instanceof ExhibitError &&
        error.code === 'hardware.invalid' &&
        faults.every((each) => error.message.includes(each.split(': ').at(-1) ?? '?')),
    );
  });

  const laws: [what: string, change: Record<string, string>, fault: RegExp][] = [
    [
      'a bridge that blocks',
      {
        blocks: '    blocks: always',
        evidence: '    evidence: [{ level: tested, claims: [identity, blocking], source: x }]',
      },
      /8:13: entries.0.blocks: is always, but a bridge blocks never or unknown/,
    ],
    [
      'a blocker that never blocks',
      { role: '    role: write-blocker', blocks: '    blocks: never' },
      /8:13: entries.0.blocks: is never/,
    ],
    [
      'a blocker by its vendor',
      { role: '    role: write-blocker', match: '    match: [{ usb: "1234:*" }]' },
      /9:20: entries.0.match.0.usb: names every product/,
    ],
    [
      'a vendor of which all is known',
      { blocks: '    blocks: never', match: '    match: [{ usb: "1234:*" }]' },
      /8:13: entries.0.blocks: is never of every product/,
    ],
    [
      'a blocker by INQUIRY strings',
      { role: '    role: write-blocker', match: '    match: [{ usb: "1234:0001", inquiry-product: WB }]' },
      /9:13: entries.0.match.0: rests on INQUIRY strings/,
    ],
    [
      'blocking without a source for it',
      { role: '    role: write-blocker', blocks: '    blocks: switch' },
      /12:7: entries.0.evidence: has no source that claims blocking/,
    ],
    [
      'quirks without a source',
      { quirks: '    quirks: [replaces-serial]' },
      /entries.0.evidence: has no source that claims quirks/,
    ],
    [
      "Tableau's query to somebody else's device",
      {
        quirks: '    quirks: [tableau-query]',
        evidence: '    evidence: [{ level: reported, claims: [identity, quirks], source: a list }]',
      },
      /10:13: entries.0.quirks: tableau-query goes only to vendor 13d7/,
    ],
    [
      'a quirk twice',
      {
        quirks: '    quirks: [no-pass-through, no-pass-through]',
        evidence: '    evidence: [{ level: tested, claims: [identity, quirks], source: x }]',
      },
      /names no-pass-through twice/,
    ],
    [
      'a match twice',
      { match: '    match: [{ usb: 1234:0001 }, { usb: 1234:0001 }]' },
      /9:12: entries.0.match: holds the same match twice/,
    ],
    ['an id of the lab’s kind', { id: '  - id: lab-x' }, /4:9: entries.0.id: must be .* not begin with lab-/],
    ['two lines in a name', { make: '    make: "A\\nB"' }, /5:11: entries.0.make: holds a line break/],
  ];
  for (const [what, change, fault] of laws) {
    test(`${what} is a fault`, async (t) => {
      const catalog = await loaded(t, { 'acme.yaml': vendorFile('acme', entry('acme-1', '1234:0001', change)) });
      assert.equal(catalog.faults.length, 1, shown(catalog).join('\n'));
      assert.match(shown(catalog)[0] ?? '', fault);
      assert.deepEqual(catalog.shipped, []);
    });
  }

  test('a file that calls itself otherwise; a folder without any; no folder', async (t) => {
    const named = await loaded(t, { 'acme.yaml': vendorFile('acne', entry('acme-1', '1234:0001')) });
    assert.deepEqual(shown(named), ['hardware/acme.yaml:1:11: hardware: must be the name of the file, acme']);
    assert.deepEqual(shown(await loaded(t, {})), [
      'hardware/:1:1: : holds no hardware data: the installation is not complete',
    ]);
    const nowhere = { ...catalogPorts, host: { ...catalogPorts.host, packageRoot: '/nowhere' } };
    assert.match((await loadHardware(nowhere, null)).faults[0]?.message ?? '', /^can't be read: ENOENT/);
  });
});

describe('entries beside each other', () => {
  test('an id that stands twice, in one file or two, is nobody’s', async (t) => {
    const catalog = await loaded(t, {
      'a.yaml': vendorFile('a', entry('one', '1234:0001'), entry('two', '1234:0002')),
      'b.yaml': vendorFile('b', entry('three', '1234:0003'), entry('one', '1234:0004')),
    });
    assert.deepEqual(shown(catalog), [
      'hardware/b.yaml:13:9: id: one has the same id as one in hardware/a.yaml; both are left out',
    ]);
    assert.deepEqual(
      catalog.shipped.map(({ id }) => id),
      ['two', 'three'],
    );
  });

  test('two that say different things of one device are both left out', async (t) => {
    const catalog = await loaded(t, {
      'a.yaml': vendorFile('a', blocker('one', '1234:0001'), blocker('two', '1234:0002')),
      'b.yaml': vendorFile(
        'b',
        entry('three', '1234:0003', {
          match: '    match: [{ usb: 1234:0009 }, { usb: 1234:0001, inquiry-vendor: Acme }]',
        }),
      ),
    });
    assert.deepEqual(shown(catalog), [
      'hardware/b.yaml:9:33: match.1: three matches the same device, and says otherwise of it, as one in hardware/a.yaml; both are left out',
    ]);
    assert.deepEqual(
      catalog.shipped.map(({ id }) => id),
      ['two'],
    );
  });

  test('a product’s entry beside its vendor’s is none, nor are INQUIRY strings that no device has both of', async (t) => {
    const never = { blocks: '    blocks: never' };
    const catalog = await loaded(t, {
      'a.yaml': vendorFile(
        'a',
        entry('vendor', '"1234:*"'),
        blocker('product', '1234:0001'),
        entry('inquiry-1', '1234:0002', { match: '    match: [{ usb: 1234:0002, inquiry-vendor: Acme }]' }),
        entry('inquiry-2', '1234:0002', { ...never, match: '    match: [{ usb: 1234:0002, inquiry-vendor: Bcme }]' }),
      ),
    });
    assert.deepEqual(shown(catalog), []);
  });
});

describe('the lab’s own file', () => {
  const shippedFiles = { 'a.yaml': vendorFile('a', entry('a-1', '1234:0001', { blocks: '    blocks: never' })) };

  test('a file that is not there holds nothing; what is there is kept apart', async (t) => {
    assert.deepEqual((await loaded(t, shippedFiles)).faults, []);
    const { shipped, lab, faults } = await loaded(t, shippedFiles, labFile('lab-1', '1234:0002', 'S1'));
    assert.deepEqual(faults, []);
    assert.deepEqual([shipped.map(({ id }) => id), lab.map(({ id }) => id)], [['a-1'], ['lab-1']]);
    assert.deepEqual(lab[0]?.attestation, {
      by: 'Ada Byron',
      at: '2026-11-22T09:00:00Z',
      validated: null,
      serial: null,
    });
    assert.equal(lab[0].match[0]?.serial, 'S1');
  });

  test('it may contradict shipped data: that is for the verdict on that one disk', async (t) => {
    const { shipped, lab, faults } = await loaded(t, shippedFiles, labFile('lab-1', '1234:0001', 'S1'));
    assert.deepEqual([faults.length, shipped.length, lab.length], [0, 1, 1]);
  });

  test('one serial attested twice, differently', async (t) => {
    const [head, second = ''] = labFile('lab-2', '1234:0002', 'S1 ', 'switch').split('entries:\n');
    assert.ok(head !== undefined);
    const catalog = await loaded(t, shippedFiles, labFile('lab-1', '1234:0002', 'S1') + second);
    assert.match(shown(catalog)[0] ?? '', /^lab\.yaml:18:13: match\.0: lab-2 matches the same device.* as lab-1/);
    assert.deepEqual(catalog.lab, []);
  });

  test('its faults, too, all at once; the shipped data stays', async (t) => {
    const bad = labFile('acme', '1234:0002', 'S1')
      .replace(', serial: "S1"', '')
      .replace('level: attested', 'level: tested')
      .replace('2026-11-22T09:00:00Z"', '2026-02-30T09:00:00Z", validated: 2026-13-01');
    const catalog = await loaded(t, shippedFiles, bad);
    assert.deepEqual(shown(catalog), [
      'lab.yaml:4:9: entries.0.id: must begin with lab-, and be small letters, digits and -, 80 at most',
      'lab.yaml:9:13: entries.0.match.0.serial: is missing',
      'lab.yaml:11:25: entries.0.evidence.0.level: must be one of attested',
      'lab.yaml:12:39: entries.0.attestation.at: must be a time in UTC, such as 2026-11-22T09:00:00Z',
      'lab.yaml:12:74: entries.0.attestation.validated: must be a date, such as 2026-11-22',
    ]);
    assert.deepEqual(
      catalog.shipped.map(({ id }) => id),
      ['a-1'],
    );
    const vendors = await loaded(t, shippedFiles, shippedFiles['a.yaml']);
    assert.match(shown(vendors)[0] ?? '', /^lab\.yaml:1:11: hardware: must be lab/);
  });
});
