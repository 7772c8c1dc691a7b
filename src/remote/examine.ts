import type { Fact } from '../model/device.ts';
import { groupDigits } from '../model/size.ts';
import { unhashed, type LinkFacts, type RemoteFacts, type RemoteWays } from '../model/remote.ts';
import { placeOf } from '../model/remote-faults.ts';
import { isFarOff, lacksOf, type Lack } from '../model/remote-fitness.ts';

/** One thing looked at on another machine; `doctor`'s form. */
export interface RemoteExamination {
  readonly what: string;
  readonly state: 'ok' | 'warning' | 'missing';
  readonly found: string;
  readonly advice: string | null;
}

/**
 * What reading disks over there can't do without, what it is better with, and what that costs. Pure.
 * @param ways how a disk would be read there
 * @param noise what start-up files printed; null: nothing
 */
export function examineRemote(
  link: LinkFacts,
  facts: RemoteFacts,
  ways: RemoteWays,
  noise: string | null,
): RemoteExamination[] {
  const lacks = lacksOf(facts);
  const needed = (what: string, there: () => RemoteExamination): RemoteExamination => {
    const lack = lacks.find((each) => each.what === what);
    return lack === undefined ? there() : missing(lack);
  };
  return [
    ok('host key', `${link.hostKey.type} ${link.hostKey.fingerprint}, vouched for by ${link.judgedBy}`),
    ok(
      'connection',
      `${placeOf(link.address)} by ${link.transport}, let in by ${link.authentication ?? 'an unknown way'}`,
    ),
    fact('system', facts.system, 'warning', 'What it is can not be recorded.'),
    needed('kernel', () => ok('kernel', 'Linux')),
    needed('rights', () => rights(facts)),
    needed('dd', () => dd(facts)),
    helpful('blockdev', facts, 'The size of a disk is known from /sys alone.'),
    hashes(facts, ways),
    packing(facts, ways),
    helpful('lsblk', facts, 'Sizes are asked one way less, and file systems stay unnamed.'),
    needed('stat', () => helpful('stat', facts, '')),
    needed('readlink', () => helpful('readlink', facts, '')),
    sending(facts),
    helpful('nice', facts, 'Reading takes as much of its processors as anybody.'),
    helpful('ionice', facts, 'Reading weighs fully on the disks of the machine.'),
    fact(
      'boot id',
      facts.bootId,
      'warning',
      'A restart in the middle of a reading can not be told from a dropped link.',
    ),
    clock(facts),
    ...(noise === null
      ? []
      : [warning('login shell', `prints before anything runs: ${noise}`, 'It is kept out of what is read.')]),
  ];
}

function ok(what: string, found: string): RemoteExamination {
  return { what, state: 'ok', found, advice: null };
}

function warning(what: string, found: string, advice: string): RemoteExamination {
  return { what, state: 'warning', found, advice };
}

function missing({ what, found, hint }: Lack): RemoteExamination {
  return { what, state: 'missing', found, advice: hint };
}

function fact(what: string, value: Fact<string>, state: 'warning' | 'missing', advice: string): RemoteExamination {
  return value.known ? ok(what, value.value) : { what, state, found: `not known: ${value.why}`, advice };
}

function rights({ rights: as, uid }: RemoteFacts): RemoteExamination {
  if (as === 'root') return ok('rights', 'root');
  return ok('rights', `${uid.known ? `user ${uid.value}` : 'a user that is not known'}, root by sudo -n`);
}

function dd({ tools, ddByBytes }: RemoteFacts): RemoteExamination {
  if (ddByBytes.known && ddByBytes.value) return ok('dd', `${named('dd', tools)}, takes ranges by bytes`);
  const found = `${named('dd', tools)}, ${ddByBytes.known ? 'takes no ranges by bytes' : ddByBytes.why}`;
  return warning('dd', found, 'It is given whole blocks that fit; odd ends cost smaller reads.');
}

function hashes({ tools, devFd }: RemoteFacts, ways: RemoteWays): RemoteExamination {
  const { program, hash } = ways;
  const left = unhashed(ways);
  if (program === 'python3' && left !== 'all') {
    const found = `${named(program, tools)}, which reads and sends as well`;
    if (left === 'nothing') return ok('hashes', found);
    return warning('hashes', `${found}; nothing hashes what is packed`, '--compress none has all of it hashed.');
  }
  if (hash !== null) return ok('hashes', `${named(hash, tools)}, in the same read`);
  const advice = 'What was sent is not hashed at the source: the manifest says that nobody there told.';
  const none = (['sha256sum', 'openssl'] as const).every((name) => (tools[name] ?? null) === null);
  if (none) return warning('hashes', 'neither sha256sum nor openssl is there', advice);
  return warning('hashes', pipesFault(tools, devFd), advice);
}

function packing({ tools, devFd }: RemoteFacts, { modes }: RemoteWays): RemoteExamination {
  const packer = modes.find((mode) => mode !== 'none');
  const has = (name: string): boolean => (tools[name] ?? null) !== null;
  if (packer === 'zstd') return ok('packing', named(packer, tools));
  if (packer === 'gzip') {
    const why = has('zstd') ? 'zstd is there, and can not be unpacked by this station' : 'zstd is not there';
    return warning('packing', `${named(packer, tools)}; ${why}`, 'gzip helps on slower links alone.');
  }
  const advice = 'A slow link can not be helped by packing at the source.';
  if (!has('zstd') && !has('gzip')) return warning('packing', 'neither zstd nor gzip is there', advice);
  if (!has('wc')) return warning('packing', 'wc is not there', advice);
  return warning('packing', pipesFault(tools, devFd), advice);
}

/** What could send a disk to a port of ours, should nobody be let in there. */
function sending({ tools }: RemoteFacts): RemoteExamination {
  const there = ['openssl', 'nc'].filter((name) => (tools[name] ?? null) !== null);
  if (there.length > 0)
    return ok('listen://', `could be sent by ${there.map((name) => named(name, tools)).join(', ')}`);
  return warning('listen://', 'neither openssl nor nc is there', 'Only a bash could send a disk, and that in plain.');
}

/** Why what is sent can't go two ways at once. */
function pipesFault(tools: RemoteFacts['tools'], devFd: Fact<boolean>): string {
  if ((tools['tee'] ?? null) === null) return 'tee is not there';
  if (devFd.known && devFd.value) return 'what is there does not do what is asked of it';
  return `/dev/fd can not be used${devFd.known ? '' : `: ${devFd.why}`}`;
}

function helpful(name: string, { tools }: RemoteFacts, without: string): RemoteExamination {
  return (tools[name] ?? null) === null ? warning(name, 'not there', without) : ok(name, named(name, tools));
}

function clock({ clock: told }: RemoteFacts): RemoteExamination {
  if (!told.known)
    return warning('clock', `not known: ${told.why}`, 'Times of the machine can not be compared with ours.');
  const { offset, roundTrip } = told.value;
  const found = `${offset >= 0 ? '+' : '-'}${groupDigits(Math.abs(offset))} ms against ours (round trip ${groupDigits(roundTrip)} ms)`;
  if (!isFarOff(told.value)) return ok('clock', found);
  return warning('clock', found, 'The offset stands in the manifest: correct times of its files and logs by it.');
}

/** Where a tool is, and what it says it is. */
function named(name: string, tools: RemoteFacts['tools']): string {
  const tool = tools[name] ?? null;
  return tool === null ? `${name}: not there` : `${tool.path} (${tool.version ?? tool.kind})`;
}
