import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { systemEnv } from '../../../src/cli/env.ts';
import { systemCommands } from '../../../src/system/run-command.ts';
import { blockerTestHere } from '../../blocker-test/support.ts';
import { until } from '../../support/children.ts';
import { journalOf, newDesk, startExhibit, type Desk, type Running } from '../../support/exhibit.ts';
import { PC_DISKS, type PcDisk, type PcDiskName } from '../host/disks.ts';
import { Gate, type Place } from '../../support/gate.ts';
import { exhibitHere } from '../../support/in-process.ts';
import { packageRoot } from '../../support/root.ts';
import { atEnd, tempFolder } from '../../support/temp.ts';
import { disksBelow, noDisk, theDisk, type BenchDisk } from './disks.ts';
import { UsbDisk, type UsbSpec } from './usb-disk.ts';

/** A program that has ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MODULES = '/exhibit/modules';
/** For what a job has to come to, on an emulated processor that others may be using. */
const PATIENCE_MS = 60_000;
/** The machine as a station; once: each has listeners of its own on this process. */
const { ports } = systemEnv([]);

/** What a scenario has to work with, in the machine. Whatever it sets up goes away when the scenario ends. */
export class Bench {
  /** For the helpers of test/support. */
  readonly t: TestContext;

  constructor(t: TestContext) {
    this.t = t;
  }

  /** Plugs in a USB disk. */
  async usb(spec: UsbSpec, socket?: number): Promise<UsbDisk> {
    const usb = await UsbDisk.plugIn(spec, socket);
    atEnd(this.t, () => usb.remove());
    return usb;
  }

  /** The kernel's own SCSI disk, with real sense data: `['wp=1', 'sector_size=4096']` (modinfo scsi_debug). One at a time. */
  async scsi(...parameters: string[]): Promise<BenchDisk> {
    this.load('scsi_debug', ...parameters);
    const find = (): BenchDisk[] => disksBelow('/sys/devices/pseudo_0');
    atEnd(this.t, async () => {
      this.must('rmmod', 'scsi_debug');
      await noDisk('scsi_debug', find);
    });
    return theDisk('scsi_debug', find);
  }

  /** A disk that is soldered into the emulated PC. */
  async built(name: PcDiskName): Promise<BenchDisk> {
    const { modules, below }: PcDisk = PC_DISKS[name];
    for (const module of modules ?? []) this.load(module);
    return theDisk(name, () => disksBelow(`/sys/devices/${below}`));
  }

  /** Loads a module that the machine brings along, with what it needs. */
  load(name: string, ...parameters: string[]): void {
    for (const file of readFileSync(`${MODULES}/${name}.list`, 'utf8').trim().split('\n')) {
      const ran = this.run(
        '/exhibit/busybox',
        'insmod',
        `${MODULES}/${file}`,
        ...(file === `${name}.ko` ? parameters : []),
      );
      // "File exists": it is loaded already.
      if (ran.code !== 0 && !/File exists/.test(ran.stderr)) throw new Error(`insmod ${file}: ${ran.stderr}`);
    }
  }

  /** Runs a program of the station to its end, at most 20 seconds. */
  run(program: string, ...argv: string[]): Ran {
    const ran = spawnSync(program, argv, { encoding: 'utf8', timeout: 20_000, killSignal: 'SIGKILL' });
    if (ran.error !== undefined) return { code: null, stdout: '', stderr: ran.error.message };
    return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr };
  }

  /** As {@link run}; its failure is the scenario's. Gives what it printed. */
  must(program: string, ...argv: string[]): string {
    const { code, stdout, stderr } = this.run(program, ...argv);
    if (code !== 0) throw new Error(`${[program, ...argv].join(' ')}: ${code ?? ''} ${stderr}`);
    return stdout;
  }

  /**
   * exhibit, in this process, with the machine as its station: the same code and the same disks as a start of its own,
   * which takes several seconds on an emulated processor. `PATH` is where it looks for tools.
   */
  async exhibit(argv: readonly string[], env: { readonly PATH?: string } = {}): Promise<Ran> {
    const commands = env.PATH === undefined ? ports.commands : systemCommands(env.PATH);
    return exhibitHere(argv, { ...ports, commands });
  }

  /** As {@link exhibit}, held up at a place (test/support/gate.ts), with something done meanwhile. */
  async meanwhile(desk: Desk, place: Place, argv: readonly string[], act: () => unknown): Promise<Ran> {
    return this.#heldUp(desk, place, argv, async (gate) => {
      await act();
      gate.open();
    });
  }

  /** As {@link meanwhile}, with something that takes the source away; and something more once the job waits for it. */
  async whileItWaits(
    desk: Desk,
    place: Place,
    argv: readonly string[],
    takeAway: () => unknown,
    act: () => unknown,
  ): Promise<Ran> {
    return this.#heldUp(desk, place, argv, async (gate, ended) => {
      await takeAway();
      gate.open();
      await this.untilItWaits(desk, ended);
      if (!ended()) await act();
    });
  }

  /** Waits until a job has put on record that it waits for its source, or has ended. */
  async untilItWaits(desk: Desk, ended: () => boolean): Promise<void> {
    const waits = (): boolean => journalOf(desk.evidence()).at(-1)?.type === 'paused';
    await until(() => waits() || ended(), 'the job to wait for its source', PATIENCE_MS);
  }

  /** As {@link meanwhile}, and not let go on: what is done is what has to end it. */
  async endedBy(desk: Desk, place: Place, argv: readonly string[], act: () => unknown): Promise<Ran> {
    return this.#heldUp(desk, place, argv, act);
  }

  async #heldUp(
    desk: Desk,
    place: Place,
    argv: readonly string[],
    act: (gate: Gate, ended: () => boolean) => unknown,
  ): Promise<Ran> {
    const gate = new Gate(desk.folder, place);
    let early: Ran | null = null;
    const ran = this.exhibit(argv, gate.env).then((ended) => (early = ended));
    await until(() => gate.reached || early !== null, `exhibit to come to ${place}`, PATIENCE_MS);
    if (gate.reached) {
      // What dd has delivered before the gate is on its way to the image.
      await pause(100);
      await act(gate, () => early !== null);
    }
    await until(() => early !== null, 'exhibit to end', PATIENCE_MS);
    // Whatever still waits there, too.
    gate.remove();
    return ran;
  }

  /** exhibit-blocker-test, in this process. */
  async blockerTest(argv: readonly string[]): Promise<Ran> {
    return blockerTestHere(argv, ports);
  }

  /**
   * The lab's own hardware data, where exhibit looks for it: nothing, or with the entries of this file beside those that
   * are there.
   */
  lab(text?: string): void {
    const path = join(process.env['HOME'] ?? '', '.config/exhibit/hardware.yaml');
    mkdirSync(dirname(path), { recursive: true });
    const there = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (text !== undefined) writeFileSync(path, there + (there === '' ? text : (text.split('entries:\n')[1] ?? '')));
    atEnd(this.t, () => {
      rmSync(path, { force: true });
    });
  }

  /** A file more of the hardware data that came with the program. */
  shipped(vendor: string, text: string): void {
    const path = join(packageRoot, 'hardware', `${vendor}.yaml`);
    writeFileSync(path, text);
    atEnd(this.t, () => {
      rmSync(path);
    });
  }

  /** exhibit as users start it. */
  start(argv: readonly string[]): Running {
    return startExhibit(this.t, argv);
  }

  /** Key, signers and destination. */
  desk(): Desk {
    return newDesk(this.t);
  }

  folder(): string {
    return tempFolder(this.t);
  }
}
