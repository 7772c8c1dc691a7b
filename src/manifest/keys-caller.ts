import { join } from 'node:path';
import { ExhibitError } from '../model/errors.ts';
import { known, unknown, type Fact } from '../model/device.ts';
import type { Ports } from '../system/ports.ts';
import { requireTool } from './sign-tool.ts';

/** The person whose key signs: whoever called us, also through sudo. */
export interface Caller {
  readonly uid: number;
  /** Null where it is not needed: we are that person. */
  readonly gid: number | null;
  /** True when we run as root for somebody else, by sudo. */
  readonly viaSudo: boolean;
  readonly home: string;
  /** `$XDG_CONFIG_HOME` or `~/.config` of that person. */
  readonly configFolder: string;
  /** `$XDG_STATE_HOME` or `~/.local/state` of that person. */
  readonly stateFolder: string;
}

/** Finds the caller. Under sudo the home is taken from the user database, never from `HOME`, which may be root's. */
export async function findCaller(ports: Ports): Promise<Caller> {
  const { env, uid } = ports.host;
  const sudoUid = sudoCaller(ports);
  if (sudoUid === null) {
    const home = isAbsolute(env['HOME']) ? env['HOME'] : (await userEntry(ports, uid)).home;
    const [config, state] = [env['XDG_CONFIG_HOME'], env['XDG_STATE_HOME']];
    return { uid, gid: null, viaSudo: false, home, ...foldersBelow(home, config, state) };
  }
  const { home, gid } = await userEntry(ports, sudoUid);
  const config = await callerVariable(ports, sudoUid, 'XDG_CONFIG_HOME');
  const state = await callerVariable(ports, sudoUid, 'XDG_STATE_HOME');
  return { uid: sudoUid, gid, viaSudo: true, home, ...foldersBelow(home, config, state) };
}

/**
 * The socket of the caller's ssh-agent. sudo takes SSH_AUTH_SOCK out of the environment, so it is looked for in the
 * environment of our ancestors that belong to the caller; only a socket that belongs to the caller counts.
 */
export async function callerAgentSocket(ports: Ports): Promise<Fact<string>> {
  const own = ports.host.env['SSH_AUTH_SOCK'];
  if (own !== undefined && own !== '') return known(own);
  const sudoUid = sudoCaller(ports);
  if (sudoUid === null) return unknown('SSH_AUTH_SOCK is not set');
  const path = await callerVariable(ports, sudoUid, 'SSH_AUTH_SOCK');
  if (path === null) return unknown('SSH_AUTH_SOCK is not set, neither here nor in the session that called sudo');
  const stat = await ports.files.statOrNull(path).catch(() => null);
  return stat?.isSocket() === true && stat.uid === sudoUid
    ? known(path)
    : unknown("the SSH_AUTH_SOCK of the session that called sudo is not a socket of that session's user");
}

/** What to put before a command so that it runs as the caller; nothing where we are that person. */
export async function asCaller(ports: Ports): Promise<string[]> {
  const caller = await findCaller(ports);
  if (!caller.viaSudo || caller.gid === null) return [];
  requireTool(ports, 'setpriv');
  return [
    'setpriv',
    '--reuid',
    String(caller.uid),
    '--regid',
    String(caller.gid),
    '--clear-groups',
    '--inh-caps=-all',
    '--',
  ];
}

/** How a program runs as the caller, with what it looks for in that person's environment; empty where we are that person. */
export async function callerProgram(ports: Ports): Promise<{
  readonly as: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}> {
  const { viaSudo, uid, home } = await findCaller(ports);
  if (!viaSudo) return { as: [], env: {} };
  const user = ports.host.env['SUDO_USER'] ?? '';
  // Where a Kerberos ticket is, when it is not where it usually is.
  const ticket = await callerVariable(ports, uid, 'KRB5CCNAME');
  const env = { HOME: home, USER: user, LOGNAME: user, ...(ticket === null ? {} : { KRB5CCNAME: ticket }) };
  // Another user's program outlives us unless it is told again: the kernel forgets with the change of user.
  return { as: [...(await asCaller(ports)).slice(0, -1), '--pdeathsig', 'KILL', '--'], env };
}

/** User id of the person behind sudo, or null when there is nobody else. */
function sudoCaller(ports: Ports): number | null {
  const { env, uid } = ports.host;
  const sudoUid = env['SUDO_UID'] ?? '';
  if (uid !== 0 || (env['SUDO_USER'] ?? '') === '' || !/^[0-9]{1,10}$/.test(sudoUid)) return null;
  return Number(sudoUid) === 0 ? null : Number(sudoUid);
}

/** A variable of the nearest ancestor process that runs as `uid` and has it. Null: not found, or /proc does not tell. */
async function callerVariable(ports: Ports, uid: number, name: string): Promise<string | null> {
  for (let pid = ports.host.pid, steps = 0; pid > 1 && steps < 64; steps += 1) {
    const folder = join(`${ports.root}/proc`, String(pid));
    const status = await ports.files.readText(join(folder, 'status')).catch(() => '');
    const [real, effective] = (/^Uid:\s+(\d+)\s+(\d+)/m.exec(status) ?? []).slice(1).map(Number);
    if (real === uid && effective === uid) {
      const environment = await ports.files.readText(join(folder, 'environ')).catch(() => '');
      const entry = environment.split('\0').find((item) => item.startsWith(`${name}=`));
      if (entry !== undefined && entry.length > name.length + 1) return entry.slice(name.length + 1);
    }
    pid = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  }
  return null;
}

/** passwd(5): `name:password:uid:gid:gecos:home:shell`. */
async function userEntry(ports: Ports, uid: number): Promise<{ gid: number; home: string }> {
  const result = await ports.commands.run(['getent', 'passwd', String(uid)], { timeoutMs: 10_000 });
  const fields = result.stdout.trim().split(':');
  const [home, gid] = [fields[5], Number(fields[3])];
  if (result.exit === 0 && isAbsolute(home) && Number.isSafeInteger(gid)) return { gid, home };
  throw new ExhibitError('usage', 'keys.no-home', `The home folder of user ${uid} is not known.`, {
    hint: 'Say where the key is: --key FILE.',
  });
}

/** The XDG specification: a path that is not absolute is ignored. */
function foldersBelow(
  home: string,
  config: string | null | undefined,
  state: string | null | undefined,
): Pick<Caller, 'configFolder' | 'stateFolder'> {
  return {
    configFolder: isAbsolute(config) ? config : join(home, '.config'),
    stateFolder: isAbsolute(state) ? state : join(home, '.local/state'),
  };
}

function isAbsolute(path: string | null | undefined): path is string {
  return path?.startsWith('/') === true;
}
