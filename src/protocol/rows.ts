/**
 * Rows: commands of one type to one actor that travel, are decided and are recorded together. Under a rush all commands
 * of a turn go to the same actor: what a command costs alone (message, look-ups, decision, event, record, reply) a
 * group of them costs once.
 *
 * 1. A noun declares which of a command's fields all rows of a group share (texts), and what a row is: numbers and ids
 *    in 32-bit words, one row after the other. What is neither (a short text or list) stands beside them, and its word says
 *    where. Writer and reader are made from the declaration, once.
 * 2. A command whose fields do not fit its row (an id that is no UUID, a number that is no unsigned 32-bit one, a long list)
 *    travels alone, as the object that it is. So nothing is ever rounded or cut.
 * 3. Rows of a group are decided one after the other, in their order: each sees what those before it did.
 * 4. An answer names what all accepted rows have in common once; every other row has an answer of its own.
 */
import type { Accepted, Code } from './codes.ts';
import { wordsOf } from './row-words.ts';
import { readUuid, tryWriteUuid, uuidSpace, uuidWords } from './uuid-words.ts';

/**
 * `uuid`: a UUID in lower case after the prefix, four words. `u32`: one word. `time`: milliseconds, two words. `text` and
 * `list`: one word, its place among what stands beside the rows.
 */
export type Column = (
  | { readonly type: 'uuid'; readonly prefix: string }
  | { readonly type: 'u32' | 'time' | 'text' | 'list' }
) & {
  readonly isOptional?: true;
};

export const u32: Column = { type: 'u32' };
export const time: Column = { type: 'time' };
/** Of at most `besideMax` characters. */
export const text: Column = { type: 'text' };
/** Of at most `besideMax` entries. */
export const list: Column = { type: 'list' };
export const uuid = (prefix = ''): Column => ({ type: 'uuid', prefix });
/** For a field that may be null or absent: then its words are 0, and a value that is all 0 itself fits no row. */
export const optional = (column: Column): Column => ({ ...column, isOptional: true });

/** Rows that travel in one group: a bound of what one decision takes. */
export const groupRowsMax = 256;
const besideMax = 64;

/** What a command's rows are. `Fields` are those of the command, `Common` what the answers of accepted rows share. */
export interface RowsOf<Fields = object, Common = unknown, Reply = unknown> {
  /** Shared by all rows of a group: texts. */
  readonly group: readonly (keyof Fields & string)[];
  readonly row: { readonly [Name in keyof Fields & string]?: Column };
  /** The reply to an accepted row, from what all of them share and the row's own fields; it is the `nth` of them, from 0. */
  view(common: Common, fields: Fields, nth: number): Reply;
}

const nothing: readonly never[] = [];
const wordsByType = { uuid: uuidWords, u32: 1, time: 2, text: 1, list: 1 } as const;
const twoWords = 2 ** 32;

/** A declaration in the form in which it is used. */
export class RowLayout {
  readonly groupNames: readonly string[];
  readonly view: (common: unknown, fields: object, nth: number) => unknown;
  /** 32-bit words of a row. */
  readonly words: number;
  readonly #columns: readonly { readonly name: string; readonly at: number; readonly column: Column }[];

  constructor({ group, row, view }: RowsOf) {
    this.groupNames = group;
    this.view = view;
    let words = 0;
    this.#columns = Object.entries(row as Record<string, Column>).map(([name, column]) => {
      const at = words;
      words += wordsByType[column.type];
      return { name, at, column };
    });
    this.words = words;
  }

  /** Where the column begins in a row. */
  at(name: string): number {
    return this.#columns.find((each) => each.name === name)!.at;
  }

  /** Writes a row; false when the fields do not fit, and then what stands there means nothing. */
  write(fields: object, words: Int32Array, from: number, beside: unknown[]): boolean {
    const besideBefore = beside.length;
    for (const { name, at, column } of this.#columns) {
      const value = (fields as Record<string, unknown>)[name];
      if (writeColumn(column, value, words, from + at, beside)) continue;
      beside.length = besideBefore;
      return false;
    }
    return true;
  }

  /** The fields of a row. */
  read(words: Int32Array, from: number, beside: Rows['beside'] = nothing): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    for (const { name, at, column } of this.#columns)
      fields[name] = isBeside(column) ? beside[words[from + at]!] : readColumn(column, words, from + at);
    return fields;
  }
}

function isBeside({ type }: Column): boolean {
  return type === 'text' || type === 'list';
}

function writeColumn(
  column: Column,
  value: unknown,
  words: Int32Array,
  at: number,
  beside: unknown[],
): boolean {
  if (isBeside(column)) {
    const isRight = column.type === 'text' ? typeof value === 'string' : Array.isArray(value);
    if (!isRight || (value as string | unknown[]).length > besideMax) return false;
    words[at] = beside.push(value) - 1;
    return true;
  }
  if (column.isOptional !== true) return writeValue(column, value, words, at);
  const count = wordsByType[column.type];
  if (value !== null && value !== undefined)
    return writeValue(column, value, words, at) && !isZero(words, at, count);
  words.fill(0, at, at + count);
  return true;
}

function isZero(words: Int32Array, at: number, count: number): boolean {
  let bits = 0;
  for (let n = 0; n < count; n++) bits |= words[at + n]!;
  return bits === 0;
}

function writeValue(column: Column, value: unknown, words: Int32Array, at: number): boolean {
  if (column.type === 'uuid')
    return typeof value === 'string' && tryWriteUuid(value, column.prefix, words, at);
  if (typeof value !== 'number') return false;
  if (column.type === 'u32') {
    words[at] = value;
    return words[at]! >>> 0 === value;
  }
  writeTime(value, words, at);
  return readTime(words, at) === value;
}

function readColumn(column: Column, words: Int32Array, at: number): unknown {
  if (column.isOptional === true && isZero(words, at, wordsByType[column.type])) return null;
  if (column.type === 'uuid') return readUuid(words, at, uuidSpace(column.prefix));
  return column.type === 'u32' ? words[at]! >>> 0 : readTime(words, at);
}

/** Writes milliseconds as two words. */
export function writeTime(atMs: number, words: Int32Array, at: number): void {
  words[at] = atMs;
  words[at + 1] = atMs / twoWords;
}

/** Milliseconds that stand in two words. */
export function readTime(words: Int32Array, at: number): number {
  return words[at + 1]! * twoWords + (words[at]! >>> 0);
}

/** A group as it is decided: a command whose rows stand in `words`. */
export interface Rows {
  readonly type: string;
  /** The fields that all rows share. */
  readonly group: Readonly<Record<string, string>>;
  readonly count: number;
  readonly words: Int32Array;
  /** The texts and lists of the rows. */
  readonly beside: readonly unknown[];
}

export function isRows(command: { readonly type: string }): command is Rows {
  return 'words' in command;
}

/** How many commands it stands for. */
export function rowCount(command: { readonly type: string }): number {
  return isRows(command) ? command.count : 1;
}

/** Rows as they came. */
export function rowsFrom(
  type: string,
  group: Rows['group'],
  count: number,
  bytes: Uint8Array,
  beside: Rows['beside'] = nothing,
): Rows {
  return { type, group, count, words: wordsOf(bytes), beside };
}

/** The answer to a group, as it travels: accepted rows share `code` and `common`, all others are listed. */
export type GroupAnswer = readonly [code: Accepted, common: unknown, others: readonly OtherRow[]];
type OtherRow = readonly [row: number, code: Code, body: unknown];

/** The answers of a group while it is decided. */
export class RowAnswers {
  readonly others: OtherRow[] = [];
  accepted = 0;

  /** To be called before the row is applied: from then on something has happened. */
  accept(): void {
    this.accepted++;
  }

  /** A row that is not accepted as new: refused, or a repeat. */
  other(row: number, code: Code, body: unknown): void {
    this.others.push([row, code, body]);
  }
}
