import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { hashingLimit, hashingLimitOf, sameFileSystem, sameStation } from '../../src/model/speed.ts';
import { figures, FILE_SYSTEM, STATION } from '../support/speed-figures.ts';

describe('the most that a job hashes', () => {
  const MB = 1_000_000;
  const given = figures();

  test('the very job that was measured: as measured', () => {
    const job = { hashes: ['sha256', 'md5'], spanLanes: 1 } as const;
    assert.equal(hashingLimit(given, job, 'native'), 300 * MB);
    assert.equal(hashingLimit(given, job, 'wasm'), 90 * MB);
    assert.equal(hashingLimitOf(given, job, 'auto'), 300 * MB);
    assert.equal(hashingLimitOf(given, job, 'wasm'), 90 * MB);
  });

  test('another one: the slowest lane alone, where there are cores enough', () => {
    const many = { ...given, station: { ...STATION, cores: 16 } };
    assert.equal(hashingLimit(many, { hashes: ['sha256', 'sha512'], spanLanes: 1 }, 'wasm'), 100 * MB);
    assert.equal(hashingLimit(many, { hashes: ['sha256', 'sha512'], spanLanes: 1 }, 'native'), 400 * MB);
  });

  test('or what all cores do together: spans are hashed natively by any engine', () => {
    const one = { ...given, station: { ...STATION, cores: 1 } };
    assert.equal(hashingLimit(one, { hashes: ['sha256'], spanLanes: 1 }, 'native'), 400 * MB);
    // 1/200 + 1/800 of a second a megabyte.
    assert.equal(hashingLimit(one, { hashes: ['sha256'], spanLanes: 1 }, 'wasm'), 160 * MB);
  });
});

test('a file system is known by its UUID wherever it is mounted, and without one by all that is told', () => {
  const other = { ...FILE_SYSTEM, mountSource: '/dev/sdz1', mountPoint: '/mnt/2', fsid: 'ffff' };
  assert.ok(sameFileSystem(FILE_SYSTEM, other));
  assert.ok(!sameFileSystem(FILE_SYSTEM, { ...FILE_SYSTEM, uuid: 'another' }));
  assert.ok(!sameFileSystem(FILE_SYSTEM, { ...FILE_SYSTEM, uuid: null }));
  const nameless = { ...FILE_SYSTEM, uuid: null };
  assert.ok(sameFileSystem(nameless, { ...nameless }));
  for (const change of [{ fsid: null }, { mountSource: 'x' }, { mountPoint: '/x' }, { fileSystem: 'xfs' }])
    assert.ok(!sameFileSystem(nameless, { ...nameless, ...change }), JSON.stringify(change));
});

test('another host, processor, number of cores, Node or hash-wasm is another station', () => {
  assert.ok(sameStation(STATION, { ...STATION }));
  for (const change of [{ hostname: 'x' }, { cpu: 'x' }, { cores: 3 }, { node: 'v99' }, { hashWasm: '9' }])
    assert.ok(!sameStation(STATION, { ...STATION, ...change }), JSON.stringify(change));
});
