import { listDevices } from '../../discover/devices.ts';
import { serialNotes } from '../../model/serial.ts';
import { faultNotes } from '../../catalog/hardware.ts';
import { requireSourceOptions } from '../../catalog/source-options.ts';
import { deviceJudge } from '../device-verdict.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Output } from '../output.ts';
import type { RemoteOptions } from '../remote-machine.ts';
import { deviceJson } from '../screen/device-json.ts';
import { deviceTable } from '../screen/device-table.ts';

/** `exhibit devices`: passive, and never an empty list because looking failed. */
export async function devicesCommand(env: Env, options: RemoteOptions & { json?: boolean }): Promise<ExitCode> {
  requireSourceOptions('here', options);
  const output = new Output(env, options.json === true);
  const devices = await listDevices(env.ports);
  const judge = await deviceJudge(env);
  const judged = devices.map((device) => ({ device, verdict: judge.judge(device).verdict.name }));
  for (const fault of faultNotes(judge)) output.say(fault);
  output.result(
    { ok: true, exit: EXIT.done, devices: judged.map(deviceJson), notes: serialNotes(devices) },
    deviceTable(judged, env.terminal.columns),
  );
  return EXIT.done;
}
