import type { Fact } from '../model/device.ts';
import type { Plan } from '../model/plan.ts';
import { unhashed, type RemoteFacts, type RemoteTool, type RemoteWays } from '../model/remote.ts';
import { placeOf } from '../model/remote-faults.ts';
import { groupDigits } from '../model/size.ts';
import { visible } from '../model/text.ts';

type Line = readonly [label: string, text: string];

/** The machine that the source is on, and how it is read there; of a source of this station nothing. */
export function machineLines({ source, request }: Pick<Plan, 'source' | 'request'>): Line[] {
  const { remote } = source;
  if (remote === undefined) return [];
  const { link, machine, ways } = remote;
  const frozen = request.remote?.frozen ?? null;
  return [
    ['address', `${placeOf(link.address)}${remote.here === true ? ', which is this very station' : ''}`],
    ['host key', visible(`${link.hostKey.type} ${link.hostKey.fingerprint}, vouched for by ${link.judgedBy}`)],
    ['connection', visible(`${link.transport}, ${link.cipher ?? 'cipher not told'}`)],
    ['logged in by', visible(link.authentication ?? 'not told')],
    ['rights', rightsText(machine)],
    ['system', told(machine.system)],
    ['name', told(machine.hostname)],
    ['boot id', told(machine.bootId)],
    ['clock', clockText(machine)],
    ['tools', toolsText(machine)],
    ['disk is', frozen === null ? 'live: it may change while it is read' : 'said not to change'],
    [
      'reads',
      `by ${ways.program}, ${ways.direct ? 'past its page cache' : 'through its page cache'}, ${channels(ways.connections)}`,
    ],
    ['hashed there', hashedText(ways)],
  ];
}

function rightsText({ rights, uid }: RemoteFacts): string {
  const user = uid.known ? `user ${uid.value}` : 'user not known';
  const by = { root: 'root', sudo: `${user}, root by sudo -n`, nobody: `${user}, no root` } as const;
  return by[rights];
}

function clockText({ clock }: RemoteFacts): string {
  if (!clock.known) return told(clock);
  const { offset, roundTrip } = clock.value;
  const sign = offset < 0 ? 'behind' : 'ahead of';
  return `${groupDigits(Math.abs(offset))} ms ${sign} ours (round trip ${groupDigits(roundTrip)} ms)`;
}

/** Those that read and hash, as they name themselves. */
function toolsText({ tools }: RemoteFacts): string {
  const named = ([name, tool]: readonly [string, RemoteTool | null]): string =>
    tool === null ? `no ${name}` : `${name} (${tool.kind})`;
  const matter = ['dd', 'blockdev', 'lsblk', 'python3', 'sha256sum', 'openssl', 'nice', 'ionice'] as const;
  return visible(matter.map((name) => named([name, tools[name] ?? null])).join(', '));
}

function hashedText(ways: RemoteWays): string {
  const none = unhashed(ways);
  if (none === 'all') return 'no: nothing there hashes what is sent';
  if (none === 'packed') return 'yes, by python3, but for what is packed';
  return `yes, by ${ways.program === 'python3' ? ways.program : (ways.hash ?? '')}`;
}

function channels(count: number): string {
  return count === 1 ? 'on one channel' : `on ${count} channels`;
}

function told(value: Fact<unknown>): string {
  return value.known ? visible(String(value.value)) : `unknown: ${visible(value.why)}`;
}
