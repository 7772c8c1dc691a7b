import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';

/** One `import`, `export … from`, `import('…')` or type `import('…')` of a source file. */
export interface Import {
  /** Path of the importing file below `src`, with `/`: `cli/run.ts`. */
  readonly from: string;
  readonly line: number;
  /** Path below `src` of a file of ours, or null. */
  readonly file: string | null;
  /** Package or built-in module as written, or null for files of ours. */
  readonly module: string | null;
  /** Names taken as values; `*` for all of them or for a module that is imported for its effects. Empty: types only. */
  readonly values: readonly string[];
}

/** A source file and what it takes of the world by name. */
export interface SourceFile {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  /** Globals among the asked-for ones that it uses as values, with their lines. */
  readonly globals: readonly { readonly name: string; readonly line: number }[];
  /** Texts in quotes; of a template its beginning. Module names are left out. */
  readonly strings: readonly { readonly text: string; readonly line: number }[];
  /** Identifiers of every kind. */
  readonly names: readonly { readonly name: string; readonly line: number }[];
}

/** Parses every `.ts` below a folder with the compiler's own parser. */
export function parseSources(src: string, globals: readonly string[]): SourceFile[] {
  return readdirSync(src, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(src.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort()
    .map((path) => parseSource(path, readFileSync(join(src, path), 'utf8'), globals));
}

/** Exported for tests of the law itself. */
export function parseSource(path: string, text: string, globals: readonly string[]): SourceFile {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  const used: { name: string; line: number }[] = [];
  const strings: { text: string; line: number }[] = [];
  const names: { name: string; line: number }[] = [];
  const lineOf = (node: ts.Node): number => tree.getLineAndCharacterOfPosition(node.getStart()).line + 1;
  const add = (node: ts.Node, specifier: ts.Node, values: readonly string[]): void => {
    if (!ts.isStringLiteral(specifier)) return;
    const ours = specifier.text.startsWith('.');
    imports.push({
      from: path,
      line: lineOf(node),
      file: ours ? posix.join(dirname(path), specifier.text) : null,
      module: ours ? null : specifier.text,
      values,
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, valuesOf(node.importClause));
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined)
      add(node, node.moduleSpecifier, exportedValues(node));
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node, node.arguments[0] ?? node, ['*']);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, []);
    else if (ts.isIdentifier(node) && globals.includes(node.text) && isReference(node))
      used.push({ name: node.text, line: lineOf(node) });
    if ((ts.isStringLiteralLike(node) || ts.isTemplateHead(node)) && !isModuleName(node))
      strings.push({ text: node.text, line: lineOf(node) });
    if (ts.isIdentifier(node)) names.push({ name: node.text, line: lineOf(node) });
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return { path, lines: text.split('\n').length - 1, imports, globals: used, strings, names };
}

function isModuleName({ parent }: ts.Node): boolean {
  return ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent);
}

function valuesOf(clause: ts.ImportClause | undefined): string[] {
  if (clause === undefined) return ['*'];
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return [];
  const { name, namedBindings } = clause;
  const named =
    namedBindings === undefined
      ? []
      : ts.isNamespaceImport(namedBindings)
        ? ['*']
        : namedBindings.elements
            .filter((each) => !each.isTypeOnly)
            .map((each) => (each.propertyName ?? each.name).text);
  return [...(name === undefined ? [] : ['default']), ...named];
}

function exportedValues(node: ts.ExportDeclaration): string[] {
  if (node.isTypeOnly) return [];
  const clause = node.exportClause;
  if (clause === undefined || ts.isNamespaceExport(clause)) return ['*'];
  return clause.elements.filter((each) => !each.isTypeOnly).map((each) => (each.propertyName ?? each.name).text);
}

/** Not the name of a property, a type, or something declared here. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return false;
  if (ts.isQualifiedName(parent) || ts.isTypeNode(parent)) return false;
  if ((ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) && parent.name === node) return false;
  return !((ts.isParameter(parent) || ts.isVariableDeclaration(parent)) && parent.name === node);
}
