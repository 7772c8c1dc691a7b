import type { Fact } from '../model/device.ts';
import { groupDigits } from '../model/size.ts';
import type { LinkFacts, RemoteFacts, RemoteTool } from '../model/remote.ts';
import { placeOf } from '../model/remote-faults.ts';

/** One thing looked at on another machine; `doctor`'s form. */
export interface RemoteExamination {
  readonly what: string;
  readonly state: 'ok' | 'warning' | 'missing';
  readonly found: string;
  readonly advice: string | null;
}

/** An offset of clocks that is worth a warning, in milliseconds. */
const FAR_OFF_MS = 2000;

/** What reading disks over there can't do without, what it is better with, and what that costs. */
export function examineRemote(link: LinkFacts, facts: RemoteFacts, noise: string | null): RemoteExamination[] {
  return [
    ok('host key', `${link.hostKey.type} ${link.hostKey.fingerprint}, vouched for by ${link.judgedBy}`),
    ok(
      'connection',
      `${placeOf(link.address)} by ${link.transport}, let in by ${link.authentication ?? 'an unknown way'}`,
    ),
    fact('system', facts.system, 'warning', 'What it is can not be recorded.'),
    kernel(facts.kernel),
    rights(facts),
    dd(facts),
    sizes(facts.tools['blockdev'] ?? null),
    hashes(facts),
    helpful('lsblk', facts, 'Sizes are asked one way less, and file systems stay unnamed.'),
    needed('stat', facts),
    needed('readlink', facts),
    helpful('zstd', facts, 'A slow link can not be helped by compression at the source, or only by gzip.'),
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

function missing(what: string, found: string, advice: string): RemoteExamination {
  return { what, state: 'missing', found, advice };
}

function fact(what: string, value: Fact<string>, state: 'warning' | 'missing', advice: string): RemoteExamination {
  return value.known ? ok(what, value.value) : { what, state, found: `not known: ${value.why}`, advice };
}

function kernel(name: Fact<string>): RemoteExamination {
  if (name.known && name.value === 'Linux') return ok('kernel', name.value);
  const found = name.known ? name.value : `not known: ${name.why}`;
  return missing('kernel', found, 'Disks are found by what Linux tells in /sys.');
}

function rights({ rights: as, uid, sudo }: RemoteFacts): RemoteExamination {
  if (as === 'root') return ok('rights', 'root');
  const user = uid.known ? `user ${uid.value}` : 'a user that is not known';
  if (as === 'sudo') return ok('rights', `${user}, root by sudo -n`);
  const advice =
    'Reading disks takes root: log in as root, or allow this user sudo without a password, for every program, for the time being. dd alone is not enough.';
  return missing('rights', `${user}; sudo -n: ${sudo ?? 'not asked'}`, advice);
}

function dd({ tools, ddByBytes }: RemoteFacts): RemoteExamination {
  const tool = tools['dd'] ?? null;
  if (tool === null) return missing('dd', 'not there', 'Nothing else reads a disk in ranges.');
  if (ddByBytes.known && ddByBytes.value) return ok('dd', `${named(tool)}, takes ranges by bytes`);
  const found = `${named(tool)}, ${ddByBytes.known ? 'takes no ranges by bytes' : ddByBytes.why}`;
  return warning('dd', found, 'It is given whole blocks that fit; odd ends cost smaller reads.');
}

function sizes(tool: RemoteTool | null): RemoteExamination {
  if (tool !== null) return ok('blockdev', named(tool));
  return warning('blockdev', 'not there', 'The size of a disk is known from /sys alone.');
}

function hashes({ tools, devFd }: RemoteFacts): RemoteExamination {
  const tool = tools['sha256sum'] ?? tools['openssl'] ?? null;
  const advice = 'What was sent is not hashed at the source: the manifest says that nobody there told.';
  if (tool === null) return warning('hashes', 'neither sha256sum nor openssl is there', advice);
  if ((tools['tee'] ?? null) === null) return warning('hashes', 'tee is not there', advice);
  if (!devFd.known || !devFd.value)
    return warning('hashes', `/dev/fd can not be used${devFd.known ? '' : `: ${devFd.why}`}`, advice);
  return ok('hashes', `${named(tool)}, in the same read`);
}

function needed(name: string, { tools }: RemoteFacts): RemoteExamination {
  const tool = tools[name] ?? null;
  if (tool !== null) return ok(name, named(tool));
  return missing(name, 'not there', 'Without it a disk can not be told from another one. BusyBox has one.');
}

function helpful(name: string, { tools }: RemoteFacts, without: string): RemoteExamination {
  const tool = tools[name] ?? null;
  return tool === null ? warning(name, 'not there', without) : ok(name, named(tool));
}

function clock({ clock: told }: RemoteFacts): RemoteExamination {
  if (!told.known)
    return warning('clock', `not known: ${told.why}`, 'Times of the machine can not be compared with ours.');
  const { offset, roundTrip, step } = told.value;
  const found = `${offset >= 0 ? '+' : '-'}${groupDigits(Math.abs(offset))} ms against ours (round trip ${groupDigits(roundTrip)} ms)`;
  if (Math.abs(offset) <= FAR_OFF_MS + step + roundTrip) return ok('clock', found);
  return warning('clock', found, 'The offset stands in the manifest: correct times of its files and logs by it.');
}

function named({ path, kind, version }: RemoteTool): string {
  return `${path} (${version ?? kind})`;
}
