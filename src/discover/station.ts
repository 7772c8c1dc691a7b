import { known, unknown, type Fact } from '../model/device.ts';
import type { CommandResult } from '../system/run-command.ts';
import type { Ports } from '../system/ports.ts';
import { firstLine, versionsOf } from './tool-versions.ts';

/** The machine that images, as the manifest's `station` wants it. */
export interface StationFacts {
  readonly hostname: string;
  readonly kernel: string;
  /** Node's version. */
  readonly node: string;
  readonly uid: number;
  /** The person behind sudo, when there is one. */
  readonly sudoUser: string | null;
  /** Tool → first line of what it says of its version; null: not installed, or it says nothing. */
  readonly tools: Readonly<Record<string, string | null>>;
  readonly clock: {
    readonly synchronised: Fact<boolean>;
    /** Who said so. */
    readonly seenBy: string;
  };
}

/** Each with how it is asked for its version. The last ones but one ask the disk itself, and may be missing. */
const TOOLS: Readonly<Record<string, string>> = {
  dd: '--version',
  lsblk: '--version',
  blockdev: '--version',
  flock: '--version',
  setpriv: '--version',
  fincore: '--version',
  losetup: '--version',
  smartctl: '--version',
  hdparm: '-V',
  sg_modes: '--version',
  nvme: 'version',
  sfdisk: '--version',
  'ssh-keygen': '-V',
};
/** ssh-keygen has no version switch; the ssh of the same package has. */
const ASKED_FOR: Readonly<Record<string, string>> = { 'ssh-keygen': 'ssh' };
const PATIENCE = { timeoutMs: 10_000 };

/** Looks at the station. Never throws: what is not there is null or unknown. */
export async function observeStation(ports: Ports): Promise<StationFacts> {
  const { host } = ports;
  const [tools, clock] = await Promise.all([toolVersions(ports), clockState(ports)]);
  return {
    hostname: host.hostname,
    kernel: host.kernel,
    node: host.nodeVersion,
    uid: host.uid,
    sudoUser: host.env['SUDO_USER']?.trim() || null,
    tools,
    clock,
  };
}

async function toolVersions({ commands }: Ports): Promise<StationFacts['tools']> {
  const there = Object.keys(TOOLS).filter((tool) => commands.which(tool) !== null);
  const questions = there.map((tool) => [ASKED_FOR[tool] ?? tool, TOOLS[tool] ?? ''] as const);
  const versions = await versionsOf(commands, questions);
  const nothing = Object.keys(TOOLS).map((tool) => [tool, null] as const);
  return Object.fromEntries([...nothing, ...there.map((tool, n) => [tool, versions[n] ?? null] as const)]);
}

/** Whether the wall clock follows a time server: asked of systemd first, then of chrony. */
async function clockState(ports: Ports): Promise<StationFacts['clock']> {
  const systemd = await ports.commands.run(['timedatectl', 'show', '-p', 'NTPSynchronized', '--value'], PATIENCE);
  const answer = systemd.exit === 0 ? systemd.stdout.trim() : '';
  // A "no" of systemd is the kernel's own flag (STA_UNSYNC) and holds whoever steers the clock.
  if (answer === 'yes' || answer === 'no') return { synchronised: known(answer === 'yes'), seenBy: 'timedatectl' };
  const chrony = await ports.commands.run(['chronyc', '-n', 'tracking'], PATIENCE);
  const leap = /^Leap status\s*:\s*(.+?)\s*$/m.exec(chrony.stdout)?.[1];
  if (chrony.exit === 0 && leap !== undefined) {
    return { synchronised: known(leap !== 'Not synchronised'), seenBy: 'chronyc' };
  }
  const why = `${reason('timedatectl', systemd)}; ${reason('chronyc', chrony)}`;
  return { synchronised: unknown(why), seenBy: 'nobody' };
}

function reason(tool: string, result: CommandResult): string {
  if (result.failure === 'missing') return `${tool} is not installed`;
  return `${tool}: ${firstLine(result.stderr) ?? result.failure ?? 'no answer'}`;
}
