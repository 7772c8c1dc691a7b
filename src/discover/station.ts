import { known, unknown, type Fact } from '../model/device.ts';
import type { CommandResult } from '../system/run-command.ts';
import type { Ports } from '../system/ports.ts';

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

/** Each with how it is asked for its version. The last ones ask the disk itself, and may be missing. */
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
};
const PATIENCE = { timeoutMs: 10_000 };

/** Looks at the station. Never throws: what is not there is null or unknown. */
export async function observeStation(ports: Ports): Promise<StationFacts> {
  const { host } = ports;
  const [versions, ssh, clock] = await Promise.all([
    Promise.all(Object.entries(TOOLS).map(async ([tool, how]) => [tool, await versionOf(ports, tool, how)] as const)),
    sshVersion(ports),
    clockState(ports),
  ]);
  return {
    hostname: host.hostname,
    kernel: host.kernel,
    node: host.nodeVersion,
    uid: host.uid,
    sudoUser: host.env['SUDO_USER']?.trim() || null,
    tools: { ...Object.fromEntries(versions), 'ssh-keygen': ssh },
    clock,
  };
}

async function versionOf(ports: Ports, tool: string, how: string): Promise<string | null> {
  const result = await ports.commands.run([tool, how], PATIENCE);
  // sg_modes says it on standard error.
  return result.exit === 0 ? (firstLine(result.stdout) ?? firstLine(result.stderr)) : null;
}

/** ssh-keygen has no version switch; the ssh of the same package has, and speaks on standard error. */
async function sshVersion(ports: Ports): Promise<string | null> {
  if (ports.commands.which('ssh-keygen') === null) return null;
  const result = await ports.commands.run(['ssh', '-V'], PATIENCE);
  return result.exit === 0 ? (firstLine(result.stderr) ?? firstLine(result.stdout)) : null;
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

function firstLine(text: string): string | null {
  const line = text.split('\n', 1)[0]?.trim().toWellFormed() ?? '';
  return line === '' ? null : line;
}
