import { known, unknown, type Fact } from '../model/device.ts';
import type { OwnIdentity } from '../model/probe.ts';
import { firstWords, type Answer } from './ask.ts';
import { countAt, listAt, parseRecord, recordAt, recordOf, textAt, type Json } from './json.ts';

/** What smartctl learned of one disk. */
export interface SmartAnswer {
  /** The command set that it answered to. `SCSI` behind a USB bridge is the bridge speaking. */
  readonly protocol: 'ATA' | 'NVMe' | 'SCSI';
  readonly identity: OwnIdentity;
  readonly healthy: Fact<boolean>;
  /** Capacity as the disk itself tells it; null: it does not, or not consistently. */
  readonly capacity: Sectors | null;
  /** NVMe: the version that the controller follows, `0x010400` for 1.4. */
  readonly nvmeVersion: number | null;
}

export interface Sectors {
  readonly count: number;
  /** Bytes in one. */
  readonly size: number;
}

/** Bits of smartctl's exit status (smartctl(8), EXIT STATUS). */
const BAD_COMMAND_LINE = 1;
const NO_IDENTITY = 2;
const COMMAND_FAILED = 4;
const FAILING = 8;

/**
 * Reads `smartctl --json --info --health`. Nothing is known of the disk unless it answered: for a bridge that smartctl
 * has in its list `device.protocol` says "ATA" even when no ATA disk answers, with bit 1 of the exit status set.
 */
export function parseSmartctl(answer: Answer, path: string): Fact<SmartAnswer> {
  if (answer.why !== null) return unknown(answer.why);
  const json = parseRecord(answer.stdout);
  const own = json === null ? null : recordAt(json, 'smartctl');
  if (json === null || own === null || listAt(json, 'json_format_version')[0] !== 1) {
    return unknown(`smartctl did not answer in JSON that is understood: ${firstWords(answer.stderr, answer.stdout)}`);
  }
  const exit = countAt(own, 'exit_status');
  if (exit === null || exit !== answer.exit)
    return unknown("smartctl's JSON is not of this run: its exit status is another");
  if ((exit & (BAD_COMMAND_LINE | NO_IDENTITY)) !== 0) return unknown(`smartctl got no identity: ${complaint(own)}`);
  const device = recordAt(json, 'device');
  if (device['name'] !== path) return unknown(`smartctl answered for another device than ${path}`);
  const protocol = textAt(device, 'protocol');
  if (protocol !== 'ATA' && protocol !== 'NVMe' && protocol !== 'SCSI') {
    return unknown('smartctl does not tell which command set the disk answered to');
  }
  const identity = protocol === 'SCSI' ? scsiIdentity(json) : plainIdentity(json);
  if (identity.model === '') return unknown(`smartctl got no model: ${complaint(own)}`);
  return known({
    protocol,
    identity,
    healthy: healthOf(json, exit),
    capacity: capacityOf(json),
    nvmeVersion: countAt(recordAt(json, 'nvme_version'), 'value'),
  });
}

/** True when smartctl asks for the device type of a USB bridge that is not in its list. */
export function asksForType(answer: Answer): boolean {
  const json = parseRecord(answer.stdout);
  return json !== null && messages(recordAt(json, 'smartctl')).some((text) => text.includes('Unknown USB bridge'));
}

function plainIdentity(json: Json): OwnIdentity {
  return {
    model: textAt(json, 'model_name') ?? '',
    serial: textAt(json, 'serial_number') ?? '',
    firmware: textAt(json, 'firmware_version') ?? '',
  };
}

/** Before version 7.2 the SCSI names had no prefix. */
function scsiIdentity(json: Json): OwnIdentity {
  return {
    model: textAt(json, 'scsi_model_name') ?? textAt(json, 'model_name') ?? '',
    serial: textAt(json, 'serial_number') ?? '',
    firmware: textAt(json, 'scsi_revision') ?? textAt(json, 'revision') ?? '',
  };
}

/**
 * The disk's own verdict. Behind many bridges the registers that carry it get lost; smartctl then says "passed" from
 * the attributes alone and sets bit 2: that is smartctl's opinion, and not the disk's word.
 */
function healthOf(json: Json, exit: number): Fact<boolean> {
  const support = recordAt(json, 'smart_support');
  if (support['available'] === false) return unknown('the disk has no SMART');
  if (support['enabled'] === false) return unknown('SMART is switched off on the disk');
  const passed = recordAt(json, 'smart_status')['passed'];
  const failing = (exit & FAILING) !== 0;
  if (passed === false || (failing && passed === undefined)) return known(false);
  if (passed !== true) return unknown('the disk gave no SMART verdict');
  if (failing) return unknown("smartctl's answer contradicts itself: passed, and failing");
  if ((exit & COMMAND_FAILED) !== 0)
    return unknown("the disk's own SMART verdict did not come through; its attributes alone would pass");
  return known(true);
}

function capacityOf(json: Json): Sectors | null {
  const capacity = recordAt(json, 'user_capacity');
  const [count, bytes, size] = [
    countAt(capacity, 'blocks'),
    countAt(capacity, 'bytes'),
    countAt(json, 'logical_block_size'),
  ];
  if (count === null || bytes === null || size === null || size === 0 || count * size !== bytes) return null;
  return { count, size };
}

function messages(own: Json): string[] {
  return listAt(own, 'messages').flatMap((message) => textAt(recordOf(message) ?? {}, 'string') ?? []);
}

function complaint(own: Json): string {
  return firstWords(...messages(own), `the disk did not answer (exit status ${String(own['exit_status'])})`);
}
