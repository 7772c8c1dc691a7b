import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import type { ReceivedSection } from '../../src/manifest/received-schema.ts';
import { formatReport } from '../../src/manifest/report.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { sampleManifest } from '../support/sample-manifest.ts';
import { sentManifest } from '../support/sent.ts';

const M = sentManifest(sampleManifest());
const R = M.source.received!;
const [stream] = R.streams;
const linesOf = (change: Partial<ReceivedSection> = {}, more: Partial<Manifest> = {}): string[] =>
  formatReport({ ...M, ...more, source: { ...M.source, received: { ...R, ...change } } }).split('\n');

describe('the report of a disk that another machine sent', () => {
  test('claims nothing of a source that nobody here read', () => {
    const lines = linesOf();
    for (const line of [
      'RESULT: COMPLETE. As many bytes came as the operator said that the disk has.',
      ' Bytes per Sector: not known; counted in 512',
      ' Sector Count: 20, the last one not full, of 512 bytes each; its own are not known',
      ' Of: the data that arrived',
      ' Proved: the image equals the data that arrived.',
    ])
      assert.ok(lines.includes(line), line);
    const claims = lines.filter((line) =>
      /every byte of the source|read from the source|All of the source/i.test(line),
    );
    assert.deepEqual(claims, []);
    const stopped = linesOf({}, { outcome: 'incomplete', incomplete_reason: 'x' });
    assert.match(stopped.join('\n'), /^RESULT: INCOMPLETE\. As many bytes came as the operator said/m);
  });

  test('lists what is not proved: whose disk, of which moment, who sent it', () => {
    const of = (change: Partial<ReceivedSection>) =>
      linesOf(change).filter((line) => /^ NOT (proved|known): /.test(line));
    const plain = of({}).join('\n');
    assert.match(plain, /the word of the machine that sent it/);
    assert.match(plain, /as it was at any one moment/);
    assert.match(plain, /who sent it, nor that nobody on its way read or changed it/);
    assert.doesNotMatch(plain, /streams/);
    const tls = of({ encrypted: true, certificate_check: 'not-known', plaintext_reason: null }).join('\n');
    assert.match(tls, /who sent it: whoever told the token\. Whether our certificate was checked there is not known/);
    assert.match(of({ streams: [stream!, stream!] }).join('\n'), /whether its 2 streams came from one machine/);
  });
});
