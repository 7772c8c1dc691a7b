import assert from 'node:assert/strict';
import test from 'node:test';
import { afterInvitation } from '../../../src/cli/screen/after-invitation.ts';
import type { Screen } from '../../../src/cli/screen/screen.ts';
import type { Event } from '../../../src/model/event.ts';

function recorder(name: string, log: string[]): Screen {
  return {
    emit: (event) => void log.push(`${name} ${event.type}${event.type === 'note' ? ` ${event.code}` : ''}`),
    stop: (failed) => Promise.resolve(void log.push(`${name} stop ${failed}`)),
  };
}

const START: Event = { type: 'stage', stage: 'read', status: 'start' };
const ADMITTED: Event = { type: 'note', level: 'info', code: 'listen.admitted', message: '' };
const INVITATION: Event = {
  ...{ type: 'invitation', host: '192.0.2.1', port: 1, offset: 0, fingerprint: null },
  ...{ commands: [], text: [] },
};

test('nothing is drawn before a stream is let in; what has begun by then is drawn too', async () => {
  const log: string[] = [];
  const screen = afterInvitation(recorder('lines', log), () => recorder('live', log));
  for (const event of [START, INVITATION, ADMITTED, START]) screen.emit(event);
  await screen.stop(false);
  assert.deepEqual(log, [
    'lines stage',
    'lines invitation',
    'lines note listen.admitted',
    'live stage',
    'live stage',
    'live stop false',
  ]);
});

test('nobody comes: the lines end', async () => {
  const log: string[] = [];
  const screen = afterInvitation(recorder('lines', log), () => recorder('live', log));
  screen.emit(INVITATION);
  await screen.stop(true);
  assert.deepEqual(log, ['lines invitation', 'lines stop true']);
});
