/** What each ticket of one sale holds and has bought of a sku, in rows, and which of them the sale has not heard of yet. */
import { Column } from '../../protocol/column.ts';
import {
  Blocks,
  restoreRows,
  type SavedColumn,
  type SavedRows,
  saveRows,
} from '../../protocol/row-blocks.ts';
import { RowKeys } from '../../protocol/row-keys.ts';
import type { Slices } from '../../protocol/slices.ts';

export type TicketRow = [ticketNumber: number, held: number, sold: number];

export interface SavedTickets extends SavedRows {
  readonly firstFree: number;
  /** Rows that the sale has not heard of, in their order. */
  readonly changed: SavedRows & { readonly blocks: readonly Uint8Array[] };
}

/** Changed rows in a piece of a snapshot: part of its format. */
export const changesPerBlock = 2_000;

const scratch = new Uint32Array(1);

export class TicketUnits {
  readonly #numbers = new RowKeys(1);
  readonly #held = new Column();
  readonly #sold = new Column();
  readonly #isChanged = new Column();
  /** Rows that changed since they were last reported, in the order in which they changed first. */
  #changed: number[] = [];

  get hasChanges(): boolean {
    return this.#changed.length > 0;
  }

  /** Adds to what the ticket holds and has bought, and marks it as changed. */
  add(ticketNumber: number, held: number, sold: number): void {
    const row = this.#rowOf(ticketNumber);
    this.#held.set(row, this.#held.get(row) + held);
    this.#sold.set(row, this.#sold.get(row) + sold);
    this.#mark(row);
  }

  /** The first `count` that changed: they count as told. Those that own nothing any more are forgotten. */
  takeChanges(count: number): TicketRow[] {
    const rows = this.#changed.splice(0, count);
    const told = rows.map((row) => this.#row(row));
    for (const row of rows) {
      this.#isChanged.set(row, 0);
      if (this.#held.get(row) === 0 && this.#sold.get(row) === 0) this.#numbers.remove(row);
    }
    return told;
  }

  *save(blocks: Blocks): Slices<SavedTickets> {
    const rows = yield* saveRows(this.#columns(), this.#numbers.end, blocks);
    const inSlices = new Blocks(changesPerBlock);
    const list: SavedColumn = { get: (index) => this.#changed[index]!, set: () => {} };
    const changed = yield* saveRows([list], this.#changed.length, inSlices);
    return { ...rows, firstFree: this.#numbers.firstFree, changed: { ...changed, blocks: inSlices.all } };
  }

  /** Into an empty table. */
  *restore(saved: SavedTickets, blocks: Blocks): Slices<void> {
    yield* restoreRows(this.#columns(), saved, blocks);
    yield* this.#numbers.restored(saved.firstFree);
    const { changed } = saved;
    const list: SavedColumn = { get: (index) => this.#changed[index]!, set: (_, row) => this.#mark(row) };
    yield* restoreRows([list], changed, new Blocks(changesPerBlock, changed.blocks));
  }

  /** As it was saved by earlier versions, one by one. */
  put(ticketNumber: number, held: number, sold: number): void {
    const row = this.#rowOf(ticketNumber);
    this.#held.set(row, held);
    this.#sold.set(row, sold);
  }

  /** As it was saved by earlier versions: the sale has not heard of it. */
  putChanged(ticketNumber: number): void {
    this.#mark(this.#rowOf(ticketNumber));
  }

  #columns(): SavedColumn[] {
    return [...this.#numbers.columns(), this.#held, this.#sold];
  }

  #row(row: number): TicketRow {
    return [this.#numbers.word(row, 0), this.#held.get(row), this.#sold.get(row)];
  }

  #rowOf(ticketNumber: number): number {
    scratch[0] = ticketNumber;
    const known = this.#numbers.find(scratch, 0);
    if (known >= 0) return known;
    return this.#numbers.add(scratch, 0);
  }

  #mark(row: number): void {
    if (this.#isChanged.get(row) !== 0) return;
    this.#isChanged.set(row, 1);
    this.#changed.push(row);
  }
}
