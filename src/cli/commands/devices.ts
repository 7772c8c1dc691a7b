import { listDevices } from '../../discover/devices.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Output } from '../output.ts';
import { deviceJson, deviceTable } from '../screen/device-table.ts';

/** `exhibit devices`: passive, and never an empty list because looking failed. */
export async function devicesCommand(env: Env, options: { json?: boolean }): Promise<ExitCode> {
  const output = new Output(env, options.json === true);
  const devices = await listDevices(env.ports);
  output.result(
    { ok: true, exit: EXIT.done, devices: devices.map(deviceJson) },
    deviceTable(devices, env.terminal.columns),
  );
  return EXIT.done;
}
