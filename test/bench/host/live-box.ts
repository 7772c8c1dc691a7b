import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprintOf } from '../../../src/remote/fingerprint.ts';
import { until } from '../../support/children.ts';
import { diskBytes, sh } from '../../support/loop.ts';
import { packageRoot } from '../../support/root.ts';
import { freePort } from '../../support/sshd.ts';
import { kernelFor } from './bench-machine.ts';
import type { CpioFile } from './cpio.ts';
import { initramfs } from './initramfs.ts';
import { hasNetwork, type BenchKernel } from './kernel.ts';
import { BOX_MODULES } from './modules.ts';
import { Qemu } from './qemu.ts';

const MIB = 1_048_576;
/** What the station runs for it, and what runs in there. */
const TOOLS = ['sshd', 'ssh', 'ssh-keygen', 'sfdisk', 'mkfs.ext4', 'lsblk', 'blockdev', 'cryptsetup', 'sha256sum'];
/** The machine's memory, and QEMU's own. */
const MEMORY_MIB = 768;
const MEMORY_KIB = (MEMORY_MIB + 400) * 1024;
/** A start takes half a minute on an emulated processor; this is when something is wrong. */
const UP_WITHIN_MS = 180_000;
const LISTENING = /Server listening on 0\.0\.0\.0 port 22/g;
/** Beyond a file system that is in use, nobody's. */
const SIZE = 32 * MIB;
const DATA = { start: MIB, size: 8 * MIB };
/** LUKS takes 16 MiB of it for itself where it is not told otherwise. */
const SECOND_SIZE = 8 * MIB;

/** A machine that nobody can take apart: real kernel, SATA disks, the station's own sshd, reached by a forwarded port. */
export class LiveBox {
  readonly #folder: string;
  readonly #qemu: Qemu;
  readonly #limit: NodeJS.Timeout;
  readonly port: number;

  private constructor(folder: string, port: number, kernel: BenchKernel, limitMs: number) {
    this.#folder = folder;
    this.port = port;
    this.#qemu = new Qemu(folder, kernel, initramfs(kernel, BOX_MODULES, filesFor(folder)), argvFor(port));
    this.#limit = setTimeout(() => void this.off(), limitMs);
    // What it keeps from ending is the test that waits for it, not the process.
    this.#limit.unref();
  }

  /**
   * Boots it. A string says why there can be none on this station.
   *
   * @param folder an empty one, for everything that the machine keeps on the station
   * @param limitMs of the whole: then it is switched off, whatever is done with it
   */
  static async start(folder: string, limitMs: number): Promise<LiveBox | string> {
    const kernel = kernelFor(TOOLS, MEMORY_KIB);
    if (typeof kernel === 'string') return kernel;
    if (!hasNetwork(kernel)) return 'the kept kernel has no network, and no other can be downloaded: .cache/bench';
    const port = await freePort();
    makeKeys(folder, port);
    makeDisks(folder);
    return new LiveBox(folder, port, kernel, limitMs);
  }

  get pid(): number {
    return this.#qemu.pid;
  }

  /** `root@ADDRESS:PORT`, to be put behind `ssh://`. */
  get place(): string {
    return `root@127.0.0.1:${this.port}`;
  }

  /** A private key that lets root in. */
  get identity(): string {
    return join(this.#folder, 'identity');
  }

  /** Of its host key. */
  get fingerprint(): string {
    const [, base64 = ''] = readFileSync(join(this.#folder, 'host_key.pub'), 'utf8').split(' ');
    return fingerprintOf(Buffer.from(base64, 'base64')).fingerprint;
  }

  /** What is on a disk of it at this moment, as QEMU has it. */
  disk(name: 'sda' | 'sdb'): Buffer {
    return readFileSync(join(this.#folder, name));
  }

  console(): string {
    return this.#qemu.console();
  }

  /** Waits until its sshd listens, for the first time or after so many starts. */
  async up(starts = 1): Promise<void> {
    const listening = (): boolean => (this.console().match(LISTENING) ?? []).length >= starts;
    await until(() => listening() || this.#qemu.over, 'the live box to be up', UP_WITHIN_MS).catch((error: unknown) => {
      throw new Error(`the live box is not up\n${this.#qemu.lastWords()}`, { cause: error });
    });
    if (this.#qemu.over) throw new Error(`the live box ended\n${this.#qemu.lastWords()}`);
  }

  /** Runs a command line in there, by the station's ssh and root's login shell; what it prints. */
  run(command: string, input: string | Buffer = ''): string {
    const login = ['-p', String(this.port), '-i', this.identity, '-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes'];
    const known = ['-o', `UserKnownHostsFile=${join(this.#folder, 'known_hosts')}`, '-o', 'StrictHostKeyChecking=yes'];
    const argv = ['-F', 'none', ...login, ...known, 'root@127.0.0.1', command];
    const { status, stdout, stderr } = spawnSync('ssh', argv, { encoding: 'utf8', input, timeout: 120_000 });
    if (status !== 0) throw new Error(`${command}: ${status ?? 'killed'}\n${stdout}${stderr}${this.#qemu.lastWords()}`);
    return stdout;
  }

  /** Its reset button. */
  reset(): void {
    this.#qemu.monitor('system_reset');
  }

  /** Pulls the plug. */
  off(): Promise<void> {
    clearTimeout(this.#limit);
    return this.#qemu.off();
  }
}

function makeKeys(folder: string, port: number): void {
  for (const name of ['host_key', 'identity'])
    sh('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', join(folder, name));
  writeFileSync(
    join(folder, 'known_hosts'),
    `[127.0.0.1]:${port} ${readFileSync(join(folder, 'host_key.pub'), 'utf8')}`,
  );
}

/** A partition with a file system and random-looking bytes around it; and a disk of zeros. */
function makeDisks(folder: string): void {
  const sda = join(folder, 'sda');
  writeFileSync(sda, diskBytes(SIZE, 3));
  const inSectors = `label: dos\nstart=${DATA.start / 512}, size=${DATA.size / 512}, type=83\n`;
  const made = spawnSync('sfdisk', ['--quiet', sda], { input: inSectors, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);
  const where = `offset=${DATA.start},lazy_itable_init=0,lazy_journal_init=0`;
  sh('mkfs.ext4', '-q', '-F', '-b', '1024', '-E', where, sda, `${DATA.size / 1024}k`);
  writeFileSync(join(folder, 'sdb'), Buffer.alloc(SECOND_SIZE));
}

function filesFor(folder: string): CpioFile[] {
  return [
    { path: 'main.sh', data: readFileSync(join(packageRoot, 'test/bench/guest/live-box.sh')) },
    { path: 'host_key', data: readFileSync(join(folder, 'host_key')) },
    { path: 'authorized_keys', data: readFileSync(join(folder, 'identity.pub')) },
    { path: 'sshd_config', data: Buffer.from(SSHD_CONFIG.map((line) => `${line}\n`).join('')) },
  ];
}

const SSHD_CONFIG = [
  'ListenAddress 0.0.0.0',
  'HostKey /run/host_key',
  'AuthorizedKeysFile /exhibit/authorized_keys',
  'PidFile none',
  'PermitRootLogin prohibit-password',
  'PasswordAuthentication no',
  'StrictModes no',
  'UsePAM no',
  'UseDNS no',
];

function argvFor(port: number): string[] {
  return [
    ...['-m', String(MEMORY_MIB), '-monitor', 'stdio'],
    ...['-netdev', `user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`],
    ...['-device', 'virtio-net-pci,netdev=net,addr=5,romfile='],
    ...sata('sda', 0, 'serial=WD-BOX0001,model=EXHIBIT LIVE DISK,ver=1.0'),
    ...sata('sdb', 1, 'serial=WD-BOX0002,model=EXHIBIT SECOND DISK,ver=1.0'),
  ];
}

function sata(name: string, bus: number, words: string): string[] {
  return [
    ...['-drive', `if=none,id=${name},file=${name},format=raw`],
    ...['-device', `ide-hd,bus=ide.${bus},drive=${name},${words}`],
  ];
}
