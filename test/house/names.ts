/** The names that a file uses as values without declaring or importing them: globals such as `process`. */
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import {
  isClassDeclaration,
  isHeritageClause,
  isIdentifier,
  isPropertyAccessExpression,
} from 'typescript/unstable/ast/is';
import { type FreeName, placeOf } from './module.ts';

export function freeNamesOf(nodes: readonly Node[]): FreeName[] {
  const identifiers = nodes.filter(isIdentifier);
  const declared = new Set(identifiers.filter(isDeclared).map(({ text }) => text));
  return identifiers.filter((node) => isValue(node) && !declared.has(node.text)).map(freeName);
}

function freeName(node: Node): FreeName {
  const { parent } = node;
  const isRead = isPropertyAccessExpression(parent) && parent.expression === node;
  return { ...placeOf(node), member: isRead ? parent.name.getText() : null };
}

const isNameOf = (node: Node, parent: Node, property: string): boolean =>
  (parent as Node & Readonly<Record<string, unknown>>)[property] === node;

/** Variables, parameters, functions, classes, imports; wherever in the file. */
function isDeclared(node: Node): boolean {
  const { parent } = node;
  switch (parent.kind) {
    case SyntaxKind.VariableDeclaration:
    case SyntaxKind.Parameter:
    case SyntaxKind.BindingElement:
    case SyntaxKind.FunctionDeclaration:
    case SyntaxKind.FunctionExpression:
    case SyntaxKind.ClassDeclaration:
    case SyntaxKind.ImportSpecifier:
    case SyntaxKind.ImportClause:
    case SyntaxKind.NamespaceImport:
      return isNameOf(node, parent, 'name');
    default:
      return false;
  }
}

function isValue(node: Node): boolean {
  const { parent } = node;
  switch (parent.kind) {
    case SyntaxKind.TypeReference:
    case SyntaxKind.QualifiedName:
    case SyntaxKind.TypeQuery:
    case SyntaxKind.TypePredicate:
    case SyntaxKind.ImportType:
    case SyntaxKind.ExpressionWithTypeArguments:
      return isBaseClass(parent);
    case SyntaxKind.ExportSpecifier:
    case SyntaxKind.ImportSpecifier:
      return false;
    case SyntaxKind.ShorthandPropertyAssignment:
      return true;
    default:
      return !isNameOf(node, parent, 'name') && !isNameOf(node, parent, 'propertyName');
  }
}

/** Of a class, not of an interface, and not after `implements`. */
function isBaseClass(node: Node): boolean {
  const clause = node.parent;
  return (
    isHeritageClause(clause) &&
    clause.token === SyntaxKind.ExtendsKeyword &&
    isClassDeclaration(clause.parent)
  );
}
