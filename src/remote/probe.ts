import { unknown, valueOf } from '../model/device.ts';
import type { RemoteFacts, RemoteRequest, RemoteTool, Rights } from '../model/remote.ts';
import type { Clock } from '../system/clock.ts';
import { PYTHON_GIVEN, TRY_PYTHON } from './python-program.ts';
import {
  BYTES_GIVEN,
  clockOf,
  DATE,
  DEV_FD_GIVEN,
  gives,
  hashes,
  lineOf,
  numberOf,
  TRY_BYTES,
  TRY_DEV_FD,
  TRY_HASH,
} from './questions.ts';
import { howItEnded, inC, type RemoteResult, type RemoteShell } from './shell.ts';
import { ASK, FIND, parseFound, parseSaid, TOOLS, toolOf } from './tools.ts';

/** Channels at a time: servers allow ten by default (MaxSessions). */
const AT_ONCE = 4;
/** Where disk tools lie; a shell that was not logged into may not look there. */
const SBIN = 'PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; export PATH;';

/** A script that finds tools in the sbin folders too, and its arguments. */
export function script(text: string, ...args: readonly string[]): string[] {
  return ['sh', '-c', `${SBIN} ${text}`, 'sh', ...args];
}

/** Whoever works on that machine comes first: below everybody else, where there are the programs for it. */
const GENTLY = [
  'n=; if nice -n 10 true 2>/dev/null; then n="nice -n 10"; fi;',
  'if ionice -c 2 -n 7 true 2>/dev/null; then n="$n ionice -c 2 -n 7"; fi; exec $n "$@"',
].join(' ');

/** A command that gives way to all others. */
export function gently(argv: readonly string[]): string[] {
  return ['sh', '-c', GENTLY, 'sh', ...argv];
}

/** A command as root, where that takes sudo: it asks for no password, it fails. It drops the environment: the language is set behind it. */
export function asRoot(rights: Rights, argv: readonly string[]): readonly string[] {
  return rights === 'sudo' ? ['sudo', '-n', ...inC(argv)] : argv;
}

/** Runs a script as whoever reads the disk there. */
type Try = (text: string, ...args: readonly string[]) => Promise<RemoteResult>;

/**
 * Asks a machine what it is. Nothing is read from its disks, nothing is written there. Rejects only with the link.
 * @param program `dd`: nothing of ours is run by an interpreter of the target, not for a try either
 */
export async function probeRemote(
  shell: RemoteShell,
  clock: Clock,
  program: RemoteRequest['program'] = 'auto',
): Promise<RemoteFacts> {
  const line = async (...argv: string[]) => lineOf(await shell.run(argv));
  const uid = numberOf(await shell.run(['id', '-u']));
  const { rights, sudo } = await rightsOf(shell, valueOf(uid));
  // By itself: what runs beside it would lengthen the way.
  const its = await askClock(shell, clock);
  // As whoever will run it: sudo looks for programs in places of its own (secure_path).
  const asReader: Try = (text, ...args) => shell.run(asRoot(rights, script(text, ...args)));
  const [tools, ddByBytes, hashTools, python, devFd, hostname, system, kernel, bootId] = await inTurn([
    () => askTools(asReader),
    async () => gives(await asReader(TRY_BYTES), BYTES_GIVEN),
    () => tryHashes(asReader),
    async () =>
      program === 'dd'
        ? unknown('not tried: dd was asked for (--remote-reader)')
        : gives(await asReader(TRY_PYTHON), PYTHON_GIVEN),
    async () => gives(await asReader(TRY_DEV_FD), DEV_FD_GIVEN),
    () => line('hostname'),
    () => line('uname', '-srvm'),
    () => line('uname', '-s'),
    () => line('cat', '/proc/sys/kernel/random/boot_id'),
  ]);
  const told = { hostname, system, kernel, uid, bootId, clock: its };
  return { ...told, rights, sudo, tools, ddByBytes, hashTools, python, devFd };
}

async function rightsOf(shell: RemoteShell, uid: number | null): Promise<{ rights: Rights; sudo: string | null }> {
  if (uid === 0) return { rights: 'root', sudo: null };
  const answer = await shell.run(asRoot('sudo', ['true']));
  return { rights: answer.exit === 0 ? 'sudo' : 'nobody', sudo: howItEnded(answer) };
}

async function askClock(shell: RemoteShell, clock: Clock): Promise<RemoteFacts['clock']> {
  const before = clock.wallMs();
  const result = await shell.run(DATE);
  return clockOf(result, { before, after: clock.wallMs() });
}

/** With SHA instructions openssl takes a quarter of the time: the sha256sum of most systems knows none. */
async function tryHashes(asReader: Try): Promise<RemoteFacts['hashTools']> {
  const working: ('openssl' | 'sha256sum')[] = [];
  for (const tool of ['openssl', 'sha256sum'] as const) if (hashes(await asReader(TRY_HASH[tool]))) working.push(tool);
  return working;
}

async function askTools(asReader: Try): Promise<RemoteFacts['tools']> {
  const names = Object.keys(TOOLS);
  const found = parseFound(names, (await asReader(FIND, ...names)).stdout.toString('utf8'));
  const there = names.filter((name) => found.has(name));
  const pairs = there.flatMap((name) => [found.get(name)?.path ?? '', TOOLS[name] ?? '--version']);
  const said = parseSaid(there.length, (await asReader(ASK, ...pairs)).stdout.toString('utf8'));
  const tools = Object.fromEntries(names.map((name): [string, RemoteTool | null] => [name, null]));
  for (const [index, name] of there.entries()) {
    const place = found.get(name);
    if (place !== undefined) tools[name] = toolOf(place, said[index] ?? '');
  }
  return tools;
}

/** Runs a few at a time; the results in the order of the tasks. */
async function inTurn<const T extends readonly (() => Promise<unknown>)[]>(
  tasks: T,
): Promise<{ -readonly [K in keyof T]: Awaited<ReturnType<T[K]>> }> {
  const results: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < tasks.length; index = next++) results[index] = await tasks[index]?.();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results as { -readonly [K in keyof T]: Awaited<ReturnType<T[K]>> };
}
