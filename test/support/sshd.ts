import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fingerprintOf } from '../../src/remote/fingerprint.ts';
import { sh } from './loop.ts';
import { atEnd, tempFolder } from './temp.ts';
import { until } from './children.ts';

const SSHD = '/usr/sbin/sshd';

/** OpenSSH's own server on loopback, with keys and a configuration of its own, for root with a key. */
export interface Sshd {
  readonly folder: string;
  readonly port: number;
  /** `root@ADDRESS:PORT`, to be put behind `ssh://`. */
  readonly place: string;
  /** A private key that lets root in. */
  readonly identity: string;
  /** A home whose known_hosts holds this server's key. */
  readonly home: string;
  /** Of its host key. */
  readonly fingerprint: string;
  /** The line of known_hosts. */
  readonly knownLine: string;
  /** What it has logged. */
  log(): string;
  /** Kills the server and everybody who is logged in: the link breaks. */
  kill(): Promise<void>;
}

export interface SshdOptions {
  /** More lines for sshd_config. */
  readonly config?: readonly string[];
  /** Environment of whatever is run there; PATH too. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it is started by; {@link realm}. */
  readonly inside?: readonly string[];
  /** Whoever logs in is at home where the station says, with start-up files and all; root's may take longer than a test. */
  readonly ownHomes?: boolean;
  /** Where it listens; loopback where it is not said. */
  readonly address?: string;
  /** Shell lines that run first, in a mount namespace of the server's own: what they mount is seen by nobody else. */
  readonly mounts?: string;
  /** Where its folder is made; where temporary files are, if it is not said. */
  readonly parent?: string;
}

export function hasSshd(): boolean {
  return process.getuid?.() === 0 && existsSync(SSHD);
}

/** True, and the test skipped aloud, where OpenSSH's server can't be started. */
export function lacksSshd(t: TestContext): boolean {
  const why = process.getuid?.() !== 0 ? 'needs root' : existsSync(SSHD) ? null : 'needs sshd (openssh-server)';
  if (why !== null) t.skip(why);
  return why !== null;
}

export async function startSshd(t: TestContext, options: SshdOptions = {}): Promise<Sshd> {
  const folder = tempFolder(t, options.parent);
  // Where sshd separates its privileges; its own service would make it.
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const [hostKey, identity] = [join(folder, 'host_key'), join(folder, 'identity')];
  for (const path of [hostKey, identity]) sh('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', path);
  const authorized = join(folder, 'authorized_keys');
  writeFileSync(authorized, readFileSync(`${identity}.pub`));
  const port = await freePort();
  const host = options.address ?? '127.0.0.1';
  const config = join(folder, 'sshd_config');
  writeFileSync(config, configOf({ hostKey, authorized, port, folder, host }, options));
  const server = start(config, join(folder, 'log'), [...(options.inside ?? []), ...mountedBy(options.mounts)]);
  atEnd(t, () => killTree(server));
  const log = (): string => readFileSync(join(folder, 'log'), 'utf8');
  await until(() => /Server listening/.test(log()) || server.exitCode !== null, 'sshd listens');
  if (server.exitCode !== null) throw new Error(`sshd did not start:\n${log()}`);
  const [type = '', base64 = ''] = readFileSync(`${hostKey}.pub`, 'utf8').split(' ');
  const knownLine = `[${host}]:${port} ${type} ${base64}`;
  const home = join(folder, 'home');
  mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, '.ssh/known_hosts'), `${knownLine}\n`);
  chmodSync(folder, 0o755);
  return {
    folder,
    port,
    place: `root@${host}:${port}`,
    identity,
    home,
    fingerprint: fingerprintOf(Buffer.from(base64, 'base64')).fingerprint,
    knownLine,
    log,
    kill: () => killTree(server),
  };
}

/** One more key for a server, with which it can show itself: `HostKey PATH`. */
export function hostKeyOf(t: TestContext, type: 'rsa' | 'ecdsa') {
  const path = join(tempFolder(t), `host_key_${type}`);
  sh('ssh-keygen', '-q', '-t', type, '-N', '', '-C', 'test', '-f', path);
  const [name = '', base64 = ''] = readFileSync(`${path}.pub`, 'utf8').split(' ');
  return { path, name, base64, fingerprint: fingerprintOf(Buffer.from(base64, 'base64')).fingerprint };
}

function configOf(
  {
    hostKey,
    authorized,
    port,
    folder,
    host,
  }: Record<'hostKey' | 'authorized' | 'folder' | 'host', string> & {
    port: number;
  },
  { config = [], env = {}, ownHomes = false }: SshdOptions,
): string {
  const home: { HOME?: string } = ownHomes ? {} : { HOME: folder };
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const set = Object.entries({ PATH: path, ...home, ...env }).map(([name, value]) => `${name}=${value}`);
  return [
    ...config,
    `Port ${port}`,
    `ListenAddress ${host}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${authorized}`,
    `PidFile ${folder}/pid`,
    'PermitRootLogin yes',
    'StrictModes no',
    'UsePAM no',
    'UseDNS no',
    'PrintMotd no',
    'LogLevel VERBOSE',
    'MaxSessions 40',
    'MaxStartups 100',
    ...(set.length === 0 ? [] : [`SetEnv ${set.map((each) => `"${each}"`).join(' ')}`]),
    '',
  ].join('\n');
}

function mountedBy(lines: string | undefined): string[] {
  return lines === undefined ? [] : ['unshare', '-m', 'sh', '-ec', `${lines}\nexec "$@"`, 'sh'];
}

function start(config: string, log: string, inside: readonly string[]): ChildProcess {
  writeFileSync(log, '');
  // It dies with a test that is killed.
  const argv = ['--pdeathsig', 'KILL', '--', ...inside, SSHD, '-D', '-f', config, '-E', log];
  return spawn('setpriv', argv, { stdio: 'ignore' });
}

/** Those who are logged in have sessions of their own: everything below the server goes. */
async function killTree(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const below = descendants(server.pid);
  const ended = new Promise((resolve) => server.once('exit', resolve));
  for (const pid of [server.pid, ...below]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
  await ended;
}

function descendants(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' });
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (const parent of found) for (const [child = 0, of] of pairs) if (of === parent) found.push(child);
  return found.slice(1);
}

/** Free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
