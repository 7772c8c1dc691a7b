import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { watchDevices, type DeviceEvent } from '../../src/discover/watch.ts';
import type { Files } from '../../src/system/files.ts';
import type { Ports } from '../../src/system/ports.ts';
import { bench, NO_SWAPS, SDB, SDC } from './bench-layout.ts';
import { UAS, usbDisk } from './buses.ts';
import { madeUpStation, mountLine } from './made-up-station.ts';

const SDD = usbDisk('/sys/devices/pci0000:00/0000:00:14.0/usb2/2-3', { ids: '174c:55aa' }, UAS, {
  name: 'sdd',
  number: '8:48',
  host: 9,
  more: { diskseq: '12\n', serial: 'S-1\n' },
});

/** What a person does to the station between two looks. */
interface Hands {
  readonly root: string;
  readonly write: (path: string, text: string) => void;
  readonly plug: (tree: typeof SDD) => void;
  readonly pull: (name: string) => void;
}

function hands(root: string): Hands {
  const write = (path: string, text: string): void => {
    mkdirSync(join(root, path.endsWith('/') ? path : dirname(path)), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(join(root, path), text);
  };
  return {
    root,
    write,
    plug: (tree) => {
      for (const [path, text] of Object.entries(tree.files)) write(path, String(text));
      for (const [link, target] of Object.entries(tree.links)) {
        mkdirSync(join(root, dirname(link)), { recursive: true });
        symlinkSync(join(root, target), join(root, link));
      }
    },
    pull: (name) => {
      rmSync(join(root, '/sys/block', name));
    },
  };
}

/** Watches the bench while one step after the other is done, a look apart. `added sdd`, `changed sdb` … */
async function watched(
  t: TestContext,
  steps: readonly ((station: Hands) => void)[],
  change: (files: Files) => Partial<Files> = () => ({}),
): Promise<{ told: string[]; events: DeviceEvent[] }> {
  const station = madeUpStation(t, bench());
  const todo = [...steps];
  const events: DeviceEvent[] = [];
  let over = false;
  const clock: Ports['clock'] = {
    ...station.clock,
    sleep: async (ms) => {
      assert.equal(ms, 1000);
      const step = todo.shift();
      if (step === undefined) over = true;
      else step(hands(station.root));
    },
  };
  const files = { ...station.files, ...change(station.files) };
  await watchDevices(
    { ...station, files, clock },
    { tell: (event) => events.push(event), ended: () => over, stop: new AbortController().signal },
  );
  return { told: events.map(words), events };
}

function words(event: DeviceEvent): string {
  if (event.type === 'present') return `present ${event.devices.map(({ name }) => name).join(' ')}`;
  return 'device' in event ? `${event.type} ${event.device.name}` : event.type;
}

const PRESENT = 'present dm-0 sda sdb sdc';
const wait = (): void => undefined;

test('plugged in, pulled out, and nothing in between', async (t) => {
  const { told } = await watched(t, [
    wait,
    ({ plug }) => {
      plug(SDD);
    },
    wait,
    ({ pull }) => {
      pull('sdd');
    },
    wait,
  ]);
  assert.deepEqual(told, [PRESENT, 'added sdd', 'removed sdd']);
});

test('another disk under the same name between two looks: the one is gone, the other came', async (t) => {
  const { told } = await watched(t, [
    ({ write }) => {
      write(`${SDB}/diskseq`, '10\n');
    },
  ]);
  assert.deepEqual(told, [PRESENT, 'removed sdb', 'added sdb']);
});

test('the same without a counter of disks (before Linux 5.15): its folder is another one', async (t) => {
  const { told } = await watched(t, [
    ({ root, write }) => {
      // Made while the old one stands, it can't get the same inode, as in sysfs.
      for (const [path, text] of Object.entries(bench().files)) {
        if (path.startsWith(SDC)) write(path.replace(SDC, '/run/next'), String(text));
      }
      rmSync(join(root, SDC), { recursive: true });
      renameSync(join(root, '/run/next'), join(root, SDC));
    },
  ]);
  assert.deepEqual(told, [PRESENT, 'removed sdc', 'added sdc']);
});

test('a flag that flips, a medium that grows, a mount: changed, with what it was', async (t) => {
  const { told, events } = await watched(t, [
    ({ write }) => {
      write(`${SDB}/ro`, '1\n');
    },
    ({ write }) => {
      write(`${SDC}/size`, '2048\n');
    },
    ({ write }) => {
      write('/proc/self/mountinfo', mountLine('8:17', '/media/auto', 'vfat', '/dev/sdb1'));
    },
    ({ write }) => {
      write('/proc/swaps', `${NO_SWAPS}/dev/sdb2  partition 1 0 -2\n`);
    },
  ]);
  assert.deepEqual(told.slice(0, 3), [PRESENT, 'changed sdb', 'changed sdc']);
  const [, flag, size, ...uses] = events;
  assert.ok(flag?.type === 'changed' && size?.type === 'changed');
  assert.deepEqual(
    [flag.was.readOnly, flag.device.readOnly].map((fact) => fact.known && fact.value),
    [false, true],
  );
  assert.deepEqual([size.was.size, size.device.size], [0, 1_048_576]);
  assert.ok(
    uses.some((event) => event.type === 'changed' && JSON.stringify(event.device.uses).includes('/media/auto')),
  );
  assert.ok(uses.some((event) => event.type === 'changed' && JSON.stringify(event.device.uses).includes('swap')));
});

test('a new disk is told when udev has named it, or when udev takes too long', async (t) => {
  const udev = ({ write, plug }: Hands): void => {
    for (const number of ['8:0', '8:16', '8:32', '253:0', '7:0', '252:0']) write(`/run/udev/data/b${number}`, '');
    plug(SDD);
  };
  const named = await watched(t, [
    udev,
    wait,
    ({ root, write }) => {
      write('/run/udev/data/b8:48', '');
      symlinkSync('../../sdd', join(root, '/dev/disk/by-id/usb-Late_S-1'));
    },
  ]);
  assert.deepEqual(named.told, [PRESENT, 'added sdd']);
  const [, added] = named.events;
  assert.ok(added?.type === 'added' && added.device.byId.known && added.device.byId.value.length === 1);
  assert.deepEqual((await watched(t, [udev, wait, wait, wait])).told, [PRESENT]);
  assert.deepEqual((await watched(t, [udev, wait, wait, wait, wait])).told, [PRESENT, 'added sdd']);
});

test('a look that fails takes no disk away; it is told once, and what happened meanwhile is told after it', async (t) => {
  let blind = false;
  const unreadable = (files: Files): Partial<Files> => ({
    readDir: async (path) => {
      if (blind && path.endsWith('/sys/block')) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      return files.readDir(path);
    },
  });
  const steps = [
    ({ pull }: Hands): void => {
      blind = true;
      pull('sdc');
    },
    wait,
    (): void => {
      blind = false;
    },
  ];
  assert.deepEqual((await watched(t, steps, unreadable)).told, [PRESENT, 'blind', 'removed sdc']);
});

test('the first look must succeed', async (t) => {
  const readDir = async (): Promise<never> => {
    throw Object.assign(new Error('EIO'), { code: 'EIO' });
  };
  await assert.rejects(
    watched(t, [], () => ({ readDir })),
    { code: 'discover.failed', fault: 'source' },
  );
});

test('ten looks without anything to tell are told', async (t) => {
  const { told } = await watched(
    t,
    Array.from({ length: 20 }, () => wait),
  );
  assert.deepEqual(told, [PRESENT, 'quiet', 'quiet']);
});

test('a disk that vanishes while it is described is removed, not half told', async (t) => {
  let reads = 0;
  const { told } = await watched(
    t,
    [
      ({ plug }) => {
        plug(SDD);
      },
      ({ pull }) => {
        pull('sdd');
      },
    ],
    (files) => ({
      readText: async (path, limit) => {
        if (path.endsWith('/sdd/size') && (reads += 1) > 1)
          throw Object.assign(new Error('ENODEV'), { code: 'ENODEV' });
        if (path.endsWith('/sdd/dev') && reads > 1) throw Object.assign(new Error('ENODEV'), { code: 'ENODEV' });
        return files.readText(path, limit);
      },
    }),
  );
  assert.deepEqual(told, [PRESENT]);
});
