import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { parseSource, parseSources, type Import, type SourceFile } from './support/imports.ts';
import { packageRoot } from './support/root.ts';

const GLOBALS = ['process', 'console', 'performance'];
const SRC = join(packageRoot, 'src');
const TABLE = readFileSync(join(packageRoot, 'docs/architecture.md'), 'utf8');

/** Where the process itself may be touched: the entry, the real ports, and programs of their own. */
const WORLDLY = /^(main\.ts|cli\/env\.ts|system\/.*|.*-worker\.ts|.*-child\.ts)$/;

/** Built-in modules that do nothing to the world: they may be used anywhere. */
const PURE_MODULES = new Set(['node:path', 'node:crypto', 'node:url']);

/** Names of `system` that act only through the ports they are given. Everything else in there is the real world. */
const HELPERS = new Set(['utc', 'tryLock', 'inhibitSleep', 'ClockWatch']);

/** One third-party library, one importing file. Types may go to its neighbours. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  execa: ['system/run-command.ts'],
  'hash-wasm': ['hash/engines.ts'],
  listr2: ['cli/screen/task-list.ts'],
  'progress-stream': ['cli/screen/meter.ts'],
  commander: ['cli/run.ts'],
  yaml: ['catalog/yaml.ts'],
  // zod is the language that schemas are written in.
  zod: [
    'catalog/profile-schema.ts',
    'catalog/request-schema.ts',
    'manifest/schema.ts',
    'manifest/start.ts',
    'manifest/journal-records.ts',
  ],
};

interface Leave {
  readonly folder: string;
  /** Type imports only. */
  readonly typesOnly: boolean;
}

/** The table of docs/architecture.md: folder → what it may import. */
function lawOf(text: string): Map<string, Leave[]> {
  const rows = [...text.matchAll(/^\| `src\/([a-z]+)` \|[^|]*\| ([^|]+) \|$/gm)];
  const stages = rows.map((row) => row[1]!).filter((name) => !['cli', 'doctor', 'acquire'].includes(name));
  return new Map(
    rows.map((row) => {
      const cell = row[2]!.trim();
      const named = [...cell.matchAll(/(types of )?`([a-z]+)`/g)].map((name) => ({
        folder: name[2]!,
        typesOnly: name[1] !== undefined,
      }));
      const wide = cell === 'all' ? [...stages, 'acquire', 'doctor'] : cell === 'all stages' ? stages : [];
      return [row[1]!, [...named, ...wide.map((folder) => ({ folder, typesOnly: false }))]];
    }),
  );
}

function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}

function at({ from, line }: Pick<Import, 'from' | 'line'>): string {
  return `src/${from}:${line}`;
}

/** Every breach of the table, with its reason. */
function breaches(sources: readonly SourceFile[], law: ReadonlyMap<string, readonly Leave[]>): string[] {
  return sources.flatMap(({ imports }) =>
    imports.flatMap((each) => {
      const [from, to] = [folderOf(each.from), each.file === null ? null : folderOf(each.file)];
      if (to === null || to === from) return [];
      if (from === '' && to === 'cli') return [];
      const leave = law.get(from)?.find(({ folder }) => folder === to);
      if (leave === undefined) {
        const may = law.get(from)?.map(({ folder }) => folder) ?? [];
        return [
          `${at(each)} imports ${each.file}: ${from || 'the entry'} may import ${may.join(', ') || 'nothing'}, not ${to}`,
        ];
      }
      if (!leave.typesOnly || each.values.every((name) => to === 'system' && HELPERS.has(name))) return [];
      return [
        `${at(each)} imports ${each.values.join(', ')} of ${each.file} as values: ${from} may import types of ${to} only`,
      ];
    }),
  );
}

describe('who may import whom', () => {
  const sources = parseSources(SRC, GLOBALS);
  const law = lawOf(TABLE);

  test('the table of docs/architecture.md names every folder of src, and no other', () => {
    const folders = readdirSync(SRC, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    assert.deepEqual([...law.keys()].sort(), folders.sort());
  });

  test('the table holds', () => {
    assert.deepEqual(breaches(sources, law), []);
  });

  test('the table forbids: what breaks it is named with its reason', () => {
    const bad = [
      ['model/x.ts', "import { at } from '../discover/root.ts';"],
      ['image/x.ts', "import type { Files } from '../system/files.ts';"],
      ['plan/x.ts', "import { readByDd } from '../read/dd-reader.ts';"],
      ['discover/x.ts', "import { systemFiles } from '../system/files.ts';"],
      ['verify/x.ts', "export { acquire } from '../acquire/run.ts';"],
      ['read/x.ts', "const { run } = await import('../cli/run.ts');"],
    ] as const;
    for (const [path, text] of bad) {
      const found = breaches([parseSource(path, text, GLOBALS)], law);
      assert.equal(found.length, 1, `${path}: ${text}`);
      assert.match(found[0]!, new RegExp(`^src/${path}:1 imports .*may import`));
    }
    const good = parseSource('discover/x.ts', "import { utc, type Clock } from '../system/clock.ts';", GLOBALS);
    assert.deepEqual(breaches([good], law), []);
  });

  test('only cli/env.ts makes real ports; cli/start.ts starts a supervisor before there are any', () => {
    const wrong = sources
      .flatMap(({ imports }) => imports)
      .filter(
        ({ from, file }) =>
          file !== null && folderOf(file) === 'system' && !/^(system\/|cli\/(env|start)\.ts$)/.test(from),
      )
      .filter(({ values }) => values.some((name) => !HELPERS.has(name)))
      .map((each) => `${at(each)} takes ${each.values.join(', ')} of ${each.file}: it must come through the ports`);
    assert.deepEqual(wrong, []);
  });

  test('one third-party library, one importing file', () => {
    const wrong = sources
      .flatMap(({ imports }) => imports)
      .filter(({ module }) => module?.startsWith('node:') === false)
      .flatMap((each) => {
        const files = LIBRARIES[each.module ?? ''];
        if (files === undefined)
          return [`${at(each)} imports ${each.module}: no file may, until docs/architecture.md names one`];
        if (files.includes(each.from)) return [];
        const neighbour = files.some((file) => folderOf(file) === folderOf(each.from));
        if (neighbour && each.values.length === 0) return [];
        return [`${at(each)} imports ${each.module}: only ${files.join(', ')} may`];
      });
    assert.deepEqual(wrong, []);
    const { dependencies } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
      dependencies: object;
    };
    assert.deepEqual(Object.keys(dependencies).sort(), Object.keys(LIBRARIES).sort());
    for (const [library, files] of Object.entries(LIBRARIES)) {
      for (const file of files) {
        const imports = sources.find(({ path }) => path === file)?.imports ?? [];
        assert.ok(
          imports.some(({ module }) => module === library),
          `${file} does not import ${library} any more`,
        );
      }
    }
  });

  test('process, console and the modules that touch the world stay in main.ts, cli/env.ts, system/, workers and child programs', () => {
    const globals = sources
      .filter(({ path }) => !WORLDLY.test(path))
      .flatMap(({ path, globals: used }) => used.map(({ name, line }) => `src/${path}:${line} uses ${name}`));
    const modules = sources
      .flatMap(({ imports }) => imports)
      .filter(({ from, module }) => module?.startsWith('node:') === true && !WORLDLY.test(from))
      .filter(({ module, values }) => {
        // Numbers such as S_IFMT and O_DIRECT do nothing.
        if (module === 'node:fs') return values.some((name) => name !== 'constants');
        return values.length > 0 && !PURE_MODULES.has(module ?? '');
      })
      // The main thread's end of a lane starts the worker at its other end.
      .filter(({ from, module }) => !(from === 'hash/lane.ts' && module === 'node:worker_threads'))
      .map((each) => `${at(each)} imports ${each.values.join(', ')} of ${each.module}: take it through a port`);
    assert.deepEqual([...globals, ...modules], []);
    const probe = parseSource(
      'plan/x.ts',
      'export const f = (): void => console.log(process.pid, a.process);',
      GLOBALS,
    );
    assert.deepEqual(
      probe.globals.map(({ name }) => name),
      ['console', 'process'],
    );
  });

  test('src/main.ts is at most 30 lines', () => {
    const main = sources.find(({ path }) => path === 'main.ts');
    assert.ok(main !== undefined && main.lines <= 30);
  });
});
