import { probesSection } from '../../acquire/guard-section.ts';
import { faultNotes } from '../../catalog/hardware.ts';
import { requireSourceOptions } from '../../catalog/source-options.ts';
import { listDevices } from '../../discover/devices.ts';
import { findNamed } from '../../discover/named-device.ts';
import { type Device, type Fact, valueOf } from '../../model/device.ts';
import type { HardwareEntry } from '../../model/hardware.ts';
import type { ProbeFacts } from '../../model/probe.ts';
import { notesOn } from '../../model/serial.ts';
import { probe } from '../../probe/probe.ts';
import { deviceJudge } from '../device-verdict.ts';
import type { Env } from '../env.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { Output } from '../output.ts';
import type { RemoteOptions } from '../remote-machine.ts';
import { deviceDetails } from '../screen/device-details.ts';
import { deviceJson } from '../screen/device-json.ts';

export interface ShowOptions extends RemoteOptions {
  readonly json?: boolean;
  /** False: `--no-probe`. */
  readonly probe?: boolean;
  readonly vendorQuery?: boolean;
}

/** `exhibit devices show DEV`: everything that is known of one device, with the place that says so, and what it answers. */
export async function devicesShowCommand(env: Env, name: string, options: ShowOptions): Promise<ExitCode> {
  requireSourceOptions('here', options);
  const output = new Output(env, options.json === true);
  const named = await findNamed(env.ports, name);
  const { given, path, realPath, device, evidence } = named;
  const judge = await deviceJudge(env);
  for (const fault of faultNotes(judge)) output.say(fault);
  const asked = await ask(env, device, options);
  const { facts, verdict } = judge.judge(device, asked);
  const answers = probesSection(asked);
  const notes = notesOn(device, await listDevices(env.ports));
  output.result(
    {
      ok: true,
      exit: EXIT.done,
      given,
      path,
      resolved: realPath,
      device: deviceJson({ device, verdict: verdict.name }),
      evidence,
      verdict,
      hardware: valueOf(facts.hardware),
      attested: valueOf(facts.attested),
      declared: valueOf(facts.declared),
      vendorAnswer: valueOf(facts.vendor),
      probe: answers,
      notes,
    },
    deviceDetails({
      ...named,
      verdict,
      notes,
      hardware: [entryWords('shipped data', facts.hardware), entryWords("lab's data", facts.attested)],
      probes: answers,
    }),
  );
  return EXIT.done;
}

function ask(env: Env, device: Device, options: ShowOptions): Promise<ProbeFacts> {
  const { chain } = device;
  return probe(env.ports, device, {
    probe: options.probe !== false,
    chain,
    vendorQuery: options.vendorQuery === true,
  });
}

function entryWords(where: string, fact: Fact<HardwareEntry | null>): string {
  if (!fact.known) return `${where}: unknown: ${fact.why}`;
  const entry = fact.value;
  if (entry === null) return `${where}: no entry for what it hangs on`;
  const what = entry.role === 'write-blocker' ? 'write blocker' : 'bridge';
  return `${where}: ${entry.make} ${entry.model}, ${what}, blocks writes: ${entry.blocks} (${entry.file}, ${entry.id})`;
}
