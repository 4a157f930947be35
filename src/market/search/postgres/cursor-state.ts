/** What a cursor of this engine holds: how its page was found, behind which row it ended, and what its words meant. */
import { isId } from '../../../protocol/ids.ts';
import { notOfThisList } from '../cursor.ts';
import type { CursorState } from '../engine.ts';
import type { SortOrder } from './statements.ts';

export interface State {
  /** An order was walked, because too many match to read them all. */
  readonly isWalked: boolean;
  readonly isRelaxed: boolean;
  readonly key: readonly (string | number)[];
  /** null: there was more than a cursor holds, and later pages find it out again. */
  readonly memory: readonly string[] | null;
}

const walked = 1;
const relaxed = 2;
const forgotten = 4;

/** Beside the rest of a cursor of 500 characters. */
const memoryBytesMax = 220;

export function stateOf({ isWalked, isRelaxed, key, memory }: State): CursorState {
  const isKept = memory !== null && Buffer.byteLength(JSON.stringify(memory)) <= memoryBytesMax;
  const flags = (isWalked ? walked : 0) + (isRelaxed ? relaxed : 0) + (isKept ? 0 : forgotten);
  return [flags, ...key, ...(isKept ? memory : [])];
}

/** Of an untrusted cursor. Refuses with `validation_failed`. */
export function readState([flags, ...rest]: CursorState, { columns }: SortOrder): State {
  const key = rest.slice(0, columns.length);
  const memory = rest.slice(columns.length);
  const isKey = columns.every((column, i) =>
    column === 'product_id'
      ? typeof key[i] === 'string' && isId('product', key[i])
      : typeof key[i] === 'number',
  );
  const isMemory = memory.every((text) => typeof text === 'string' && memoryPattern.test(text));
  if (typeof flags !== 'number' || flags < 0 || flags > 7 || !isKey || !isMemory) throw notOfThisList();
  return {
    isWalked: (flags & walked) !== 0,
    isRelaxed: (flags & relaxed) !== 0,
    key,
    memory: (flags & forgotten) !== 0 ? null : (memory as string[]),
  };
}

/** A question's kind, its word, and the words it was answered with. */
const memoryPattern = /^[cp][\p{L}\p{N}]{1,40}=(?:[\p{L}\p{N}]{1,40}(?:[ |][\p{L}\p{N}]{1,40}){0,30})?$/u;
