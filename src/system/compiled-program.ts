import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

/**
 * The very Node that compiles or runs. V8 tells its own version alone, and takes over the work of another build of the same V8, whose
 * strings and objects may lie otherwise (nodejs/node#62781: 20.20.1's work crashes 20.20.2).
 */
const NODE = JSON.stringify([process.version, process.arch, process.versions, process.config]);

/** Beside a program `x.cjs`: what V8 made of it when it was built (docs/decisions/0024). */
const COMPILED = '.compiled';
const SEAL_BYTES = 32;

/**
 * Loads a program that was built as one CommonJS file, and gives what it exports. Where V8's work of the build lies beside it,
 * is whole, of this very text and by this very Node, V8 takes it over; where it is not, the text is compiled as ever.
 */
export function loadProgram(url: URL): unknown {
  const path = fileURLToPath(url);
  const text = readFileSync(path);
  const compiled = compiledOf(path, text);
  const script = new Script(wrapped(text), { filename: path, ...(compiled === null ? {} : { cachedData: compiled }) });
  const module = { exports: {} };
  const body = script.runInThisContext() as (...given: readonly unknown[]) => void;
  body(module.exports, createRequire(path), module, path, dirname(path));
  return module.exports;
}

/** What `loadProgram` hands to V8, and the build has to compile. */
export function wrapped(text: Buffer): string {
  return `(function (exports, require, module, __filename, __dirname) {${text.toString()}\n})`;
}

/**
 * The content of the file beside the program: V8 itself compares no more of the text than its length.
 * @param node by which it was compiled: this one
 */
export function sealed(text: Buffer, compiled: Buffer, node = NODE): Buffer {
  return Buffer.concat([sealOf(text, compiled, node), compiled]);
}

function compiledOf(path: string, text: Buffer): Buffer | null {
  const content = contentOf(path + COMPILED);
  if (content === null) return null;
  const compiled = content.subarray(SEAL_BYTES);
  return sealOf(text, compiled, NODE).equals(content.subarray(0, SEAL_BYTES)) ? compiled : null;
}

function contentOf(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    // It is there for speed alone.
    return null;
  }
}

function sealOf(text: Buffer, compiled: Buffer, node: string): Buffer {
  return createHash('sha256').update(`${node}\0`).update(text).update(compiled).digest();
}
