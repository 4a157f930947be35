/**
 * The holds of a sku in rows of typed arrays: a million of them are a hundred megabytes and no work for the collector of
 * garbage. A `Hold` is a look at one row, made when somebody asks for it, and never kept where there are many.
 *
 * 1. A live hold that no order has taken stands in its allocation's list, in the order of placement, which is that of its
 *    end: holds of one sale live equally long. One that is over, or committed, stands in a list of the sku (memory.ts).
 * 2. The row of a forgotten hold is given to another: whoever keeps a look at it compares the serial.
 */
import { Column } from '../../protocol/column.ts';
import type { Serial } from '../../protocol/deadline-heap.ts';
import { IdColumn, IdTable, type OtherIds, type SavedIds } from '../../protocol/id-table.ts';
import type { Blocks, SavedColumn } from '../../protocol/row-blocks.ts';
import { rowsPerSlice, type Slices } from '../../protocol/slices.ts';
import type { Words } from '../../protocol/uuid-words.ts';
import type { Allocation, HoldList } from './allocation.ts';
import type { HoldState } from './commands.ts';

/** In the order of their codes; 0 is no hold. */
const states: readonly (HoldState | null)[] = [null, 'held', 'committing', 'committed', 'voided', 'expired'];

/** What a hold is when it is placed. */
export interface NewHold {
  readonly allocation: Allocation;
  /** In the allocation's table of buyers. */
  readonly buyerRow: number;
  readonly ticketNumber: number;
  readonly quantity: number;
  readonly placedAtMs: number;
  readonly state: HoldState;
  readonly expiresAtMs: number;
}

class HoldColumns {
  readonly ids = new IdTable('');
  readonly serials = new Column();
  /** By their places. */
  readonly allocations: (Allocation | null)[] = [];
  readonly allocation = new Column();
  readonly buyerRow = new Column();
  readonly ticketNumber = new Column();
  readonly quantity = new Column();
  readonly placedAtMs = new Column();
  readonly state = new Column();
  readonly expiresAtMs = new Column();
  readonly orderIds = new IdColumn('ord_');
  readonly resolvedAtMs = new Column();
  readonly before = new Column();
  readonly after = new Column();

  /** All but the ids, as they are saved: their order counts. */
  get saved(): SavedColumn[] {
    const { serials, allocation, buyerRow, ticketNumber, quantity, placedAtMs, state } = this;
    const { expiresAtMs, orderIds, resolvedAtMs, before, after } = this;
    return [
      ...[serials, allocation, buyerRow, ticketNumber, quantity, placedAtMs, state, expiresAtMs],
      ...[...orderIds.columns, resolvedAtMs, before, after],
    ];
  }
}

export interface SavedHolds extends SavedIds {
  readonly serials: number;
  readonly otherOrders: OtherIds;
}

/** One row, looked at. */
export class Hold implements Serial {
  readonly row: number;
  /** Counts up with every hold of this sku: the order of ties. */
  readonly serial: number;
  readonly #columns: HoldColumns;

  constructor(columns: HoldColumns, row: number) {
    this.#columns = columns;
    this.row = row;
    this.serial = columns.serials.get(row);
  }

  /** The row has been given to another hold since. */
  get isForgotten(): boolean {
    return this.#columns.serials.get(this.row) !== this.serial;
  }

  get holdId(): string {
    return this.#columns.ids.id(this.row);
  }

  get allocation(): Allocation {
    return this.#columns.allocations[this.#columns.allocation.get(this.row)]!;
  }

  /** In the allocation's table of buyers. */
  get buyerRow(): number {
    return this.#columns.buyerRow.get(this.row);
  }

  get buyerId(): string {
    return this.allocation.buyers.id(this.buyerRow);
  }

  isOfBuyer(words: Words, at: number): boolean {
    return this.allocation.buyers.isUuid(this.buyerRow, words, at);
  }

  get ticketNumber(): number {
    return this.#columns.ticketNumber.get(this.row);
  }

  get quantity(): number {
    return this.#columns.quantity.get(this.row);
  }

  get placedAtMs(): number {
    return this.#columns.placedAtMs.get(this.row);
  }

  get state(): HoldState {
    return states[this.#columns.state.get(this.row)]!;
  }

  set state(state: HoldState) {
    this.#columns.state.set(this.row, states.indexOf(state));
  }

  get expiresAtMs(): number {
    return this.#columns.expiresAtMs.get(this.row);
  }

  set expiresAtMs(atMs: number) {
    this.#columns.expiresAtMs.set(this.row, atMs);
  }

  get orderId(): string | null {
    return this.#columns.orderIds.get(this.row);
  }

  set orderId(orderId: string | null) {
    this.#columns.orderIds.set(this.row, orderId);
  }

  isOfOrder(words: Words, at: number): boolean {
    return this.#columns.orderIds.isUuid(this.row, words, at);
  }

  setOrder(words: Words, at: number): void {
    this.#columns.orderIds.setUuid(this.row, words, at);
  }

  /** When it was committed, voided, expired or returned; 0 while it is live. */
  get resolvedAtMs(): number {
    return this.#columns.resolvedAtMs.get(this.row);
  }

  set resolvedAtMs(atMs: number) {
    this.#columns.resolvedAtMs.set(this.row, atMs);
  }
}

export class HoldTable {
  readonly #columns = new HoldColumns();
  #serials = 0;

  get size(): number {
    return this.#columns.ids.size;
  }

  has(holdId: string): boolean {
    return this.#columns.ids.find(holdId) >= 0;
  }

  get(holdId: string): Hold | undefined {
    return this.#found(this.#columns.ids.find(holdId));
  }

  getUuid(words: Words, at: number): Hold | undefined {
    return this.#found(this.#columns.ids.findUuid(words, at));
  }

  /** In the order of their rows, which is that of placement until a forgotten one's row is used again. */
  *values(): Generator<Hold> {
    const { ids, state } = this.#columns;
    for (let row = 0; row < ids.end; row++) if (state.get(row) !== 0) yield new Hold(this.#columns, row);
  }

  /** Those that an order has taken and that are not over. The columns are gone through in slices. */
  *assigned(): Slices<Hold[]> {
    const { ids, state } = this.#columns;
    const code = states.indexOf('committing');
    const holds: Hold[] = [];
    for (let row = 0; row < ids.end; row++) {
      if (row % rowsPerSlice === 0) yield;
      if (state.get(row) === code) holds.push(new Hold(this.#columns, row));
    }
    return holds;
  }

  *ids(): Generator<string> {
    for (const { holdId } of this.values()) yield holdId;
  }

  /** A place for a new allocation: the least that is free. */
  freePlace(): number {
    const free = this.#columns.allocations.indexOf(null);
    return free < 0 ? this.#columns.allocations.length : free;
  }

  enter(allocation: Allocation): void {
    const { allocations } = this.#columns;
    while (allocations.length < allocation.place) allocations.push(null);
    allocations[allocation.place] = allocation;
  }

  /** None of its holds is remembered any more. */
  leave({ place }: Allocation): void {
    this.#columns.allocations[place] = null;
  }

  add(holdId: string, hold: NewHold): Hold {
    return this.#fill(this.#columns.ids.add(holdId), hold);
  }

  addUuid(words: Words, at: number, hold: NewHold): Hold {
    return this.#fill(this.#columns.ids.addUuid(words, at), hold);
  }

  /** It is forgotten. */
  remove({ row, allocation, buyerRow }: Hold): void {
    const { ids, state, serials } = this.#columns;
    allocation.buyers.addHolds(buyerRow, -1);
    allocation.holdCount--;
    state.set(row, 0);
    serials.set(row, 0);
    ids.remove(row);
  }

  *save(blocks: Blocks): Slices<SavedHolds> {
    const { ids, saved, orderIds } = this.#columns;
    const rows = yield* ids.save(saved, blocks);
    return { ...rows, serials: this.#serials, otherOrders: orderIds.others };
  }

  /** Into an empty table. */
  *restore(saved: SavedHolds, blocks: Blocks): Slices<void> {
    const { ids, saved: columns, orderIds } = this.#columns;
    yield* ids.restore(saved, columns, blocks);
    orderIds.others = saved.otherOrders;
    this.#serials = saved.serials;
  }

  append(list: HoldList, { row }: Hold): void {
    const { before, after } = this.#columns;
    before.set(row, list.last);
    after.set(row, 0);
    if (list.last === 0) list.first = row + 1;
    else after.set(list.last - 1, row + 1);
    list.last = row + 1;
    list.size++;
  }

  /** Takes it out of the list in which it stands. */
  take(list: HoldList, { row }: Hold): void {
    const before = this.#columns.before.get(row);
    const after = this.#columns.after.get(row);
    if (before === 0) list.first = after;
    else this.#columns.after.set(before - 1, after);
    if (after === 0) list.last = before;
    else this.#columns.before.set(after - 1, before);
    list.size--;
  }

  /** In the list's order. Each may be taken out as soon as it has come. */
  *listed(list: HoldList): Generator<Hold> {
    for (let at = list.first; at !== 0; ) {
      const row = at - 1;
      at = this.#columns.after.get(row);
      yield new Hold(this.#columns, row);
    }
  }

  /** The one at `at` (row + 1). */
  at(at: number): Hold {
    return new Hold(this.#columns, at - 1);
  }

  /** row + 1 of the one that follows the one at `at` (row + 1) in its list; 0: it is the last. */
  next(at: number): number {
    return this.#columns.after.get(at - 1);
  }

  /** When the hold at `at` (row + 1) ends; Infinity where there is none. */
  endsAtMs(at: number): number {
    return at === 0 ? Number.POSITIVE_INFINITY : this.#columns.expiresAtMs.get(at - 1);
  }

  #found(row: number): Hold | undefined {
    return row < 0 ? undefined : new Hold(this.#columns, row);
  }

  #fill(row: number, hold: NewHold): Hold {
    const { allocation, buyerRow } = hold;
    const columns = this.#columns;
    columns.serials.set(row, ++this.#serials);
    columns.allocation.set(row, allocation.place);
    columns.buyerRow.set(row, buyerRow);
    columns.ticketNumber.set(row, hold.ticketNumber);
    columns.quantity.set(row, hold.quantity);
    columns.placedAtMs.set(row, hold.placedAtMs);
    columns.state.set(row, states.indexOf(hold.state));
    columns.expiresAtMs.set(row, hold.expiresAtMs);
    columns.orderIds.set(row, null);
    columns.resolvedAtMs.set(row, 0);
    allocation.buyers.addHolds(buyerRow, 1);
    allocation.holdCount++;
    return new Hold(columns, row);
  }
}
