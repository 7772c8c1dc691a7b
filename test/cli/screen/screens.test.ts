import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { jsonScreen } from '../../../src/cli/screen/json-screen.ts';
import { lineScreen } from '../../../src/cli/screen/line-screen.ts';
import { LiveText } from '../../../src/cli/screen/live-text.ts';
import type { Event } from '../../../src/model/event.ts';
import { TestClock } from '../../support/ports.ts';

const MIB = 1_048_576;
const WAITING: Event = { type: 'note', level: 'warning', code: 'source.waiting', message: 'Plug back in: \u001bX' };
const BACK: Event = { type: 'note', level: 'info', code: 'source.back', message: '/dev/sdx is back' };
const MAP: Event = { type: 'map', stage: 'read', size: 4 * MIB, cells: '++-?' };

function rescue(pass: string, done: number): Event {
  const failedReads = { count: 12, ms: 6140 };
  const more = { failedReads, rescue: { pass, tried: done + MIB, good: done } };
  return { type: 'progress', stage: 'read', done, total: 8 * MIB, unreadable: 1024, ...more };
}

function liveText(clock = new TestClock()): LiveText {
  return new LiveText({ clock, sector: 512, columns: 80, coloured: false, waitForDevice: 600 });
}

describe('what stands below a running stage', () => {
  test('how far it is, the pass, what failing reads cost, and the map', () => {
    const live = liveText();
    live.see({ type: 'stage', stage: 'read', status: 'start' });
    live.see(rescue('forward', 4 * MIB));
    live.see(MAP);
    assert.deepEqual(live.lines, [
      ' 50.0 %  4.0 MiB of 8.0 MiB  2 unreadable sectors',
      "pass forward: 5.0 MiB tried, 4.0 MiB good  12 failed reads, 6.1 s of the drive's own retries",
      '++-?',
      '+ read  - unreadable  ? not tried  (each the worst of 1.0 MiB)',
    ]);
    live.see({ type: 'stage', stage: 'hash', status: 'start' });
    assert.deepEqual(live.lines, []);
  });

  test('while a disk is waited for: which, and the time left, until it is back', async () => {
    const clock = new TestClock();
    const live = liveText(clock);
    assert.equal(live.see(WAITING), true);
    assert.deepEqual(live.lines, ['warning: Plug back in: \\u{1b}X', '10:00 left']);
    await clock.advance(61_000);
    assert.deepEqual([live.waiting, live.lines.at(-1)], [true, '8:59 left']);
    assert.equal(live.see(BACK), false);
    assert.deepEqual([live.waiting, live.lines], [false, ['info: /dev/sdx is back']]);
  });

  test('a job that goes on where another stopped is no record of speed', async () => {
    const live = liveText();
    const at = (done: number): string | undefined => {
      live.see({ type: 'progress', stage: 'read', done, total: 1024 * MIB, unreadable: 0 });
      return live.lines[0];
    };
    assert.equal(at(512 * MIB), ' 50.0 %  512.0 MiB of 1.0 GiB');
    // The meter measures in real time.
    await sleep(600);
    at(513 * MIB);
    const rate = /([\d.]+) MiB\/s/.exec(at(513 * MIB) ?? '')?.[1];
    assert.ok(rate === undefined || Number(rate) < 20, `${rate} MiB/s`);
  });
});

describe('lines, for pipes and logs', () => {
  test('each pass is told when it begins; a disk that is waited for at once; no map', async () => {
    const clock = new TestClock();
    const said: string[] = [];
    const screen = lineScreen((line) => said.push(line), clock, 512);
    screen.emit(rescue('forward', MIB));
    screen.emit(rescue('forward', 2 * MIB));
    screen.emit(rescue('backward', 3 * MIB));
    screen.emit(MAP);
    screen.emit(WAITING);
    await screen.stop(false);
    assert.equal(said.length, 3, said.join('\n'));
    assert.match(
      said[0] ?? '',
      /^Read and hash the source: {2}12\.5 % .* pass forward: 2\.0 MiB tried, 1\.0 MiB good {2}12 failed/,
    );
    assert.match(said[1] ?? '', /pass backward/);
    assert.equal(said[2], 'warning: Plug back in: \\u{1b}X');
  });
});

describe('--json', () => {
  test('progress once a second, with the manifest’s spelling; map and note always', () => {
    const said: string[] = [];
    const screen = jsonScreen((line) => said.push(line), new TestClock());
    for (const event of [rescue('forward', MIB), rescue('forward', 2 * MIB), MAP, WAITING]) screen.emit(event);
    const [progress, map, note, ...more] = said.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(more, []);
    assert.deepEqual(progress?.['failed_reads'], { count: 12, ms: 6140 });
    assert.deepEqual(progress['rescue'], { pass: 'forward', tried: 2 * MIB, good: MIB });
    assert.deepEqual([map?.['cells'], map?.['size']], ['++-?', 4 * MIB]);
    assert.deepEqual([note?.['type'], note?.['code']], ['note', 'source.waiting']);
  });
});
