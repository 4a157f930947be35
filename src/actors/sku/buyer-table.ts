/**
 * What each buyer holds and has bought in one sale, in rows. A row outlives the buyer's units while a hold of theirs is
 * remembered, and the holds while units are owned: a limit does not come back when old holds are forgotten.
 */
import { Column } from '../../protocol/column.ts';
import { IdTable, type SavedIds } from '../../protocol/id-table.ts';
import type { Blocks } from '../../protocol/row-blocks.ts';
import type { Slices } from '../../protocol/slices.ts';
import type { Words } from '../../protocol/uuid-words.ts';

export class BuyerTable {
  readonly #ids = new IdTable('acc_');
  readonly #units = new Column();
  /** Holds that are remembered. */
  readonly #holds = new Column();

  id(row: number): string {
    return this.#ids.id(row);
  }

  isUuid(row: number, words: Words, at: number): boolean {
    return this.#ids.isUuid(row, words, at);
  }

  unitsOf(buyerId: string): number {
    return this.#unitsAt(this.#ids.find(buyerId));
  }

  unitsOfUuid(words: Words, at: number): number {
    return this.#unitsAt(this.#ids.findUuid(words, at));
  }

  /** The buyer's row, a new one where there is none. */
  rowOf(buyerId: string): number {
    const row = this.#ids.find(buyerId);
    return row < 0 ? this.#ids.add(buyerId) : row;
  }

  rowOfUuid(words: Words, at: number): number {
    const row = this.#ids.findUuid(words, at);
    return row < 0 ? this.#ids.addUuid(words, at) : row;
  }

  addUnits(row: number, units: number): void {
    this.#units.set(row, this.#units.get(row) + units);
    this.#dropUnused(row);
  }

  /** `holds`: 1 when one is placed, -1 when one is forgotten. */
  addHolds(row: number, holds: 1 | -1): void {
    this.#holds.set(row, this.#holds.get(row) + holds);
    this.#dropUnused(row);
  }

  save(blocks: Blocks): Slices<SavedIds> {
    return this.#ids.save([this.#units, this.#holds], blocks);
  }

  /** Into an empty table. */
  restore(saved: SavedIds, blocks: Blocks): Slices<void> {
    return this.#ids.restore(saved, [this.#units, this.#holds], blocks);
  }

  #unitsAt(row: number): number {
    return row < 0 ? 0 : this.#units.get(row);
  }

  #dropUnused(row: number): void {
    if (this.#units.get(row) === 0 && this.#holds.get(row) === 0) this.#ids.remove(row);
  }
}
