import { guardFacts, stationHardware, type AskedProtection } from '../acquire/protection.ts';
import type { HardwareFault } from '../catalog/hardware.ts';
import { asSource } from '../discover/source.ts';
import { judge } from '../guard/verdict.ts';
import type { Device } from '../model/device.ts';
import type { GuardFacts } from '../model/guard-facts.ts';
import type { Verdict } from '../model/verdict.ts';
import { notProbed } from '../probe/probe.ts';
import type { Env } from './env.ts';
import { labHardwareFile } from './lab-hardware.ts';

/** What a look makes of a device's write protection. */
export interface DeviceJudge {
  /** What was wrong with the hardware data; what is good of it is used. */
  readonly faults: readonly HardwareFault[];
  /** @param asked what the device answered; not given: a list, which asks nothing */
  judge(device: Device, asked?: AskedProtection): { readonly facts: GuardFacts; readonly verdict: Verdict };
}

/** Loads the hardware data once; whoever lists disks sees them, whatever is wrong with the data. */
export async function deviceJudge(env: Env): Promise<DeviceJudge> {
  const hardware = await stationHardware(env.ports, await labHardwareFile(env.ports));
  const nothing = notProbed('not asked: a list is passive');
  return {
    faults: hardware.faults,
    judge: (device, asked = nothing) => {
      const facts = guardFacts(asSource(device), hardware, asked);
      return { facts, verdict: judge(facts) };
    },
  };
}
