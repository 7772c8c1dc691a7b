import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What the machine boots: Debian's own kernel and BusyBox, unpacked beside the project, never installed. */
export interface BenchKernel {
  /** The kernel's image, as QEMU loads it. */
  readonly image: string;
  /** The folder with `modules.dep`. */
  readonly modules: string;
  /** A static one. */
  readonly busybox: string;
}

/** Any kernel that this package depends on will do; its name has the version. */
const META = 'linux-image-amd64';
const IMAGE = /^linux-image-\d\S*-amd64$/;
/** Half of the kernel's package is for hardware that no machine has; of the network, what is for emulated machines stays. */
const LEFT_OUT = ['drivers/gpu', 'drivers/net/*/*', 'drivers/media', 'drivers/infiniband', 'drivers/iio', 'sound'];

/**
 * The kernel in `cache`, or the one that Debian's archive has today, put there. A string says why neither can be had.
 * What is cached stays until somebody removes it.
 */
export function benchKernel(cache: string): BenchKernel | string {
  mkdirSync(cache, { recursive: true });
  const cached = readdirSync(cache).find((name) => IMAGE.test(name));
  if (cached !== undefined) renew(cache, cached);
  const name = cached ?? kernelName();
  if (name === null) return `Debian's package lists name no kernel that ${META} depends on`;
  const why = cachePackage(cache, name, unpackKernel) ?? cachePackage(cache, 'busybox-static', unpack);
  if (why !== null) return why;
  const [version] = readdirSync(join(cache, name, 'lib/modules'));
  return {
    image: join(cache, name, 'boot', `vmlinuz-${version ?? ''}`),
    modules: join(cache, name, 'lib/modules', version ?? ''),
    busybox: join(cache, 'busybox-static', 'bin/busybox'),
  };
}

/** A kernel that an older bench has unpacked gives way to a whole one, where the archive has it. */
function renew(cache: string, name: string): void {
  const [version = ''] = readdirSync(join(cache, name, 'lib/modules'));
  if (hasNetwork({ modules: join(cache, name, 'lib/modules', version) })) return;
  const aside = join(cache, `older-${process.pid}`);
  renameSync(join(cache, name), aside);
  if (cachePackage(cache, name, unpackKernel) === null) rmSync(aside, { recursive: true });
  else renameSync(aside, join(cache, name));
}

function kernelName(): string | null {
  const look = (): string | undefined =>
    run('apt-cache', ['depends', META])
      .stdout.split('\n')
      .map((line) => line.replace(/^ *Depends: /, ''))
      .find((name) => IMAGE.test(name));
  const name = look();
  if (name !== undefined) return name;
  run('apt-get', ['update', '-q']);
  return look() ?? null;
}

/** Whether a live box can be built of it: what was unpacked by an older bench had no network. */
export function hasNetwork({ modules }: Pick<BenchKernel, 'modules'>): boolean {
  return existsSync(join(modules, 'kernel/drivers/net/virtio_net.ko'));
}

type Unpack = (deb: string, folder: string) => string | null;

/** Downloads a package and unpacks it into a folder of its own name, whole or not at all. Null, or what went wrong. */
function cachePackage(cache: string, name: string, unpackInto: Unpack): string | null {
  if (existsSync(join(cache, name))) return null;
  const work = mkdtempSync(join(cache, 'download-'));
  try {
    let failed = run('apt-get', ['download', '-q', name], work).failure;
    // Package lists of last month name files that the archive has no more.
    if (failed !== null && run('apt-get', ['update', '-q']).failure === null)
      failed = run('apt-get', ['download', '-q', name], work).failure;
    if (failed !== null) return `${name} can't be downloaded: ${failed}`;
    const deb = readdirSync(work).find((file) => file.endsWith('.deb')) ?? '';
    const folder = join(work, 'unpacked');
    mkdirSync(folder);
    const why = unpackInto(join(work, deb), folder);
    if (why !== null) return `${name} can't be unpacked: ${why}`;
    // Somebody else may have been quicker: theirs is as good.
    if (!existsSync(join(cache, name))) renameSync(folder, join(cache, name));
    return null;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function unpack(deb: string, folder: string): string | null {
  return run('dpkg-deb', ['--extract', deb, folder]).failure;
}

function unpackKernel(deb: string, folder: string): string | null {
  const excludes = LEFT_OUT.map((part) => `--exclude='*/kernel/${part}'`).join(' ');
  const script = `set -o pipefail
dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" ${excludes} ./boot ./lib/modules
find "$2" -name '*.ko.xz' -exec xz --decompress {} +
depmod --basedir "$2" "$(ls "$2/lib/modules")"`;
  return run('bash', ['-e', '-c', script, 'bash', deb, folder]).failure;
}

function run(program: string, argv: readonly string[], cwd?: string): { stdout: string; failure: string | null } {
  const done = spawnSync(program, argv, {
    ...(cwd === undefined ? {} : { cwd }),
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  if (done.error !== undefined) return { stdout: '', failure: done.error.message };
  const said = done.stderr.trim().split('\n').at(-1) ?? '';
  return { stdout: done.stdout, failure: done.status === 0 ? null : `${program}: ${said}` };
}
