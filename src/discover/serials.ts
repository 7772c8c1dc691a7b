import { known, unknown, type Fact } from '../model/device.ts';
import { messageOf } from '../model/errors.ts';
import type { SourceFacts } from '../model/plan.ts';
import { serialFacts, type SerialFacts } from '../model/serial.ts';
import type { Ports } from '../system/ports.ts';
import { listDevices } from './devices.ts';

/** Whether the serial tells this source from the other disks of the station. Unknown where they can't be listed. Passive. */
export async function sourceSerials(ports: Ports, source: SourceFacts): Promise<Fact<SerialFacts>> {
  if (source.kind === 'file' || !source.device.serial.known) return known({ twins: [], notes: [] });
  try {
    return known(serialFacts(source.device, await listDevices(ports)));
  } catch (error) {
    return unknown(messageOf(error));
  }
}
