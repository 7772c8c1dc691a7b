import assert from 'node:assert/strict';
import test from 'node:test';
import { examineStation } from '../../src/doctor/examine.ts';
import { systemCommands } from '../../src/system/run-command.ts';
import { testPorts } from '../support/ports.ts';

const TOOLS = ['smartctl', 'hdparm', 'sg_modes', 'sg_raw', 'nvme', 'sfdisk'];

test('the tools that a disk is asked with are optional: a missing one is a warning that says what stays unknown', async () => {
  const real = systemCommands();
  for (const there of [true, false]) {
    const commands = {
      ...real,
      which: (name: string) => (TOOLS.includes(name) ? (there ? `/sbin/${name}` : null) : real.which(name)),
    };
    const examined = await examineStation(testPorts({ commands }), null);
    for (const name of TOOLS) {
      const found = examined.find(({ what }) => what === name);
      assert.deepEqual([found?.state, found?.found], there ? ['ok', `/sbin/${name}`] : ['warning', 'not installed']);
      if (!there) assert.match(found?.advice ?? '', /^Optional\. Without it stays unknown: .*apt install [a-z0-9-]+$/);
    }
  }
});
