/**
 * The source as the house's rules see it: for every file its imports and exports, its functions and names. The
 * TypeScript compiler reads it; a rule's examples are small houses in memory, read in the same way.
 */
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import {
  isClassDeclaration,
  isIdentifier,
  isInterfaceDeclaration,
  isTypeAliasDeclaration,
  isVariableStatement,
} from 'typescript/unstable/ast/is';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API, type APIOptions } from 'typescript/unstable/sync';
import { importsOf } from './imports.ts';
import { type Export, type FunctionLength, type House, lineOf, type Module, placeOf } from './module.ts';
import { freeNamesOf } from './names.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const configFile = 'tsconfig.json';
/** The pages have the browser's globals, so they are a project of their own. */
const webConfigFile = 'src/web/tsconfig.json';

/** Everything that tsconfig.json includes, src, test and bench, and the pages. */
export function readHouse(): House {
  return [...read(root, configFile, {}), ...read(root, webConfigFile, {})];
}

/** A house of a few files, given by their paths from its root. */
export function houseOf(files: Readonly<Record<string, string>>): House {
  const folder = '/house';
  const compilerOptions = { noLib: true, types: [], module: 'nodenext', noEmit: true };
  const all: Record<string, string> = {
    [`${folder}/${configFile}`]: JSON.stringify({ compilerOptions, include: ['**/*.ts', '**/*.tsx'] }),
  };
  for (const [path, text] of Object.entries(files)) all[`${folder}/${path}`] = text;
  return read(folder, configFile, { fs: createVirtualFileSystem(all) });
}

function read(folder: string, configFile: string, options: APIOptions): House {
  const api = new API({ ...options, cwd: folder });
  try {
    const config = join(folder, configFile);
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    if (!project) throw new Error(`${config} cannot be read`);
    return project.rootFiles
      .map((file) => project.program.getSourceFile(file))
      .filter((source) => source !== undefined)
      .map((source) => moduleOf(relative(folder, source.fileName), source))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  } finally {
    api.close();
  }
}

function moduleOf(path: string, source: SourceFile): Module {
  const nodes = nodesIn(source);
  return {
    path,
    text: source.text,
    lineCount: source.text.split('\n').length - 1,
    imports: nodes.flatMap((node) => importsOf(node, (specifier) => join(dirname(path), specifier))),
    exports: exportsOf(source),
    functions: nodes.filter(isFunction).map(lengthOf),
    identifiers: nodes.filter(isIdentifier).map(placeOf),
    freeNames: freeNamesOf(nodes),
    anyLines: nodes.filter((node) => node.kind === SyntaxKind.AnyKeyword).map(lineOf),
  };
}

function nodesIn(parent: Node): Node[] {
  const nodes: Node[] = [];
  const visit = (node: Node): void => {
    nodes.push(node);
    node.forEachChild(visit);
  };
  parent.forEachChild(visit);
  return nodes;
}

function isFunction(node: Node): boolean {
  switch (node.kind) {
    case SyntaxKind.FunctionDeclaration:
    case SyntaxKind.FunctionExpression:
    case SyntaxKind.ArrowFunction:
    case SyntaxKind.MethodDeclaration:
    case SyntaxKind.Constructor:
    case SyntaxKind.GetAccessor:
    case SyntaxKind.SetAccessor:
      return true;
    default:
      return false;
  }
}

function lengthOf(node: Node): FunctionLength {
  const source = node.getSourceFile();
  const line = lineOf(node);
  const lastLine = source.getLineAndCharacterOfPosition(node.getEnd()).line + 1;
  return { name: nameOfFunction(node), line, lineCount: lastLine - line + 1 };
}

/** Of a callback, what it is given to: `describe('…')`. */
function nameOfFunction(node: Node): string {
  const named = nameIn(node) ?? nameIn(node.parent);
  if (named) return named.getText();
  if (node.parent.kind !== SyntaxKind.CallExpression) return '(anonymous)';
  const text = node.parent.getText();
  return text.slice(0, text.search(/[(<]/));
}

function nameIn(node: Node): Node | undefined {
  return 'name' in node ? (node.name as Node | undefined) : undefined;
}

function exportsOf(source: SourceFile): Export[] {
  const statements = [...source.statements].filter(isExported);
  const namesByStatement = statements.map(
    (statement) =>
      new Set(
        nodesIn(statement)
          .filter(isIdentifier)
          .map(({ text }) => text),
      ),
  );
  return statements.flatMap((statement, index) =>
    namesOf(statement).map((node) => ({
      ...placeOf(node),
      isType: isTypeDeclaration(statement),
      isNamed: namesByStatement.some((names, other) => other !== index && names.has(node.getText())),
    })),
  );
}

/** A class, too, is there for its name when another export makes it. */
function isTypeDeclaration(statement: Node): boolean {
  return (
    isInterfaceDeclaration(statement) || isTypeAliasDeclaration(statement) || isClassDeclaration(statement)
  );
}

function isExported(statement: Node): boolean {
  const modifiers = 'modifiers' in statement ? ((statement.modifiers ?? []) as readonly Node[]) : [];
  return modifiers.some(({ kind }) => kind === SyntaxKind.ExportKeyword);
}

function namesOf(statement: Node): Node[] {
  if (!isVariableStatement(statement)) return [nameIn(statement)].filter((name) => name !== undefined);
  return [...statement.declarationList.declarations].map(({ name }) => name);
}
