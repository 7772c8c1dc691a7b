import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/system/clock.ts';
import { systemFiles, type Files } from '../../src/system/files.ts';
import type { Host, Ports } from '../../src/system/ports.ts';
import { systemCommands, type CommandResult, type Commands } from '../../src/system/run-command.ts';

type Answer = Partial<Pick<CommandResult, 'exit' | 'stdout' | 'stderr' | 'failure'>>;

export interface Layout {
  /** Path → content; a path that ends in `/` is an empty folder. */
  files?: Record<string, string | Uint8Array>;
  /** Link → target; both absolute on the station, written as a relative link as sysfs and udev do. */
  links?: Record<string, string>;
  /** Node below /dev → `major:minor`. */
  nodes?: Record<string, string>;
  /** Folder or file → `major:minor` that its `st_dev` shows, with everything below it. */
  filesOn?: Record<string, string>;
  /** Program → what it answers. Anything else that is run makes the test fail. */
  commands?: Record<string, Answer>;
  /** Path → errno of every look at it. */
  faults?: Record<string, string>;
}

const HOST: Host = {
  hostname: 'bench',
  kernel: '6.1.0',
  nodeVersion: process.version,
  nodePath: process.execPath,
  pid: process.pid,
  uid: process.getuid?.() ?? 0,
  cores: 2,
  env: {},
  packageRoot: '/',
  toolVersion: '0',
};

/** The ports of the real station. */
export function realPorts(): Ports {
  const connectSsh = (): never => {
    throw new Error('this station knows no other machine');
  };
  const listen = connectSsh;
  return {
    files: systemFiles,
    commands: systemCommands(),
    clock: systemClock,
    host: HOST,
    connectSsh,
    listen,
    root: '',
  };
}

/** A station in a temporary folder: real files and links, device numbers and faults as the layout says. */
export function madeUpStation(t: TestContext, layout: Layout): Ports & { root: string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'exhibit-station-')));
  t.after(() => {
    rmSync(root, { recursive: true, force: true });
  });
  for (const [path, content] of Object.entries(layout.files ?? {})) put(root, path, content);
  for (const path of Object.keys(layout.nodes ?? {})) put(root, path, '');
  for (const [link, target] of Object.entries(layout.links ?? {})) {
    mkdirSync(join(root, dirname(link)), { recursive: true });
    symlinkSync(relative(dirname(link), target), join(root, link));
  }
  return { ...realPorts(), files: filesOf(root, layout), commands: commandsOf(layout.commands ?? {}), root };
}

/** The text of a fixture's mountinfo line for a device. */
export function mountLine(number: string, mountPoint: string, fileSystem: string, source: string): string {
  return `36 27 ${number} / ${mountPoint} rw,relatime shared:1 - ${fileSystem} ${source} rw\n`;
}

function put(root: string, path: string, content: string | Uint8Array): void {
  const at = join(root, path);
  mkdirSync(path.endsWith('/') ? at : dirname(at), { recursive: true });
  if (!path.endsWith('/')) writeFileSync(at, content);
}

function filesOf(root: string, layout: Layout): Files {
  const blame = (path: string): void => {
    const code = layout.faults?.[path.slice(root.length)];
    if (code !== undefined) throw Object.assign(new Error(`${code}: made up, ${path}`), { code });
  };
  const dress = (path: string, stats: Stats): Stats => dressed(realpathSync(path).slice(root.length), stats, layout);
  return {
    ...systemFiles,
    readText: async (path, limit) => (blame(path), systemFiles.readText(path, limit)),
    readBytes: async (path, limit) => (blame(path), systemFiles.readBytes(path, limit)),
    readDir: async (path) => (blame(path), systemFiles.readDir(path)),
    readLink: async (path) => (blame(path), systemFiles.readLink(path)),
    realPath: async (path) => (blame(path), systemFiles.realPath(path)),
    open: async (path, mode) => (blame(path), systemFiles.open(path, mode)),
    stat: async (path) => (blame(path), dress(path, await systemFiles.stat(path))),
    statOrNull: async (path) => {
      blame(path);
      const stats = await systemFiles.statOrNull(path);
      return stats === null ? null : dress(path, stats);
    },
  };
}

function dressed(path: string, stats: Stats, layout: Layout): Stats {
  const node = layout.nodes?.[path];
  if (node !== undefined) {
    return Object.assign(stats, { rdev: encode(node), isBlockDevice: () => true, isFile: () => false });
  }
  const on = Object.entries(layout.filesOn ?? {})
    .filter(([folder]) => path === folder || path.startsWith(`${folder}/`))
    .sort(([a], [b]) => b.length - a.length)[0];
  return on === undefined ? stats : Object.assign(stats, { dev: encode(on[1]) });
}

/** Linux's `dev_t` as glibc packs it. */
export function encode(number: string): number {
  const [major = 0n, minor = 0n] = number.split(':').map(BigInt);
  return Number((minor & 0xffn) | ((major & 0xfffn) << 8n) | ((minor & ~0xffn) << 12n) | ((major & ~0xfffn) << 32n));
}

function commandsOf(answers: Record<string, Answer>): Commands {
  return {
    which: (name) => (name in answers ? `/usr/bin/${name}` : null),
    run: async (argv) => {
      const answer = answers[argv[0] ?? ''];
      if (answer === undefined) throw new Error(`nobody told the test what "${argv.join(' ')}" answers`);
      return { argv, exit: 0, signal: null, stdout: '', stderr: '', failure: null, ...answer };
    },
    stream: (argv) => {
      throw new Error(`nobody told the test to stream "${argv.join(' ')}"`);
    },
    streamBulk: (argv) => {
      throw new Error(`nobody told the test to stream "${argv.join(' ')}"`);
    },
  };
}
