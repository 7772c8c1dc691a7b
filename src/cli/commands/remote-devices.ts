import { faultNotes } from '../../catalog/hardware.ts';
import { listDevices } from '../../discover/devices.ts';
import { ExhibitError } from '../../model/errors.ts';
import { serialNotes } from '../../model/serial.ts';
import { sourceKind } from '../../model/source-kind.ts';
import { visible } from '../../model/text.ts';
import { deviceJudge } from '../device-verdict.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Output } from '../output.ts';
import { withMachine, type RemoteOptions } from '../remote-machine.ts';
import { deviceJson } from '../screen/device-json.ts';
import { deviceTable } from '../screen/device-table.ts';

interface Options extends RemoteOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** `exhibit devices ssh://user@host`: the same table, of the other machine's disks. Passive there, too. */
export async function remoteDevicesCommand(env: Env, text: string, options: Options): Promise<ExitCode> {
  if (sourceKind(text) !== 'ssh') throw noMachine(text);
  if (options.watch === true) throw noWatch();
  const output = new Output(env, options.json === true);
  const judge = await deviceJudge(env);
  const devices = await withMachine(env, text, options, async ({ ports }) => listDevices(ports));
  const judged = devices.map((device) => ({ device, verdict: judge.judge(device).verdict.name }));
  for (const fault of faultNotes(judge)) output.say(fault);
  output.result(
    { ok: true, exit: EXIT.done, devices: judged.map(deviceJson), notes: serialNotes(devices) },
    deviceTable(judged, env.terminal.columns),
  );
  return EXIT.done;
}

function noMachine(text: string): ExhibitError {
  const message = `${visible(text)} is no command of "exhibit devices", and no address of a machine.`;
  return new ExhibitError('usage', 'usage', message, {
    hint: 'One disk is told of by exhibit devices show DEV; the disks of another machine are listed by exhibit devices ssh://user@host',
  });
}

function noWatch(): ExhibitError {
  return new ExhibitError('usage', 'usage', 'Another machine can not be watched.', {
    hint: 'Leave --watch out, and list its disks again.',
  });
}
