/** What the rules of the house know of one file. */
import type { Node } from 'typescript/unstable/ast';

export interface Place {
  readonly name: string;
  readonly line: number;
}

export interface Import {
  readonly line: number;
  /** A file of the house by its path from the root, a package by its name, or `node:…`. */
  readonly target: string;
  /** Ends with `.ts` and lies in the house. */
  readonly isOurs: boolean;
  readonly isTypeOnly: boolean;
  /** What is imported; null: perhaps everything. */
  readonly names: readonly string[] | null;
}

export interface Export extends Place {
  readonly isType: boolean;
  /** Another export of the file names it: it is part of that one's face. */
  readonly isNamed: boolean;
}

/** `member`: what is read of it, as `random` of `Math.random`. */
export interface FreeName extends Place {
  readonly member: string | null;
}

export interface FunctionLength extends Place {
  readonly lineCount: number;
}

export interface Module {
  /** From the root, as `src/main.ts`. */
  readonly path: string;
  readonly text: string;
  readonly lineCount: number;
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  readonly functions: readonly FunctionLength[];
  /** Every identifier. */
  readonly identifiers: readonly Place[];
  /** Names used as values that the file neither declares nor imports: globals. */
  readonly freeNames: readonly FreeName[];
  /** Lines with the type `any`. */
  readonly anyLines: readonly number[];
}

export type House = readonly Module[];

export function lineOf(node: Node): number {
  const source = node.getSourceFile();
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}

export function placeOf(node: Node): Place {
  return { name: node.getText(), line: lineOf(node) };
}
