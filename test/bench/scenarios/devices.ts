import assert from 'node:assert/strict';
import { jsonLines } from '../../support/exhibit.ts';
import { ask } from '../guest/asked.ts';
import { BLOCKER, BRIDGE } from '../guest/usb-specs.ts';
import { scenario } from '../scenario.ts';

interface Listed {
  readonly devices: readonly {
    readonly path: string;
    readonly model: string;
    readonly serial: string;
    readonly diskseq: string;
  }[];
  readonly notes: readonly { readonly code: string; readonly devices: readonly string[] }[];
}

export const deviceScenarios = [
  scenario({
    name: 'two disks of one model with the same serial are two disks, and a label that fits both confirms neither',
    setup: async (bench) => ({ twins: [await bench.usb(BRIDGE), await bench.usb(BRIDGE)], desk: bench.desk() }),
    command: async (bench, { twins, desk }) => {
      const paths = twins.map(({ node }) => node);
      const more = ['--no-probe', '--allow-unblocked', 'nothing is written'];
      return {
        paths,
        ran: await bench.exhibit(['devices', '--json']),
        byLabel: await ask(bench, desk, paths[0] ?? '', BRIDGE.serial, ...more),
      };
    },
    expect: ({ paths, ran, byLabel }) => {
      assert.equal(ran.code, 0, ran.stderr);
      const { devices, notes } = jsonLines(ran.stdout).at(-1) as unknown as Listed;
      const [one, other] = devices.filter(({ path }) => paths.includes(path));
      assert.ok(one !== undefined && other !== undefined, ran.stdout);
      assert.deepEqual([one.model, one.serial], [other.model, other.serial]);
      assert.notEqual(one.path, other.path);
      assert.notEqual(one.diskseq, other.diskseq);
      assert.deepEqual(
        notes.filter(({ code }) => code === 'serial.same').map((note) => note.devices),
        [paths.toSorted()],
      );
      assert.deepEqual([byLabel.code, byLabel.refused], [10, 'label.serial-twice'], byLabel.said);
      assert.ok(byLabel.said.includes(paths[1] ?? '?'), byLabel.said);
    },
  }),

  scenario({
    name: 'write protection that a device declares can not be lifted by blockdev, and lets no write through',
    setup: (bench) => bench.usb(BLOCKER),
    command: async (bench, usb) => {
      const before = bench.must('sha256sum', usb.medium);
      const lift = bench.run('blockdev', '--setrw', usb.node);
      const flag = bench.must('blockdev', '--getro', usb.node).trim();
      const write = bench.run('dd', 'if=/dev/urandom', `of=${usb.node}`, 'bs=4096', 'count=1', 'conv=fsync');
      return { lift, flag, write, same: before === bench.must('sha256sum', usb.medium) };
    },
    expect: ({ lift, flag, write, same }) => {
      assert.equal(lift.code, 0, lift.stderr);
      assert.equal(flag, '1');
      assert.notEqual(write.code, 0);
      assert.ok(same, 'the medium was written to');
    },
  }),
];
