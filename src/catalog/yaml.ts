import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { visible } from '../model/text.ts';
import { bug } from '../model/errors.ts';

/** A place in a file; both count from 1. */
export interface FilePlace {
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with a file. `path` is `hashes.0`, empty for the file as a whole. */
export interface FileFault extends FilePlace {
  readonly path: string;
  readonly message: string;
}

type Parsed<T> =
  /** `placeOf`: where the value of a path (`['hashes', 0]`) stands, for faults that only show beside other files. */
  | { readonly ok: true; readonly value: T; readonly placeOf: (path: Path) => FilePlace }
  | { readonly ok: false; readonly faults: readonly FileFault[] };

/** What this file needs of a zod schema. */
interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: readonly SchemaIssue[] } };
}

interface SchemaIssue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
  readonly expected?: string;
}

/**
 * `typed`: numbers and true/false as YAML's core schema has them. `text`: every value is text exactly as it stands, so
 * that a serial such as 0012 keeps its zeros.
 */
export type Scalars = 'typed' | 'text';

/** Offsets of a key and of its value in the file. */
interface Place {
  readonly key: number;
  readonly value: number;
}

interface Walk {
  readonly places: Map<string, Place>;
  readonly faults: { offset: number; path: Path; message: string }[];
}

type Path = readonly PropertyKey[];

/** Parses and judges a YAML file; all its faults at once, in the order of the file. Aliases, directives and tags of one's own are faults. */
export function parseYaml<T>(text: string, schema: Schema<T>, scalars: Scalars = 'typed'): Parsed<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: scalars === 'text' ? 'failsafe' : 'core',
  });
  const walk: Walk = { places: new Map(), faults: [] };
  for (const error of [...document.errors, ...document.warnings]) {
    walk.faults.push({ offset: error.pos[0], path: [], message: syntaxMessage(error) });
  }
  if (document.directives.yaml.explicit === true) {
    walk.faults.push({ offset: 0, path: [], message: 'a %YAML directive has no place here' });
  }
  const broken = walk.faults.some((fault) => fault.message.startsWith(SYNTAX));
  const value = valueOfNode(document.contents, [], walk);
  const judged = schema.safeParse(value);
  if (!judged.success) for (const issue of judged.error.issues) addIssue(issue, walk, document, broken);
  if (walk.faults.length === 0 && judged.success) {
    const placeOf = (path: Path): FilePlace => placeAt(walk.places.get(placeKey(path))?.value ?? 0, lines);
    return { ok: true, value: judged.data, placeOf };
  }
  return { ok: false, faults: walk.faults.sort((a, b) => a.offset - b.offset).map((fault) => placed(fault, lines)) };
}

/** Faults as an editor's error list reads them: `file:line:column: path: message`, a line each. */
export function listFaults(file: string, faults: readonly FileFault[]): string {
  return faults
    .map(
      ({ line, column, path, message }) =>
        `${visible(file)}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`,
    )
    .join('\n');
}

const SYNTAX = 'not YAML: ';

function syntaxMessage(error: YAMLError): string {
  if (error.code === 'DUPLICATE_KEY') return 'this key stands here a second time';
  if (error.code === 'TAG_RESOLVE_FAILED') return `unknown tag (${visible(error.message)})`;
  return `${SYNTAX}${visible(error.message)}`;
}

function placed(fault: Walk['faults'][number], lines: LineCounter): FileFault {
  return { ...placeAt(fault.offset, lines), path: pathText(fault.path), message: fault.message };
}

function placeAt(offset: number, lines: LineCounter): FilePlace {
  const { line, col } = lines.linePos(offset);
  // An empty file has no first line to the counter.
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function pathText(path: Path): string {
  return path.map((step) => visible(String(step))).join('.');
}

/** Plain values of a node; notes where each one stands. Our own walk: the library's would follow aliases and throw. */
function valueOfNode(node: unknown, path: Path, walk: Walk): unknown {
  if (node === null || node === undefined) return null;
  if (isScalar(node)) return node.value;
  if (isMap(node)) return mapValue(node, path, walk);
  if (isSeq(node)) {
    return node.items.map((item, index) => {
      walk.places.set(placeKey([...path, index]), { key: startOf(item), value: startOf(item) });
      return valueOfNode(item, [...path, index], walk);
    });
  }
  if (!isAlias(node)) throw bug('yaml: a node of no known kind');
  walk.faults.push({ offset: startOf(node), path, message: 'aliases (*name) have no place here: write the value' });
  return null;
}

function mapValue(map: YAMLMap, path: Path, walk: Walk): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (const pair of map.items) {
    const name = isScalar(pair.key) ? String(pair.key.value) : null;
    if (name === null || name === '__proto__') {
      walk.faults.push({ offset: startOf(pair.key), path, message: 'not a key that is known here' });
      continue;
    }
    const at = [...path, name];
    walk.places.set(placeKey(at), { key: startOf(pair.key), value: startOf(pair.value) });
    entries.push([name, valueOfNode(pair.value, at, walk)]);
  }
  return Object.fromEntries(entries);
}

function addIssue(issue: SchemaIssue, walk: Walk, document: Document, broken: boolean): void {
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys ?? []) {
      const path = [...issue.path, key];
      walk.faults.push({
        offset: walk.places.get(placeKey(path))?.key ?? 0,
        path,
        message: 'not a key that is known here',
      });
    }
    return;
  }
  const place = walk.places.get(placeKey(issue.path));
  if (place !== undefined || issue.path.length === 0) {
    walk.faults.push({
      offset: place?.value ?? startOf(document.contents),
      path: issue.path,
      message: issueMessage(issue),
    });
    return;
  }
  // In a file that is no YAML a key may be "missing" only because the parser lost it.
  if (broken) return;
  const parent = walk.places.get(placeKey(issue.path.slice(0, -1)))?.value ?? startOf(document.contents);
  walk.faults.push({ offset: parent, path: issue.path, message: 'is missing' });
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text (in quotes, where it looks like a number)',
  number: 'a whole number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a list of keys with values',
};

function issueMessage(issue: SchemaIssue): string {
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) return issue.message;
  return `must be ${KINDS[issue.expected ?? ''] ?? issue.expected ?? 'something else'}`;
}

function placeKey(path: Path): string {
  return JSON.stringify(path.map(String));
}

function startOf(node: unknown): number {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : null;
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : 0;
}
