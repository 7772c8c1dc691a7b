import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { parseSource, parseSources, type Import, type SourceFile } from './support/imports.ts';
import { packageRoot } from './support/root.ts';

const GLOBALS = ['process', 'console', 'performance'];
const SRC = join(packageRoot, 'src');
const TABLE = readFileSync(join(packageRoot, 'docs/architecture.md'), 'utf8');

/** The program that writes to scratch disks: nobody may import it, and it alone may write to a block device. */
const BLOCKER_TEST = 'blocker-test';

/** Where the process itself may be touched: the entries, the real ports, and programs of their own. */
const WORLDLY = /^(main\.ts|blocker-test\/main\.ts|cli\/env\.ts|system\/.*|.*-worker\.ts|.*-child\.ts)$/;

/** Built-in modules that do nothing to the world: they may be used anywhere. */
const PURE_MODULES = new Set(['node:path', 'node:crypto', 'node:url', 'node:zlib']);

/** Names of `system` that act only through the ports they are given. Everything else in there is the real world. */
const HELPERS = new Set(['utc', 'tryLock', 'inhibitSleep', 'ClockWatch']);

/** One third-party library, one importing file. Types may go to its neighbours. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  execa: ['system/run-command.ts'],
  'hash-wasm': ['hash/engines.ts'],
  ssh2: ['system/ssh2-link.ts'],
  listr2: ['cli/screen/task-list.ts'],
  'progress-stream': ['cli/screen/meter.ts'],
  // One a program.
  commander: ['cli/run.ts', 'blocker-test/program.ts'],
  yaml: ['catalog/yaml.ts'],
  zod: ['model/zod.ts'],
};

interface Leave {
  readonly folder: string;
  /** Type imports only. */
  readonly typesOnly: boolean;
}

/** The table of docs/architecture.md: folder → what it may import. */
function lawOf(text: string): Map<string, Leave[]> {
  const rows = [...text.matchAll(/^\| `src\/([a-z-]+)` \|[^|]*\| ([^|]+) \|$/gm)];
  const stages = rows
    .map((row) => row[1]!)
    .filter((name) => !['cli', 'doctor', 'acquire', BLOCKER_TEST].includes(name));
  return new Map(
    rows.map((row) => {
      const cell = row[2]!.trim();
      const named = [...cell.matchAll(/(types of )?`([a-z-]+)`/g)].map((name) => ({
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

/** Programs, and options of programs, that change what is on a disk or take its protection away. */
const WRITING_WORDS =
  /^(of=|blkdiscard$|sg_dd$|sg_unmap$|sg_write|sg_format$|sg_sanitize$|wipefs$|mkfs|mkswap$|parted$|sfdisk$|sgdisk$|fallocate$|shred$|--setrw$|--send|--write-sector|--make-bad-sector|--repair-sector|--trim-sector|--security-|--sanitize|--dco-restore|--fwdownload)/;
/** Where such a word is said all the same, and why. */
const SAID: Readonly<Record<string, readonly string[]>> = {
  // Asked for a table with --json, which test/probe/asking.test.ts holds it to; the others only name who told.
  sfdisk: ['probe/partition-table.ts', 'manifest/report-source.ts', 'model/probe.ts'],
  // A new file in a person's own folder: conv=excl opens nothing that is there.
  'of=': ['cli/caller-hands.ts'],
};
/** Modes of opening that reach what is there already; one file may, and why. */
const WRITING_MODES: Readonly<Record<string, readonly string[]>> = {
  'r+': [],
  'rs+': [],
  'a+': [],
  // The port's own word, and the journal, which alone goes on with a file of its own.
  append: ['system/files.ts', 'manifest/journal.ts'],
  // Regular files only, which the port looks at first: the image that an earlier session of the same job left.
  continue: ['system/files.ts', 'sink/segment-files.ts'],
  // A regular file that is open for writing already, by its descriptor.
  'write-direct': ['system/files.ts', 'sink/image-file.ts'],
};
/** Flags of open(2) that can write. */
const WRITING_FLAGS = ['O_RDWR', 'O_WRONLY'];
/** With O_CREAT|O_EXCL, which opens nothing that is there, or for `append`; with O_TMPFILE, which makes a file without a name. */
const MAY_OPEN = ['system/files.ts', 'system/nameless.ts'];

/** Every place of a file that could lead to a write to a block device. */
function writing(path: string, strings: SourceFile['strings'], names: SourceFile['names']): string[] {
  if (folderOf(path) === BLOCKER_TEST) return [];
  const sgRaw = strings.some(({ text }) => text === 'sg_raw');
  const named = strings.filter(
    ({ text }) =>
      (WRITING_WORDS.test(text) || (sgRaw && /^-\w*[si]$/.test(text))) && SAID[text]?.includes(path) !== true,
  );
  const modes = strings.filter(
    ({ text }) => Object.hasOwn(WRITING_MODES, text) && !WRITING_MODES[text]?.includes(path),
  );
  const flags = MAY_OPEN.includes(path) ? [] : names.filter(({ name }) => WRITING_FLAGS.includes(name));
  return [
    ...[...named, ...modes].map(
      ({ text, line }) => `src/${path}:${line} says '${text}': only ${BLOCKER_TEST} may write to disks`,
    ),
    ...flags.map(({ name, line }) => `src/${path}:${line} uses ${name}: only ${BLOCKER_TEST} may write to disks`),
  ];
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

  test('nothing may import src/blocker-test, and nothing does', () => {
    for (const [folder, leaves] of law)
      assert.ok(!leaves.some((leave) => leave.folder === BLOCKER_TEST), `${folder} may import ${BLOCKER_TEST}`);
    for (const folder of [...law.keys(), '']) {
      const path = folder === '' ? 'main.ts' : `${folder}/x.ts`;
      const up = folder === '' ? './' : '../';
      const bad = parseSource(path, `import type { Marker } from '${up}blocker-test/marker.ts';`, GLOBALS);
      assert.equal(breaches([bad], law).length, folder === BLOCKER_TEST ? 0 : 1, path);
    }
  });

  test('only src/blocker-test can write to a block device', () => {
    assert.deepEqual(
      sources.flatMap(({ path, strings, names }) => writing(path, strings, names)),
      [],
    );
    const tried = [
      "await commands.run(['dd', `of=${path}`]);",
      "await commands.run(['blkdiscard', path]);",
      "await commands.run(['sg_raw', '--send=512', path]);",
      "await commands.run(['sg_raw', '-s', '512', path]);",
      "await commands.run(['blockdev', '--setrw', path]);",
      "await commands.run(['hdparm', '--trim-sector-ranges', path]);",
      "const file = await files.open(path, 'append');",
      "import { constants } from 'node:fs'; const flags = constants.O_RDWR;",
      "const handle = await fs.open(path, 'r+');",
    ];
    for (const text of tried) {
      const { strings, names } = parseSource('guard/x.ts', text, GLOBALS);
      assert.equal(writing('guard/x.ts', strings, names).length, 1, text);
      assert.deepEqual(writing('blocker-test/x.ts', strings, names), []);
    }
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
      .filter(({ from, module }) => !(from === 'hash/lane-threads.ts' && module === 'node:worker_threads'))
      // The version of a library is asked of the package that was loaded.
      .filter(({ from, module }) => !(from === 'hash/engines.ts' && module === 'node:module'))
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

  test('the entries are at most 30 lines long', () => {
    const mains = sources.filter(({ path }) => path === 'main.ts' || path.endsWith('/main.ts'));
    assert.equal(mains.length, 2);
    for (const { path, lines } of mains) assert.ok(lines <= 30, path);
  });
});
