import { hangsOn } from '../../model/chain-text.ts';
import { type Device, valueOf } from '../../model/device.ts';
import { serialNotes, type DeviceNote } from '../../model/serial.ts';
import { groupDigits, roundBytes } from '../../model/size.ts';
import { visible } from '../../model/text.ts';
import { deviceJson } from './device-json.ts';
import { sharedSerials, type JudgedDevice } from './device-table.ts';
import { modeWords, serialWords, told, usersOf } from './device-words.ts';

/** What of a device is another by now: key of `--json`, with both values. */
export type Changes = Readonly<Record<string, { readonly was: unknown; readonly now: unknown }>>;

/** Keys of `--json` whose values differ. Reasons alone (`unknown`) are no change. */
export function changesOf(was: JudgedDevice, now: JudgedDevice): Changes {
  const [before, after] = [deviceJson(was), deviceJson(now)];
  return Object.fromEntries(
    Object.keys(after)
      .filter((key) => key !== 'unknown' && JSON.stringify(before[key]) !== JSON.stringify(after[key]))
      .map((key) => [key, { was: before[key], now: after[key] }]),
  );
}

/** `/dev/sdb  465.8 GiB  …`: what a person needs to recognise a disk that came or went. Made visible. */
export function eventWords({ device, verdict }: JudgedDevice, all: readonly Device[]): string {
  const shared = sharedSerials(serialNotes(all));
  const words = [
    device.path,
    `${roundBytes(device.size)} (${groupDigits(device.size)} bytes)`,
    told(device.model),
    serialWords(device, shared),
    hangsOn(device.chain),
    verdict,
  ];
  return words.map((word) => visible(word.trim())).join('  ');
}

/** Words for what changed: `mode rw → ro, used by - → /mnt`. Facts without words of their own are named. Made visible. */
export function changeWords(was: JudgedDevice, now: JudgedDevice): string {
  const keys = Object.keys(changesOf(was, now));
  return keys
    .map((key) => {
      const words = WORDS[key];
      return words === undefined
        ? key.replaceAll('_', ' ')
        : `${words[0]} ${visible(words[1](was))} → ${visible(words[1](now))}`;
    })
    .join(', ');
}

const WORDS: Readonly<Record<string, [string, (judged: JudgedDevice) => string]>> = {
  size: ['bytes', ({ device }) => groupDigits(device.size)],
  model: ['model', ({ device }) => told(device.model)],
  serial: ['serial', ({ device }) => told(device.serial)],
  read_only: ['mode', ({ device }) => modeWords(device.readOnly)],
  uses: ['used by', ({ device }) => (device.uses.known ? usersOf(device.uses.value) : '?')],
  chain: ['hangs on', ({ device }) => hangsOn(device.chain)],
  by_id: ['by-id names', ({ device }) => String(valueOf(device.byId)?.length ?? '?')],
  partitions: ['partitions', ({ device }) => device.partitions.map(({ name }) => name).join(' ') || 'none'],
  verdict: ['verdict', ({ verdict }) => verdict],
};

/** Notes that were not told yet. */
export function newNotes(told: readonly DeviceNote[], now: readonly DeviceNote[]): DeviceNote[] {
  const known = new Set(told.map(({ message }) => message));
  return now.filter(({ message }) => !known.has(message));
}
