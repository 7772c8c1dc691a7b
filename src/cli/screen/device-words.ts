import { type Device, type DeviceUse, type Fact, valueOf } from '../../model/device.ts';
import { SAYS_NOTHING, serialSaysNothing } from '../../model/serial.ts';

/** Words for single facts of a device, the same in the table, the details and the watch. Raw: to be made visible. */
export function told(fact: Fact<string>): string {
  return valueOf(fact) ?? '?';
}

/** The serial, or why it tells this disk from no other; `!`: another disk tells the same. */
export function serialWords(device: Device, sharedBy: ReadonlySet<string>): string {
  const fault = serialSaysNothing(device);
  if (fault !== null) return `! ${SAYS_NOTHING[fault]}`;
  return sharedBy.has(device.path) ? `! ${told(device.serial)}` : told(device.serial);
}

export function modeWords(readOnly: Fact<boolean>): string {
  return readOnly.known ? (readOnly.value ? 'ro' : 'rw') : '?';
}

export function usersOf(uses: readonly DeviceUse[]): string {
  return uses.length === 0 ? '-' : uses.map(({ kind, by }) => (kind === 'mount' ? by : `${kind} ${by}`)).join(', ');
}
