import { watchDevices, type DeviceEvent } from '../../discover/watch.ts';
import type { Device } from '../../model/device.ts';
import { serialNotes, type DeviceNote } from '../../model/serial.ts';
import { slowLink } from '../../model/slow-link.ts';
import { visible } from '../../model/text.ts';
import { utc } from '../../system/clock.ts';
import { faultNotes } from '../../catalog/hardware.ts';
import { requireSourceOptions } from '../../catalog/source-options.ts';
import { deviceJudge, type DeviceJudge } from '../device-verdict.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Output } from '../output.ts';
import type { RemoteOptions } from '../remote-machine.ts';
import { changesOf, changeWords, eventWords, newNotes } from '../screen/device-events.ts';
import { deviceJson } from '../screen/device-json.ts';
import { deviceTable, type JudgedDevice } from '../screen/device-table.ts';

/**
 * `exhibit devices --watch`: the table, then a line for everything that comes, goes or changes. Ends with 130 at Ctrl-C,
 * with 0 when nobody reads its output any more.
 */
export async function devicesWatchCommand(env: Env, options: RemoteOptions & { json?: boolean }): Promise<ExitCode> {
  requireSourceOptions('here', options);
  const output = new Output(env, options.json === true);
  let hungUp = false;
  const signals = env.watchSignals(() => {
    hungUp = true;
  });
  const unread = (): boolean => hungUp || env.terminal.outputClosed();
  const judge = await deviceJudge(env);
  for (const fault of faultNotes(judge)) output.say(fault);
  const teller = new Teller(env, output, judge);
  try {
    await watchDevices(env.ports, {
      tell: (event) => {
        teller.tell(event);
      },
      ended: () => signals.stop.aborted || unread(),
      stop: signals.stop,
    });
  } finally {
    signals.release();
  }
  if (unread()) return EXIT.done;
  if (output.json) output.line({ type: 'result', ok: false, exit: EXIT.interrupted, ended: 'stopped' });
  return EXIT.interrupted;
}

/** Words and JSON for what happens; remembers which disks there are, and which notes were told. */
class Teller {
  readonly #env: Env;
  readonly #output: Output;
  readonly #judge: DeviceJudge;
  readonly #present = new Map<string, Device>();
  #notes: readonly DeviceNote[] = [];

  constructor(env: Env, output: Output, judge: DeviceJudge) {
    this.#judge = judge;
    this.#env = env;
    this.#output = output;
  }

  tell(event: DeviceEvent): void {
    switch (event.type) {
      case 'present':
        this.#begin(event.devices);
        return;
      case 'quiet':
        // A reader that is gone is noticed when something is written to it.
        if (this.#output.json) this.#output.line({ type: 'alive', at: this.#now() });
        return;
      case 'blind':
        this.#note('devices.blind', `The disks can't be looked at: ${visible(event.why)}`);
        return;
      case 'removed':
        this.#present.delete(event.device.name);
        this.#line('removed', this.#judged(event.device), {}, eventWords(this.#judged(event.device), this.#all()));
        break;
      case 'added':
        this.#present.set(event.device.name, event.device);
        this.#line('added', this.#judged(event.device), {}, eventWords(this.#judged(event.device), this.#all()));
        this.#noteSlow(event.device);
        break;
      case 'changed':
        this.#change(this.#judged(event.was), this.#judged(event.device));
    }
    this.#noteSerials();
  }

  #begin(devices: readonly Device[]): void {
    for (const device of devices) this.#present.set(device.name, device);
    if (!this.#output.json)
      this.#env.terminal.out(
        deviceTable(
          devices.map((device) => this.#judged(device)),
          this.#env.terminal.columns,
        ),
      );
    else for (const device of devices) this.#line('present', this.#judged(device), {}, '');
    // The table has them below it.
    if (!this.#output.json) this.#notes = serialNotes(devices);
    this.#noteSerials();
  }

  #change(was: JudgedDevice, now: JudgedDevice): void {
    this.#present.set(now.device.name, now.device);
    const changes = changesOf(was, now);
    if (Object.keys(changes).length === 0) return;
    this.#line('changed', now, { changes }, `${visible(now.device.path)}  ${changeWords(was, now)}`);
  }

  #all(): Device[] {
    return [...this.#present.values()];
  }

  #noteSlow(device: Device): void {
    const slow = device.size === 0 ? null : slowLink(device.chain, device.size);
    if (slow !== null) this.#note('source.slow-link', `${visible(device.path)}: ${slow}`);
  }

  #noteSerials(): void {
    const notes = serialNotes(this.#all());
    for (const { code, message } of newNotes(this.#notes, notes)) this.#note(code, message);
    this.#notes = notes;
  }

  #note(code: string, message: string): void {
    const at = this.#now();
    if (this.#output.json) this.#output.line({ type: 'note', at, level: 'warning', code, message });
    else this.#env.terminal.out(`${at}  note     ! ${message}`);
  }

  #line(type: string, device: JudgedDevice, more: object, words: string): void {
    const at = this.#now();
    if (this.#output.json) this.#output.line({ type, at, device: deviceJson(device), ...more });
    else this.#env.terminal.out(`${at}  ${type.padEnd(7)}  ${words}`);
  }

  #judged(device: Device): JudgedDevice {
    return { device, verdict: this.#judge.judge(device).verdict.name };
  }

  #now(): string {
    return utc(this.#env.ports.clock.wallMs());
  }
}
