import assert from 'node:assert/strict';
import test, { describe, type TestContext } from 'node:test';
import { findAgain } from '../../src/acquire/reading/find-again.ts';
import { listDevices } from '../../src/discover/devices.ts';
import { asSource } from '../../src/discover/source.ts';
import type { SourceFacts } from '../../src/model/plan.ts';
import { capturedDisks, capturedStation } from '../support/bench-capture.ts';
import { madeUpStation } from '../discover/made-up-station.ts';

type Lost = Extract<SourceFacts, { kind: 'block' }>;

/** A captured station, and its disk behind a USB blocker as a source whose name nothing has any more. */
async function station(t: TestContext) {
  const ports = madeUpStation(t, capturedStation());
  const device = (await listDevices(ports)).find(({ name }) => name === capturedDisks()['usb-blocker']);
  assert.ok(device);
  const lost = asSource(device, '/dev/gone', '/dev/gone');
  assert.ok(lost.kind === 'block');
  return { lost, look: (change: (lost: Lost) => Partial<Lost>) => findAgain(ports, { ...lost, ...change(lost) }) };
}

describe('a disk that went away', () => {
  test('under another name it is the same', async (t) => {
    const { look } = await station(t);
    assert.equal((await look(() => ({}))).found, 'same');
  });

  test('another serial on its socket is another disk', async (t) => {
    const { look } = await station(t);
    const found = await look(({ identity }) => ({ identity: { ...identity, serial: 'OTHER' } }));
    assert.equal(found.found, 'other');
    assert.match(found.differences.join(), /^serial was OTHER, is now /);
  });

  test('without serial and name it is looked for at its path alone; what it hung on is not another disk by itself', async (t) => {
    const { look } = await station(t);
    const nameless = await look(({ identity, device }) => ({
      identity: { ...identity, serial: null, wwn: null },
      device: { ...device, chain: { known: false, why: 'made up' } },
    }));
    assert.equal(nameless.found, 'nothing');
  });

  test('the disk around a lost partition is no other disk, but another size of a whole disk is', async (t) => {
    const { look } = await station(t);
    const smaller = ({ identity }: Lost): Pick<Lost, 'identity'> => ({ identity: { ...identity, size: 512 } });
    const partition = await look((lost) => ({ ...smaller(lost), device: { ...lost.device, kind: 'partition' } }));
    assert.equal(partition.found, 'nothing');
    assert.equal((await look(smaller)).found, 'other');
  });
});
