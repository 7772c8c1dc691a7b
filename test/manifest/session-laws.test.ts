import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { encodeManifest } from '../../src/manifest/encode.ts';
import { parseManifest } from '../../src/manifest/parse.ts';
import type { Manifest, Session } from '../../src/manifest/schema.ts';
import { resumed, UNSTABLE } from '../support/resumed.ts';
import { incompleteManifest, sampleManifest } from '../support/sample-manifest.ts';

describe('laws of sessions', () => {
  const faultsOf = (manifest: Manifest): string[] => {
    const parsed = parseManifest(encodeManifest(manifest));
    return parsed.ok ? [] : parsed.faults;
  };
  const { manifest: M } = resumed(sampleManifest());
  const [first, second] = M.sessions as [Session, Session];
  const waived: Manifest = {
    ...M,
    read_back: { state: 'waived' },
    acquisition: { ...M.acquisition, settings: { ...M.acquisition.settings, read_back: false } },
  };
  const stopped: Manifest = {
    ...M,
    outcome: 'incomplete',
    incomplete_reason: 'x',
    image: { ...M.image, complete: false },
    sessions: [first, { ...second, how: 'without-a-word' }],
  };
  const table: Record<string, [Manifest, RegExp]> = {
    'more than one, and never read back': [waived, /the image of 2 sessions was not read back/],
    'a verdict that is not the weakest': [
      { ...M, guard: { ...M.guard, verdict: 'known-blocker' } },
      /guard\.verdict is known-blocker; the weakest of the sessions is kernel-flag-only/,
    ],
    'no session': [{ ...M, sessions: [] }, /sessions/],
    'an end that does not fit the outcome': [
      { ...M, sessions: [first, { ...second, how: 'without-a-word' }] },
      /sessions\[1\]: how is without-a-word, though the outcome is complete/,
    ],
    'finished, and went on': [
      { ...M, sessions: [{ ...first, how: 'finished', code: null, message: null }, second] },
      /sessions\[0\]: how is finished/,
    ],
    'stopped without a reason': [{ ...M, sessions: [{ ...first, code: null }, second] }, /go with stopped/],
    backwards: [{ ...M, sessions: [first, { ...second, from: 10_001 }] }, /is backwards/],
    'a beginning elsewhere': [{ ...M, sessions: [{ ...first, from: 1 }, second] }, /does not begin at 0/],
    'another time': [
      { ...M, sessions: [{ ...first, started: '2026-03-01T09:14:00.000Z' }, second] },
      /not that of the first session/,
    ],
    'no attachment': [{ ...M, sessions: [first, { ...second, attachments: [] }] }, /it has no attachment/],
    'a pause without its return': [
      { ...M, sessions: [{ ...first, pauses: [] }, second] },
      /one for each time that the source came back/,
    ],
    'a pause that never ended and was over': [
      { ...M, sessions: [{ ...first, pauses: [{ ...first.pauses[0]!, ended: null }] }, second] },
      /a pause has an end that does not go/,
    ],
    'failed, and complete': [
      { ...M, read_map: { ...M.read_map, failed: 512, good: 9488 } },
      /read_map\.failed is not 0, though the outcome is complete/,
    ],
    'failed, and read back': [
      { ...stopped, read_map: { ...M.read_map, failed: 512, good: 9488 } },
      /read_map\.failed is not 0, though a check was made/,
    ],
    'failed, and not counted': [
      { ...M, read_map: { ...M.read_map, failed: 512 } },
      /good \+ unreadable \+ failed \+ not_tried is not/,
    ],
    'unstable, and the same': [
      { ...M, read_map: { ...M.read_map, unstable: [{ ...M.read_map.unstable[0]!, again: UNSTABLE.first }] } },
      /answered the same/,
    ],
    'unstable, in other sectors': [
      { ...M, read_map: { ...M.read_map, unstable: [{ ...M.read_map.unstable[0]!, end_sector: 9 }] } },
      /read_map\.unstable\[0\]: its sectors/,
    ],
    'unstable, outside': [
      { ...M, read_map: { ...M.read_map, unstable: [{ ...M.read_map.unstable[0]!, end: 10_001, end_sector: 20 }] } },
      /read_map\.unstable\[0\]\[0\]|read_map\.unstable.*outside/,
    ],
    'adopted out of order': [
      {
        ...M,
        read_map: {
          ...M.read_map,
          adopted: [
            { start: 512, end: 1024 },
            { start: 0, end: 512 },
          ],
        },
      },
      /read_map\.adopted\[1\]/,
    ],
    'adopted, more than there is good': [
      { ...M, read_map: { ...M.read_map, good: 0, unreadable: 10_000, adopted: [{ start: 0, end: 512 }] } },
      /more bytes are said to be read by another program/,
    ],
  };
  for (const [name, [manifest, fault]] of Object.entries(table)) {
    test(name, () => {
      assert.match(faultsOf(manifest).join('\n'), fault);
    });
  }

  test('an incomplete one of two sessions may be without a read-back', () => {
    const { sessions, ...rest } = incompleteManifest();
    const two = [{ ...sessions[0]! }, { ...sessions[0]!, from: 6000 }];
    const acquisition = { ...rest.acquisition, settings: { ...rest.acquisition.settings, read_back: false } };
    assert.deepEqual(faultsOf({ ...rest, acquisition, sessions: two, read_back: { state: 'waived' } }), []);
  });

  test('one that was to go without a read-back has one when it was resumed', () => {
    const { settings } = M.acquisition;
    const acquisition = { ...M.acquisition, settings: { ...settings, read_back: false } };
    assert.deepEqual(faultsOf({ ...M, acquisition }), []);
  });
});
