/** What each ticket of one sale holds and has bought of a sku, in rows, and which of them the sale has not heard of yet. */
import { Column } from '../../protocol/column.ts';
import { RowKeys } from '../../protocol/row-keys.ts';

export type TicketRow = [ticketNumber: number, held: number, sold: number];

const scratch = new Uint32Array(1);

export class TicketUnits {
  readonly #numbers = new RowKeys(1);
  readonly #held = new Column();
  readonly #sold = new Column();
  readonly #isKnown = new Column();
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
      if (this.#held.get(row) === 0 && this.#sold.get(row) === 0) this.#remove(row);
    }
    return told;
  }

  /** All that are known, in the order of their numbers: rows are where they are by chance. */
  rows(): TicketRow[] {
    const numbers: number[] = [];
    for (let row = 0; row < this.#numbers.end; row++)
      if (this.#isKnown.get(row) !== 0) numbers.push(this.#numbers.word(row, 0));
    // Sorted as numbers, by the engine itself.
    return Array.from(Uint32Array.from(numbers).sort(), (number) => this.#row(this.#rowOf(number)));
  }

  changedNumbers(): number[] {
    return this.#changed.map((row) => this.#numbers.word(row, 0));
  }

  /** As it was saved. */
  restore(ticketNumber: number, held: number, sold: number): void {
    const row = this.#rowOf(ticketNumber);
    this.#held.set(row, held);
    this.#sold.set(row, sold);
  }

  /** As it was saved: the sale has not heard of it. */
  restoreChanged(ticketNumber: number): void {
    this.#mark(this.#rowOf(ticketNumber));
  }

  #row(row: number): TicketRow {
    return [this.#numbers.word(row, 0), this.#held.get(row), this.#sold.get(row)];
  }

  #rowOf(ticketNumber: number): number {
    scratch[0] = ticketNumber;
    const known = this.#numbers.find(scratch, 0);
    if (known >= 0) return known;
    const row = this.#numbers.add(scratch, 0);
    this.#isKnown.set(row, 1);
    return row;
  }

  #mark(row: number): void {
    if (this.#isChanged.get(row) !== 0) return;
    this.#isChanged.set(row, 1);
    this.#changed.push(row);
  }

  #remove(row: number): void {
    this.#isKnown.set(row, 0);
    this.#numbers.remove(row);
  }
}
