/** Every way in which a file can import another: declared, type-only, re-exported, dynamic, and in a type. */
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import {
  isCallExpression,
  isExportDeclaration,
  isIdentifier,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isNamedExports,
  isNamedImports,
  isObjectBindingPattern,
  isPropertyAccessExpression,
  isStringLiteral,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is';
import { type Import, lineOf } from './module.ts';

interface Found {
  readonly specifier: Node | undefined;
  readonly isTypeOnly: boolean;
  readonly names: readonly string[] | null;
}

/** `resolve` turns a relative specifier into a path from the root. */
export function importsOf(node: Node, resolve: (specifier: string) => string): Import[] {
  const found = declared(node) ?? reExported(node) ?? called(node) ?? inType(node);
  if (!found?.specifier || !isStringLiteral(found.specifier)) return [];
  const specifier = found.specifier.text;
  const isOurs = specifier.startsWith('.');
  const target = isOurs ? resolve(specifier) : packageOf(specifier);
  return [{ line: lineOf(node), target, isOurs, isTypeOnly: found.isTypeOnly, names: found.names }];
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function declared(node: Node): Found | null {
  if (!isImportDeclaration(node)) return null;
  const { importClause: clause, moduleSpecifier: specifier } = node;
  if (!clause) return { specifier, isTypeOnly: false, names: [] };
  const isTypeOnly = clause.phaseModifier === SyntaxKind.TypeKeyword;
  const bindings = clause.namedBindings;
  if (!bindings) return { specifier, isTypeOnly, names: ['default'] };
  if (!isNamedImports(bindings)) return { specifier, isTypeOnly, names: null };
  const elements = [...bindings.elements];
  const names = elements.map(({ propertyName, name }) => (propertyName ?? name).getText());
  const areTypes = elements.length > 0 && !clause.name && elements.every((element) => element.isTypeOnly);
  return { specifier, isTypeOnly: isTypeOnly || areTypes, names };
}

function reExported(node: Node): Found | null {
  if (!isExportDeclaration(node)) return null;
  const { exportClause: clause, moduleSpecifier: specifier, isTypeOnly } = node;
  if (!clause || !isNamedExports(clause)) return { specifier, isTypeOnly, names: null };
  const names = [...clause.elements].map(({ propertyName, name }) => (propertyName ?? name).getText());
  return { specifier, isTypeOnly, names };
}

function called(node: Node): Found | null {
  if (!isCallExpression(node) || node.expression.kind !== SyntaxKind.ImportKeyword) return null;
  return { specifier: node.arguments[0], isTypeOnly: false, names: namesTakenFrom(node) };
}

/** Of `(await import('…')).name` and `const { name } = await import('…')`. */
function namesTakenFrom(call: Node): readonly string[] | null {
  let node = call.parent;
  while (node.kind === SyntaxKind.AwaitExpression || node.kind === SyntaxKind.ParenthesizedExpression)
    node = node.parent;
  if (isPropertyAccessExpression(node)) return [node.name.getText()];
  if (!isVariableDeclaration(node) || !isObjectBindingPattern(node.name)) return null;
  return [...node.name.elements].map(({ propertyName, name }) => (propertyName ?? name)?.getText() ?? '');
}

/** `import('…').Name`, and `typeof import('…')`. */
function inType(node: Node): Found | null {
  if (!isImportTypeNode(node) || !isLiteralTypeNode(node.argument)) return null;
  const { qualifier, argument } = node;
  const name = qualifier && isIdentifier(qualifier) ? qualifier.text : null;
  return { specifier: argument.literal, isTypeOnly: true, names: name === null ? null : [name] };
}
