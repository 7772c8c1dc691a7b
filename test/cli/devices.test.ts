import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { bench, SDB, USB } from '../discover/bench-layout.ts';
import { attributes, BOT, usbDisk } from '../discover/buses.ts';
import { madeUpStation, mountLine } from '../discover/made-up-station.ts';
import { jsonLines } from '../support/exhibit.ts';
import { exhibitHere } from '../support/in-process.ts';
import { BLOCKER, run, station, XHCI } from './devices-station.ts';
import { judge } from './transcript.ts';

describe('exhibit devices', () => {
  test('each disk with what it hangs on; the blocker is named beside its own disk only', async (t) => {
    const text = await run(['devices'], station(t, BLOCKER), {
      exit: 0,
      prints: [
        /^DEVICE +SIZE +MODEL +SERIAL +HANGS ON +MODE +VERDICT +USED BY\n/,
        /^\/dev\/sdb .* USB 5G: 152d:0578 Made .* rw +none-observed +-$/m,
        /^\/dev\/sdd .* USB 480M BOT: 13d7:000c.* ro +kernel-flag-only +-$/m,
        /^ {4}! slow USB 2 on the way to the disk \(480 Mbit\/s at usb1\): reading 500,107,862,016 bytes takes about 4 hours/m,
        /^ {2}\/dev\/sda1 .* \/boot\/efi$/m,
      ],
    });
    assert.equal(text.match(/13d7/g)?.length, 1);
  });

  test('serials that tell nothing, or two disks alike, are flagged in the table and below it', async (t) => {
    const twin = usbDisk(`${XHCI}/usb2/2-3`, { ids: '152d:0578', serial: ' DD5641988896 ' }, BOT, {
      name: 'sdd',
      number: '8:48',
      host: 8,
    });
    const zeros = usbDisk(`${XHCI}/usb2/2-4`, { ids: '152d:0578', serial: '000000000000' }, BOT, {
      name: 'sde',
      number: '8:64',
      host: 9,
    });
    await run(['devices'], station(t, twin, zeros), {
      exit: 0,
      prints: [
        /^\/dev\/sdb .* ! DD5641988896 /m,
        /^\/dev\/sdd .* ! DD5641988896 /m,
        /^\/dev\/sde .* ! says nothing/m,
        /^! \/dev\/sdb, \/dev\/sdd tell the same serial, "DD5641988896"/m,
        /^! \/dev\/sde: tells a serial of zeros/m,
        /^! \/dev\/sdd: fills its serial up/m,
      ],
    });
    const empty = station(t, attributes(USB, { serial: '    ' }));
    await run(['devices'], empty, {
      exit: 0,
      prints: [/^\/dev\/sdb .* ! says nothing/m, /^! \/dev\/sdb: tells an empty serial/m],
    });
  });

  test('--json: chain, names, estimate, notes', async (t) => {
    const text = await run(['devices', '--json'], station(t, BLOCKER), { exit: 0, prints: [/"type":"result"/] });
    const result = JSON.parse(text) as { devices: Record<string, unknown>[]; notes: unknown[] };
    const blocked = result.devices.find(({ name }) => name === 'sdd') ?? {};
    const { bus, links } = blocked['chain'] as { bus: string; links: Record<string, unknown>[] };
    assert.equal(bus, 'usb');
    assert.deepEqual(
      links.map(({ role, name }) => `${String(role)} ${String(name)}`),
      ['controller 0000:00:14.0', 'hub usb1', 'bridge 1-1', 'disk sdd'],
    );
    const usb = links.find(({ role }) => role === 'bridge')?.['usb'] as Record<string, unknown>;
    assert.deepEqual([usb['vendor_id'], usb['product_id'], usb['transport']], ['13d7', '000c', 'bot']);
    assert.deepEqual(blocked['slow_link'], {
      link: 'usb1',
      speed: 480,
      estimated_bytes_per_second: 35_000_000,
      estimated_seconds: 14_289,
    });
    assert.deepEqual([blocked['verdict'], blocked['by_path']], ['kernel-flag-only', null]);
    assert.match((blocked['unknown'] as Record<string, string>)['by_path'] ?? '', /udev does not run here/);
    assert.deepEqual(result.notes, []);
  });

  test('a chain that can not be told is a question mark and its reason', async (t) => {
    const layout = bench();
    const ports = madeUpStation(t, { ...layout, faults: { [`${USB}/idProduct`]: 'ENODEV' } });
    await run(['devices'], ports, {
      exit: 0,
      prints: [
        /^\/dev\/sdb .* \? +rw/m,
        /^\? .*what it hangs on of \/dev\/sdb: what sdb hangs on can't be told: ENODEV/m,
      ],
    });
  });
});

describe('exhibit devices --watch', () => {
  /** Runs the watch; at its looks the station changes, then the signal comes. */
  async function watch(t: TestContext, argv: readonly string[], steps: readonly ((root: string) => void)[]) {
    const ports = station(t);
    const stop = new AbortController();
    const todo = [...steps];
    const sleep = async (): Promise<void> => {
      const step = todo.shift();
      if (step === undefined) stop.abort('SIGINT');
      else step(ports.root);
    };
    const clock = { ...ports.clock, sleep, wallMs: () => Date.UTC(2026, 2, 1, 9, 15) };
    return exhibitHere(argv, { ...ports, clock }, null, stop.signal);
  }
  const steps = [
    (root: string): void => {
      writeFileSync(join(root, SDB, 'ro'), '1\n');
    },
    (root: string): void => {
      writeFileSync(join(root, '/proc/self/mountinfo'), mountLine('8:17', '/media/auto', 'vfat', '/dev/sdb1'));
    },
    (root: string): void => {
      writeFileSync(join(root, SDB, 'diskseq'), '10\n');
    },
  ];

  test('the table, then a line for what happens, until Ctrl-C: 130', async (t) => {
    const ended = await watch(t, ['devices', '--watch'], steps);
    judge(['devices', '--watch'], ended, {
      exit: 130,
      prints: [
        /^DEVICE .*USED BY\n/,
        /^2026-03-01T09:15:00\.000Z {2}changed {2}\/dev\/sdb {2}mode rw → ro$/m,
        /^2026-\S+ {2}changed {2}\/dev\/sdb {2}used by - → \/media\/auto$/m,
        /^2026-\S+ {2}removed {2}\/dev\/sdb {2}465\.8 GiB \(500,107,862,016 bytes\) {2}Portable Drive {2}DD5641988896 {2}USB 5G: 152d:0578/m,
        /^2026-\S+ {2}added {4}\/dev\/sdb /m,
      ],
    });
  });

  test('--json: an event a line, the result last', async (t) => {
    const ended = await watch(t, ['devices', '--watch', '--json'], steps);
    assert.equal(ended.code, 130);
    const lines = jsonLines(ended.stdout);
    assert.deepEqual(
      lines.map(({ type }) => type),
      [
        'present',
        'present',
        'present',
        'present',
        'changed',
        'changed',
        'changed',
        'changed',
        'removed',
        'added',
        'result',
      ],
    );
    const flag = lines.find(({ type }) => type === 'changed') as { changes: object; at: string };
    assert.deepEqual(flag.changes, { read_only: { was: false, now: true } });
    assert.equal(flag.at, '2026-03-01T09:15:00.000Z');
    assert.deepEqual(lines.at(-1), { type: 'result', ok: false, exit: 130, ended: 'stopped' });
  });
});
