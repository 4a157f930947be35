/**
 * Rows that are found by an id: a prefix and a UUID in sixteen bytes. Any other text works as well, and stands beside
 * the table.
 */
import { Column } from './column.ts';
import { type Blocks, restoreRows, type SavedColumn, type SavedRows, saveRows } from './row-blocks.ts';
import { RowKeys } from './row-keys.ts';
import type { Slices } from './slices.ts';
import { readUuid, tryWriteUuid, uuidSpace, uuidWords, type Words } from './uuid-words.ts';

const scratch = new Uint32Array(uuidWords);

/** Ids that are no UUID after the prefix, by their rows. */
export type OtherIds = [row: number, id: string][];

export interface SavedIds extends SavedRows {
  readonly firstFree: number;
  readonly others: OtherIds;
}

export class IdTable {
  readonly #prefix: string;
  readonly #keys = new RowKeys(uuidWords);
  readonly #space: number[];
  /** Ids that are no UUID after the prefix, by their rows; their words are a digest. */
  readonly #others = new Map<number, string>();

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#space = uuidSpace(prefix);
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Rows have numbers below it. */
  get end(): number {
    return this.#keys.end;
  }

  /** The row of an id; -1: there is none. */
  find(id: string): number {
    if (tryWriteUuid(id, this.#prefix, scratch, 0)) return this.findUuid(scratch, 0);
    if (this.#others.size === 0) return -1;
    digest(id, scratch);
    return this.#keys.find(scratch, 0, (row) => this.#others.get(row) === id);
  }

  findUuid(words: Words, at: number): number {
    return this.#keys.find(words, at, this.#others.size === 0 ? null : (row) => !this.#others.has(row));
  }

  /** Whether that is the row's id. */
  isUuid(row: number, words: Words, at: number): boolean {
    for (let n = 0; n < uuidWords; n++) if (this.#keys.word(row, n) !== words[at + n]! >>> 0) return false;
    return !this.#others.has(row);
  }

  /** A new row for an id that has none. */
  add(id: string): number {
    if (tryWriteUuid(id, this.#prefix, scratch, 0)) return this.#keys.add(scratch, 0);
    digest(id, scratch);
    const row = this.#keys.add(scratch, 0);
    this.#others.set(row, id);
    return row;
  }

  addUuid(words: Words, at: number): number {
    return this.#keys.add(words, at);
  }

  remove(row: number): void {
    this.#keys.remove(row);
    this.#others.delete(row);
  }

  /** `columns`: what else a row has. */
  *save(columns: readonly SavedColumn[], blocks: Blocks): Slices<SavedIds> {
    const rows = yield* saveRows([...this.#keys.columns(), ...columns], this.end, blocks);
    return { ...rows, firstFree: this.#keys.firstFree, others: [...this.#others] };
  }

  /** Into an empty table. */
  *restore(saved: SavedIds, columns: readonly SavedColumn[], blocks: Blocks): Slices<void> {
    yield* restoreRows([...this.#keys.columns(), ...columns], saved, blocks);
    for (const [row, id] of saved.others) this.#others.set(row, id);
    yield* this.#keys.restored(saved.firstFree);
  }

  id(row: number): string {
    const other = this.#others.get(row);
    if (other !== undefined) return other;
    for (let n = 0; n < uuidWords; n++) scratch[n] = this.#keys.word(row, n);
    return readUuid(scratch, 0, this.#space);
  }
}

/** Four words of FNV-1a, each from another beginning. */
function digest(text: string, out: Uint32Array): void {
  for (let n = 0; n < uuidWords; n++) {
    let hash = 0x811c9dc5 ^ n;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    out[n] = hash;
  }
}

/** Ids in rows that nobody is looked for by. */
export class IdColumn {
  readonly #prefix: string;
  readonly #words = Array.from({ length: uuidWords }, () => new Column());
  readonly #space: number[];
  readonly #others = new Map<number, string>();

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#space = uuidSpace(prefix);
  }

  set(row: number, id: string | null): void {
    if (this.#others.size > 0) this.#others.delete(row);
    const isUuid = id !== null && tryWriteUuid(id, this.#prefix, scratch, 0);
    if (!isUuid && id !== null) this.#others.set(row, id);
    for (let n = 0; n < uuidWords; n++) this.#words[n]!.set(row, isUuid ? scratch[n]! : 0);
  }

  setUuid(row: number, words: Words, at: number): void {
    if (this.#others.size > 0) this.#others.delete(row);
    for (let n = 0; n < uuidWords; n++) this.#words[n]!.set(row, words[at + n]! >>> 0);
  }

  /** Whether that is the row's id. All words 0 are none. */
  isUuid(row: number, words: Words, at: number): boolean {
    let bits = 0;
    for (let n = 0; n < uuidWords; n++) {
      const word = this.#words[n]!.get(row);
      if (word !== words[at + n]! >>> 0) return false;
      bits |= word;
    }
    return bits !== 0 && !this.#others.has(row);
  }

  /** To be saved and restored, with `others`. */
  get columns(): readonly SavedColumn[] {
    return this.#words;
  }

  get others(): OtherIds {
    return [...this.#others];
  }

  set others(others: OtherIds) {
    for (const [row, id] of others) this.#others.set(row, id);
  }

  get(row: number): string | null {
    const other = this.#others.get(row);
    if (other !== undefined) return other;
    let bits = 0;
    for (let n = 0; n < uuidWords; n++) {
      scratch[n] = this.#words[n]!.get(row);
      bits |= scratch[n]!;
    }
    return bits === 0 ? null : readUuid(scratch, 0, this.#space);
  }
}
