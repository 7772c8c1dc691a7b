import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { encodeManifest } from '../../src/manifest/encode.ts';
import { parseManifest } from '../../src/manifest/parse.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { sampleManifest } from '../support/sample-manifest.ts';
import { sentManifest } from '../support/sent.ts';
import { withSessions } from '../support/told.ts';

function faultsOf(manifest: Manifest): string[] {
  const parsed = parseManifest(encodeManifest(manifest));
  return parsed.ok ? [] : parsed.faults;
}

describe('a disk that another machine sent: more is said of it than anybody saw', () => {
  const local = sampleManifest();
  const M = withSessions(sentManifest(local));
  const source = (change: Partial<Manifest['source']>): Manifest => ({ ...M, source: { ...M.source, ...change } });
  const attached = (change: object): Manifest => ({
    ...M,
    sessions: M.sessions.map((each) => ({
      ...each,
      attachments: each.attachments.map((one) => ({ ...one, ...change })),
    })),
  });
  const MORE = /more is told of a disk that was sent than anybody saw/;
  const NAMELESS = /identity_before: a disk that was sent has no name/;
  const WAY = /more is told of the way to a disk that was sent/;
  const ASKED = /probes: a disk of another machine is said to have been asked/;
  const BEFORE = /guard: something of this station is said to stand before a disk/;
  const evidence = { fact: 'kernel-flag' as const, what: 'x', seen: '1', source: '/sys' };

  test('a label may give a serial, that nobody could compare, and a size', () => {
    const serial = { field: 'serial' as const, label: 'S1', device: null, by: null, result: 'not-compared' as const };
    const size = { field: 'size' as const, label: '10000', device: '10000', by: 'host' as const };
    const comparisons = [serial, { ...size, result: 'match' as const }];
    assert.deepEqual(faultsOf({ ...M, label: { ...M.label, comparisons } }), []);
  });

  test('nothing is, in the sample', () => {
    assert.deepEqual(faultsOf(M), []);
    const unnamed = { ...M.source.received!, disk: null };
    assert.deepEqual(faultsOf(source({ real_path: M.source.path, received: unnamed })), []);
  });

  const table: Record<string, [Manifest, RegExp]> = {
    'at no address where it was waited for': [source({ path: '/dev/sda' }), /source\.path is no address at which/],
    'taken where nobody waited': [attached({ path: '/dev/sda' }), /source\.path is no address at which/],
    'another path than was said': [source({ real_path: '/dev/sdb' }), /real_path is not the path that was said/],
    'another path, and none was said': [
      source({ received: { ...M.source.received!, disk: null } }),
      /real_path is not the path that was said/,
    ],
    'a model': [source({ model: 'x' }), MORE],
    'a serial': [source({ serial: 'x' }), MORE],
    'a revision': [source({ revision: 'x' }), MORE],
    'a world-wide name': [source({ wwn: 'x' }), MORE],
    'a transport': [source({ transport: 'usb' }), MORE],
    'links, though there are none': [source({ by_id: [] }), MORE],
    'a kind of device': [source({ device_kind: 'disk' }), MORE],
    'a whole disk': [source({ whole_disk: '/dev/sda' }), MORE],
    'real hardware': [source({ physical: true }), MORE],
    partitions: [source({ partitions: local.source.partitions }), MORE],
    'an identity of a file': [source({ identity_before: { ...M.source.identity_before, kind: 'file' } }), NAMELESS],
    'an identity of another size': [source({ identity_before: { ...M.source.identity_before, size: 512 } }), NAMELESS],
    'an identity with a number here': [
      source({ identity_before: { ...M.source.identity_before, node: '8:16' } }),
      NAMELESS,
    ],
    'an identity with a serial': [source({ identity_before: { ...M.source.identity_before, serial: 'x' } }), NAMELESS],
    'taken with a serial': [attached({ identity: { ...M.source.identity_before, serial: 'x' } }), NAMELESS],
    'a bus': [{ ...M, guard: { ...M.guard, bus: 'usb' } }, WAY],
    'what it hangs on': [{ ...M, guard: { ...M.guard, chain: local.guard.chain } }, WAY],
    'evidence of a disk here': [{ ...M, guard: { ...M.guard, evidence: [evidence] } }, WAY],
    'evidence of a disk here, too': [{ ...M, guard: { ...M.guard, evidence: [...M.guard.evidence, evidence] } }, WAY],
    'evidence afterwards': [{ ...M, guard: { ...M.guard, evidence_after: M.guard.evidence } }, WAY],
    'a label that was held against it': [
      { ...M, label: { ...M.label, comparisons: local.label.comparisons } },
      /label\.comparisons: a name of a disk that was sent/,
    ],
    'its own words': [{ ...M, probes: { ...M.probes, own: local.probes.own } }, ASKED],
    'its health': [{ ...M, probes: { ...M.probes, healthy: true } }, ASKED],
    'a hidden area': [{ ...M, probes: { ...M.probes, hpa: local.probes.hpa } }, ASKED],
    'another hidden area': [{ ...M, probes: { ...M.probes, dco: local.probes.hpa } }, ASKED],
    'a partition table': [{ ...M, probes: { ...M.probes, partition_table: local.probes.partition_table } }, ASKED],
    'signs of encryption': [{ ...M, probes: { ...M.probes, encryption_signs: [] } }, ASKED],
    'places that were looked at': [
      { ...M, probes: { ...M.probes, not_looked_at: [{ partition: null, offset: 0, why: 'x' }] } },
      ASKED,
    ],
    questions: [{ ...M, probes: { ...M.probes, runs: local.probes.runs } }, ASKED],
    'questions afterwards': [{ ...M, probes: { ...M.probes, runs_after: local.probes.runs } }, ASKED],
    'a bridge': [{ ...M, guard: { ...M.guard, hardware: local.guard.hardware } }, BEFORE],
    'a blocker that the lab attests': [{ ...M, guard: { ...M.guard, attested: local.guard.hardware } }, BEFORE],
    'a declared protection': [{ ...M, guard: { ...M.guard, declared: local.guard.declared } }, BEFORE],
    'an answer of a blocker': [
      {
        ...M,
        guard: {
          ...M.guard,
          vendor_answer: { vendor: 'x', blocking: true, serial: '', model: '', firmware: '', raw: '00' },
        },
      },
      BEFORE,
    ],
    'counted writes': [{ ...M, guard: { ...M.guard, counters_before: local.guard.counters_before } }, BEFORE],
    'counted writes afterwards': [{ ...M, guard: { ...M.guard, counters_after: local.guard.counters_before } }, BEFORE],
    'set read-only': [{ ...M, guard: { ...M.guard, set_read_only: ['/dev/sda'] } }, BEFORE],
  };
  for (const [name, [manifest, fault]] of Object.entries(table))
    test(name, () => {
      const faults = faultsOf(manifest);
      assert.ok(
        faults.some((each) => fault.test(each)),
        `${String(fault)}\n${faults.join('\n')}`,
      );
    });
});
