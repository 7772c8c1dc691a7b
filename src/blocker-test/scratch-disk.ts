import { observeMachine } from '../discover/machine.ts';
import { findSource } from '../discover/source.ts';
import { onSystemDisk } from '../discover/system-disk.ts';
import { known, type Device, type Fact } from '../model/device.ts';
import { ExhibitError } from '../model/errors.ts';
import type { Finding, SourceFacts } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import { SMALLEST_DISK } from './layout.ts';
import { describeBytes } from '../model/size.ts';

/** A block device that somebody calls a scratch disk. Whether it may be written to is for the rules, and the marker. */
export interface ScratchDisk {
  readonly facts: Extract<SourceFacts, { kind: 'block' }>;
  readonly device: Device;
  readonly onSystemDisk: Fact<boolean>;
}

/** Looks at what stands at the path; passive. Throws as `findSource`, and `usage.not-a-device` for a plain file. */
export async function findScratchDisk(ports: Ports, path: string): Promise<ScratchDisk> {
  const facts = await findSource(ports, path);
  if (facts.kind === 'file') {
    throw new ExhibitError('usage', 'usage.not-a-device', `${visible(path)} is a plain file, not a disk.`, {
      hint: 'Name the scratch disk: "exhibit devices" lists the disks of this station.',
    });
  }
  const machine = await observeMachine(ports);
  const system = machine.mounts.known
    ? await onSystemDisk(ports, machine.mounts.value, machine.swaps, known(facts.device.disks))
    : machine.mounts;
  return { facts, device: facts.device, onSystemDisk: system };
}

/** What speaks against writing to the disk, whatever it carries. All of it at once; empty: nothing. */
export function diskRefusals({ device, onSystemDisk: system }: ScratchDisk): Finding[] {
  const path = visible(device.path);
  return [
    ...kindRefusals(device, path),
    ...useRefusals(device, path),
    ...(system.known && system.value
      ? [
          refusal(
            'disk.system',
            `${path} holds the running operating system.`,
            'Take another disk: nothing on the scratch disk survives.',
          ),
        ]
      : []),
    ...(device.size < SMALLEST_DISK
      ? [
          refusal(
            'disk.too-small',
            `${path} has ${describeBytes(device.size)}; a scratch disk needs ${describeBytes(SMALLEST_DISK)} or more.`,
            'Take a larger one.',
          ),
        ]
      : []),
  ];
}

/** What could not be looked at; said, not judged. */
export function diskDoubts({ device, onSystemDisk: system }: ScratchDisk): string[] {
  if (system.known) return [];
  return [
    `Whether ${visible(device.path)} holds the running operating system could not be looked up (${visible(system.why)}). Nothing on it is mounted or held.`,
  ];
}

export function refusal(code: string, message: string, hint: string): Finding {
  return { level: 'refusal', fault: 'guard', code, message, hint };
}

function kindRefusals(device: Device, path: string): Finding[] {
  const { kind, behind } = device;
  if (kind === 'loop') {
    if (behind.known && behind.value === null) return [];
    const shown = behind.known ? `shows ${visible(behind.value?.path ?? '')}` : `may show a disk`;
    return [
      refusal(
        'disk.kind',
        `${path} is a loop device that ${shown}.`,
        'Name the disk itself. A loop device in front of it would be tested as well, and could be what blocks.',
      ),
    ];
  }
  if (kind === 'disk') return [];
  const what = kind === 'partition' ? `a partition of ${visible(device.wholeDisk)}` : `no disk but ${article(kind)}`;
  return [refusal('disk.kind', `${path} is ${what}.`, 'Name a whole disk, as one can hold in a hand.')];
}

function article(kind: string): string {
  switch (kind) {
    case 'mapper':
    case 'raid':
      return `a ${kind} device`;
    case 'optical':
      return 'an optical drive';
    default:
      return 'a virtual device';
  }
}

function useRefusals({ uses }: Device, path: string): Finding[] {
  if (!uses.known) {
    return [
      refusal(
        'disk.use-unknown',
        `Whether somebody uses ${path} could not be looked up: ${visible(uses.why)}.`,
        'Run this as root, with /sys and /proc in sight.',
      ),
    ];
  }
  if (uses.value.length === 0) return [];
  const list = uses.value.map(({ device, by, kind }) => `${visible(device)} (${kind}: ${visible(by)})`).join(', ');
  return [
    refusal(
      'disk.in-use',
      `${path} is in use: ${list}.`,
      'Is it really the scratch disk? Then unmount it, and stop what holds it.',
    ),
  ];
}
