import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { HEADER_BYTES, layoutOf, placesOf, SMALLEST_DISK } from '../../src/blocker-test/layout.ts';
import { formatHeader, markedBytes, parseHeader, type Marker } from '../../src/blocker-test/marker.ts';

const MARKER: Marker = {
  id: '0f8c1e5a-7d1b-4c7e-9a54-0d6f2f6e1c11',
  size: 64 * 1024 * 1024,
  made: '2026-11-22T09:15:00.000Z',
  disk: 'WD-WCC7K0AB1234',
};

test('a header is read as it was written, whatever the serial holds', () => {
  const serials = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(serials, (disk) => {
      assert.deepEqual(parseHeader(formatHeader({ ...MARKER, disk })), { ok: true, marker: { ...MARKER, disk } });
    }),
  );
});

test('no bit of a header can change unnoticed', () => {
  const header = formatHeader(MARKER);
  for (let bit = 0; bit < HEADER_BYTES * 8; bit += 1) {
    header[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(parseHeader(header).ok, false, `bit ${bit}`);
    header[bit >> 3]! ^= 1 << (bit & 7);
  }
  assert.equal(parseHeader(header).ok, true);
});

test('what is no marker is refused: zeros, ones, noise, a text that only begins like one, another version', () => {
  const refused = (bytes: Uint8Array, fault: RegExp): void => {
    const result = parseHeader(bytes);
    assert.ok(!result.ok);
    assert.match(result.fault, fault);
  };
  refused(Buffer.alloc(HEADER_BYTES), /no scratch marker/);
  refused(Buffer.alloc(HEADER_BYTES, 0xff), /no scratch marker/);
  refused(Buffer.alloc(HEADER_BYTES, 'EXHIBIT SCRATCH DISK, version 1\n'), /damaged/);
  refused(Buffer.from(formatHeader(MARKER).toString('latin1').replace('version 1', 'version 2'), 'latin1'), /version/);
  const forged = formatHeader(MARKER).toString('latin1').replace('size: 67108864', 'size: 67108865');
  refused(Buffer.from(forged, 'latin1'), /SHA-256/);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: HEADER_BYTES, maxLength: HEADER_BYTES }), (bytes) => {
      assert.equal(parseHeader(bytes).ok, false);
    }),
  );
});

test('on a disk of any size the marked places are apart, in it, and hold what is known', () => {
  const sectors = fc.integer({ min: SMALLEST_DISK / 512, max: 2 ** 34 });
  fc.assert(
    fc.property(sectors, (count) => {
      const size = count * 512;
      const { firstHeader, lastHeader, pattern } = layoutOf(size);
      const all = [firstHeader, ...pattern, lastHeader];
      for (const [index, { start, end }] of all.entries()) {
        assert.ok(start < end && start % 512 === 0 && end % 512 === 0);
        assert.ok(start >= (all[index - 1]?.end ?? 0) && end <= size);
      }
      for (const { window, sector } of placesOf(size, 512)) {
        assert.ok(sector.start >= window.start && sector.end <= window.end);
        assert.ok(all.some(({ start, end }) => start <= window.start && window.start < end));
      }
    }),
  );
});

test('every place that is watched is known content, and no sector of it is like another', () => {
  const seen = new Set<string>();
  let sectors = 0;
  for (const { name, window } of placesOf(MARKER.size, 512)) {
    const bytes = markedBytes(MARKER, window);
    assert.ok(bytes !== null, name);
    for (let at = 0; at < bytes.length; at += 512) seen.add(bytes.subarray(at, at + 512).toString('hex'));
    sectors += bytes.length / 512;
  }
  // The header stands there twice: one sector of text, and zeros.
  assert.equal(seen.size, sectors - 2 * (HEADER_BYTES / 512) + 2);
  assert.equal(markedBytes(MARKER, { start: 2 * 1024 * 1024, end: 2 * 1024 * 1024 + 512 }), null);
});

test('two markers have nothing in common but their form', () => {
  const range = { start: HEADER_BYTES, end: HEADER_BYTES + 65_536 };
  const one = markedBytes(MARKER, range);
  const other = markedBytes({ ...MARKER, id: '0f8c1e5a-7d1b-4c7e-9a54-0d6f2f6e1c12' }, range);
  for (let at = 0; at < 65_536; at += 512)
    assert.notDeepEqual(one?.subarray(at, at + 512), other?.subarray(at, at + 512));
});
