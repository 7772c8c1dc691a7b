// The programs as they are installed: each a few files, which start in a third of the time of some seven hundred modules
// (docs/decisions/0024). Plain JavaScript, because it runs in the middle of the setup.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

/** Started by the others, which look for them beside themselves. */
const BESIDE = {
  'lane-worker': 'src/hash/lane-worker.js',
  'look-child': 'src/probe/look-child.js',
  'probe-child': 'src/read/probe-child.js',
};
/** Folder below dist → program → its start; what the start loads when there is more to do than to watch over a child; what it calls there. */
const FOLDERS = {
  bin: {
    exhibit: ['src/main.js', 'src/cli/program.js', 'program'],
    'exhibit-blocker-test': ['src/blocker-test/main.js', 'src/blocker-test/start.js', 'start'],
  },
  // What the benchmark measures must be made the same way. Never installed.
  'bench/bin': { 'discarding-child': ['bench/discarding-child.js', 'bench/discarding-program.js', 'program'] },
};

const OPTIONS = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  // A tenth less to start with: there is less to read. Names stay, for whoever reports a stack.
  minifyWhitespace: true,
  minifySyntax: true,
  // The version that a saved hash state names is read from the package that made it; ssh2 looks for native parts beside itself.
  external: ['hash-wasm', 'ssh2'],
  logLevel: 'warning',
};

/** @param compiled the folder of the compiled modules, absolute */
export async function bundleAll(compiled) {
  const { build } = await import('esbuild');
  const { sealed, wrapped } = await import(join(compiled, 'src', 'system', 'compiled-program.js'));
  for (const [folder, programs] of Object.entries(FOLDERS)) {
    const outdir = join(compiled, folder);
    const modules = (from) =>
      Object.fromEntries(Object.entries(from).map(([name, file]) => [name, join(compiled, file)]));
    await build({ ...OPTIONS, format: 'esm', outdir, entryPoints: modules(BESIDE) });
    for (const [name, [start, body, called]] of Object.entries(programs)) {
      const text = join(outdir, `${name}.cjs`);
      const plugins = [loads(join(compiled, body), called, basename(text), compiled)];
      await build({ ...OPTIONS, format: 'esm', outdir, entryPoints: modules({ [name]: start }), plugins });
      await build({
        ...OPTIONS,
        format: 'cjs',
        outfile: text,
        entryPoints: [join(compiled, body)],
        // Strict first, as modules are: behind anything else the word has no meaning.
        banner: { js: "'use strict'; const fileUrl = require('node:url').pathToFileURL(__filename).href;" },
        define: { 'import.meta.url': 'fileUrl' },
      });
      writeFileSync(`${text}.compiled`, compile(text, wrapped, sealed));
    }
  }
}

/** Where a start imports its program, it gets the one that is built as a file of its own. */
function loads(body, called, name, compiled) {
  const loader = join(compiled, 'src', 'system', 'compiled-program.js');
  return {
    name: 'program-of-its-own',
    setup(build) {
      build.onResolve({ filter: /\.js$/ }, ({ path, resolveDir }) =>
        join(resolveDir, path) === body ? { path: body, namespace: 'loaded' } : undefined,
      );
      build.onLoad({ filter: /./, namespace: 'loaded' }, () => ({
        contents: `import { loadProgram } from ${JSON.stringify(loader)};
          export const { ${called} } = loadProgram(new URL(${JSON.stringify(`./${name}`)}, import.meta.url));`,
        resolveDir: compiled,
      }));
    },
  };
}

/** All functions, not only those that V8 takes for needed at once; the flag is not in force when the program runs. */
function compile(path, wrapped, sealed) {
  const text = readFileSync(path);
  setFlagsFromString('--no-lazy');
  const script = new Script(wrapped(text), { filename: path });
  setFlagsFromString('--lazy');
  return sealed(text, script.createCachedData());
}
