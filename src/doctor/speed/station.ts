import { known, unknown, type Fact } from '../../model/device.ts';
import { messageOf } from '../../model/errors.ts';
import type { StationIdentity } from '../../model/speed.ts';
import { wasmVersion } from '../../hash/engines.ts';
import { at } from '../../discover/root.ts';
import type { Ports } from '../../system/ports.ts';

/** What a figure of this station's speed depends on. Unknown where the kernel does not tell the processor. */
export async function stationIdentity(ports: Ports): Promise<Fact<StationIdentity>> {
  const { hostname, cores, nodeVersion: node } = ports.host;
  try {
    const cpu = parseCpu(await ports.files.readText(at(ports, '/proc/cpuinfo')));
    if (cpu === null) return unknown('/proc/cpuinfo does not name the processor');
    return known({ hostname, cpu, cores, node, hashWasm: wasmVersion() });
  } catch (error) {
    return unknown(messageOf(error));
  }
}

/** Lines that name a processor: x86 by its model, POWER and s390 in a word, ARM by numbers alone. */
const NAMES = ['model name', 'cpu model', 'cpu', 'Model', 'Hardware', 'CPU implementer', 'CPU variant', 'CPU part'];

/** What `/proc/cpuinfo` calls the first processor; null: nothing. Pure. */
export function parseCpu(text: string): string | null {
  const told = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key = '', value = ''] = /^([^:\t]+?)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (NAMES.includes(key) && value !== '' && !told.has(key)) told.set(key, value);
  }
  const model = told.get('model name');
  if (model !== undefined) return model;
  const rest = NAMES.flatMap((name) => told.get(name) ?? []);
  return rest.length === 0 ? null : rest.join(' ');
}
