import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { packageRoot } from '../../support/root.ts';
import { cpio, type CpioFile } from './cpio.ts';
import type { BenchKernel } from './kernel.ts';
import { BENCH_MODULES, moduleFiles, type ModuleSet } from './modules.ts';

/** What the machine is told: `bench.json`. */
export interface BenchOrder {
  /** Names of the scenarios to run. */
  readonly scenarios: readonly string[];
  /** Take captures for the pure parsers. */
  readonly capture: boolean;
  /** The node of the station. */
  readonly node: string;
}

/** Where the program, or whatever a machine is for, lies in it. */
const PROGRAM = 'exhibit';
const CODE = /\.(js|mjs|cjs|json|node|wasm)$/;
/** Of the tests: the bench, and what its scenarios use; they start the program in their own process, from its modules. */
const TESTS = ['bench', 'support', 'blocker-test/support.js', 'catalog/hardware-support.js', 'catalog/ports.js'];

/**
 * The first root of a machine of the bench: all of them have a copy of the compiled program with what it depends on.
 * The copy is in memory there: hundreds of small files over 9p take longer than all the rest of a start.
 */
export function benchInitramfs(kernel: BenchKernel, order: BenchOrder): Buffer {
  return initramfs(kernel, BENCH_MODULES, [
    { path: 'bench.json', data: Buffer.from(JSON.stringify(order)) },
    ...programFiles().map((path) => ({ path: relative(packageRoot, path), data: readFileSync(path) })),
  ]);
}

/** The first root of any machine: init, BusyBox, modules, and files for its folder `/exhibit`. */
export function initramfs(kernel: BenchKernel, modules: ModuleSet, files: readonly CpioFile[]): Buffer {
  return cpio([
    { path: 'init', data: readFileSync(join(packageRoot, 'test/bench/guest/init.sh')), executable: true },
    { path: `${PROGRAM}/busybox`, data: readFileSync(kernel.busybox), executable: true },
    ...moduleFiles(kernel.modules, modules),
    ...files.map((file) => ({ ...file, path: `${PROGRAM}/${file.path}` })),
  ]);
}

function programFiles(): string[] {
  const { files: shipped } = read('package.json') as { files: string[] };
  const { packages } = read('package-lock.json') as { packages: Record<string, { dev?: boolean }> };
  const libraries = Object.keys(packages).filter((path) => path !== '' && packages[path]?.dev !== true);
  const own = ['package.json', ...shipped, 'dist/src', ...TESTS.map((name) => `dist/test/${name}`)];
  return [...new Set([...below(own), ...below(libraries).filter((path) => CODE.test(path))])];
}

function below(names: readonly string[]): string[] {
  return names.flatMap((name) => filesBelow(join(packageRoot, name)));
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  if (statSync(folder).isFile()) return [folder];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(packageRoot, name), 'utf8'));
}
