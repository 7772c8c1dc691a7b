import assert from 'node:assert/strict';
import { type Device } from '../../src/model/device.ts';
import type { ProbeFacts } from '../../src/model/probe.ts';
import type { Answer } from '../../src/probe/ask.ts';
import { parseRequest } from '../../src/probe/look-protocol.ts';
import { probe, type ProbeOptions } from '../../src/probe/probe.ts';
import { systemFiles, type Files } from '../../src/system/files.ts';
import type { CommandResult, Commands, RunOptions } from '../../src/system/run-command.ts';
import { testPorts } from '../support/ports.ts';
import { capture, said } from './captures.ts';
import { chain, disk } from './disks.ts';

export type Script = Readonly<Record<string, Answer | 'missing' | 'hang' | 'timeout'>>;

export const SMART = 'smartctl --json --info --health';
export const MODES = 'sg_modes --maxlen=192';
export const QUERY = 'sg_raw --readonly --timeout=10 --request=152 /dev/sdb ec 00 00 00 98 00';
export const NO_TABLE = { 'sfdisk --json /dev/sdb': capture('sfdisk-none') };

/** A SATA disk on its own port, and what a disk behind a bridge that passes nothing on says. */
export const SATA: Script = {
  ...NO_TABLE,
  [`${SMART} /dev/sdb`]: capture('smartctl-sata'),
  'hdparm -N /dev/sdb': capture('hpa-sata'),
  'hdparm --dco-identify /dev/sdb': capture('dco-sata-refused'),
  [`${MODES} /dev/sdb`]: capture('modes-sata'),
};
export const BRIDGE: Script = {
  ...NO_TABLE,
  [`${SMART} /dev/sdb`]: capture('smartctl-usb-not-in-list'),
  [`${SMART} --device=sat /dev/sdb`]: capture('smartctl-usb-no-ata-behind'),
  [`${MODES} /dev/sdb`]: capture('modes-gadget-protected'),
};

/** What the program that looks for signs would answer for a byte of the device; '-' is no sign. */
export type Bytes = (position: number) => string;

const zeros: Bytes = () => '-';

/** Answers what the script has; anything else that is run is a failure of the test. */
function scripted(script: Script, bytes: Bytes, seen: RunOptions[]): Commands {
  return {
    which: () => null,
    run(argv, options = {}) {
      seen.push(options);
      const line = argv.join(' ');
      const looking = argv[1]?.endsWith('/look-child.js') === true;
      const answer = script[looking ? 'look' : line] ?? (looking ? looked(options, bytes) : undefined);
      assert.ok(answer !== undefined, `not in the script: ${line}`);
      if (answer === 'hang') return new Promise<CommandResult>(() => undefined);
      const ended = typeof answer === 'string' ? { exit: null, stdout: '', stderr: '' } : answer;
      const failure = typeof answer === 'string' ? answer : null;
      return Promise.resolve({
        argv,
        exit: ended.exit,
        signal: null,
        stdout: ended.stdout,
        stderr: ended.stderr,
        failure,
      });
    },
    stream: () => assert.fail('nothing is streamed'),
    streamBulk: () => assert.fail('nothing is streamed'),
  };
}

function looked({ input }: RunOptions, bytes: Bytes): Answer {
  assert.ok(typeof input === 'string');
  const words = parseRequest(input).map(({ start, offset }) => bytes(start + offset));
  return said(words.map((word) => `${word}\n`).join(''), words.some((word) => word.startsWith('!')) ? 1 : 0);
}

/** Opens nothing: this process must not wait for a dying disk. */
export const CLOSED: Files = { ...systemFiles, open: () => assert.fail('a device was opened in this process') };

export interface World {
  readonly bytes?: Bytes;
  readonly files?: Files;
  readonly seen?: RunOptions[];
}

/** Probes a disk of the station that the script makes up. */
export async function probed(
  script: Script,
  options: Partial<ProbeOptions> = {},
  device: Device = disk(),
  { bytes = zeros, files = CLOSED, seen = [] }: World = {},
): Promise<ProbeFacts> {
  const all: ProbeOptions = { probe: true, chain: chain('sata'), vendorQuery: false, ...options };
  return probe(testPorts({ commands: scripted(script, bytes, seen), files }), device, all);
}

/** The questions that were put, each as a line. */
export const ran = ({ runs }: ProbeFacts): string[] => runs.map(({ argv }) => argv.join(' '));

/** Why a fact is not known; fails when it is. */
export function why(
  facts: ProbeFacts,
  key: 'own' | 'healthy' | 'hpa' | 'dco' | 'declared' | 'vendor' | 'partitionTable' | 'encryption',
): string {
  const fact = facts[key];
  assert.ok(!fact.known, `${key} is ${JSON.stringify(fact)}`);
  return fact.why;
}
