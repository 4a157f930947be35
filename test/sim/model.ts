/**
 * The oracle: a naive second bookkeeping made from the durable events alone, in the order in which they became
 * durable. Lists and loops, no counters: every figure is counted anew. It objects to any event that the promises
 * forbid; what it holds is what clients' acknowledgements are compared with.
 */
import type { OrderEvent } from '../../src/actors/order/events.ts';
import type { SaleEvent } from '../../src/actors/sale/events.ts';
import { type AttachHold, attachHold, commitHold, placeHold } from '../../src/actors/sku/commands.ts';
import type { SkuEvent } from '../../src/actors/sku/events.ts';
import type { RowLayout } from '../../src/protocol/rows.ts';
import { OrderEntry } from './model-order.ts';
import { RoomBook } from './model-sale.ts';

export type Fail = (rule: string, detail: string) => void;

export interface HoldEntry {
  readonly holdId: string;
  /** null: an order took it from free stock. */
  readonly saleId: string | null;
  readonly buyerId: string;
  readonly ticketNumber: number;
  readonly quantity: number;
  state: 'held' | 'committing' | 'committed' | 'voided' | 'expired';
  expiresAtMs: number;
  orderId: string | null;
  wasCommitted: boolean;
}

interface Allocation {
  readonly quantity: number;
  readonly limit: number;
  isOpen: boolean;
  isPaused: boolean;
}

type HoldEvent = Extract<SkuEvent, { holdId: string }>;

const resolvedFrom: Readonly<Record<HoldEvent['type'], readonly HoldEntry['state'][]>> = {
  HoldPlaced: [],
  StockTaken: [],
  HoldAttached: ['held'],
  HoldCommitted: ['committing'],
  HoldVoided: ['held', 'committing'],
  HoldExpired: ['held', 'committing'],
  UnitsReturned: ['committed'],
};

type Told<Type extends SkuEvent['type']> = Extract<SkuEvent, { type: Type }>;

/** The fields of an event's rows: the first of those of the command. */
function rowsOf({ rows, count }: { rows: Uint8Array; count: number }, layout: RowLayout): object[] {
  const rowWords = rows.length / 4 / count;
  // A row as it came is longer: what it had at its end is no field of the event.
  const padded = new Int32Array(count * rowWords + layout.words);
  new Uint8Array(padded.buffer).set(rows);
  return Array.from({ length: count }, (_, row) => layout.read(padded, row * rowWords));
}

export class StockEntry {
  onHand = -1;
  readonly allocations = new Map<string, Allocation>();
  readonly holds = new Map<string, HoldEntry>();
  readonly adjustments = new Map<string, number>();
  readonly #sku: string;
  readonly #fail: Fail;

  constructor(sku: string, fail: Fail) {
    this.#sku = sku;
    this.#fail = fail;
  }

  units(isCounted: (hold: HoldEntry) => boolean): number {
    let units = 0;
    for (const hold of this.holds.values()) if (isCounted(hold)) units += hold.quantity;
    return units;
  }

  free(saleId: string): number {
    const sale = this.allocations.get(saleId)!;
    return sale.isOpen ? sale.quantity - this.units((hold) => hold.saleId === saleId && isTaken(hold)) : 0;
  }

  get held(): number {
    return this.units((hold) => hold.state === 'held' || hold.state === 'committing');
  }

  get sold(): number {
    return this.units((hold) => hold.state === 'committed');
  }

  take(event: SkuEvent): void {
    if (event.type === 'SkuRegistered') this.onHand = event.stock;
    if (event.type === 'StockAdjusted') {
      if (this.adjustments.has(event.adjustmentId)) this.#object('an adjustment happens once', event);
      this.adjustments.set(event.adjustmentId, event.delta);
      this.onHand += event.delta;
    }
    if (event.type === 'AllotmentOpened') {
      if (this.allocations.has(event.saleId)) this.#object('a sale sets units aside once', event);
      const { quantity, purchaseLimit: limit } = event;
      this.allocations.set(event.saleId, { quantity, limit, isOpen: true, isPaused: false });
    }
    if (event.type === 'AllotmentClosed') this.allocations.get(event.saleId)!.isOpen = false;
    if (event.type === 'AllotmentPaused') this.allocations.get(event.saleId)!.isPaused = event.isPaused;
    if (event.type === 'HoldPlaced') this.#place(event);
    else if (event.type === 'StockTaken') this.#takeStock(event);
    else if ('rows' in event) this.#takeRows(event);
    else if ('holdId' in event) this.#move(event);
    this.#check(event);
  }

  /** Each row as the event that it would be alone. */
  #takeRows(event: Extract<SkuEvent, { rows: Uint8Array }>): void {
    const { atMs } = event;
    if (event.type === 'HoldsPlaced') {
      for (const row of rowsOf(event, placeHold.rows) as Told<'HoldPlaced'>[])
        this.#place({ ...event, ...row, type: 'HoldPlaced' });
      return;
    }
    if (event.type === 'HoldsAttached') {
      for (const { holdId, orderId, untilMs } of rowsOf(event, attachHold.rows) as AttachHold[])
        this.#move({ type: 'HoldAttached', holdId, orderId, expiresAtMs: untilMs, atMs });
      return;
    }
    const before = { held: this.held, sold: this.sold };
    for (const { holdId } of rowsOf(event, commitHold.rows) as { holdId: string }[]) {
      const { state, quantity } = this.holds.get(holdId) ?? { state: null, quantity: 0 };
      const released = state === 'committed' ? 'UnitsReturned' : 'HoldVoided';
      const type = event.type === 'HoldsCommitted' ? 'HoldCommitted' : released;
      this.#move({ type, holdId, quantity, atMs });
    }
    const told =
      event.type === 'HoldsCommitted'
        ? { held: before.held - event.units, sold: before.sold + event.units }
        : { held: before.held - event.voided, sold: before.sold - event.returned };
    if (told.held !== this.held || told.sold !== this.sold) this.#object('units are conserved', event);
  }

  #place(event: Extract<SkuEvent, { type: 'HoldPlaced' }>): void {
    const { holdId, saleId, buyerId, ticketNumber, quantity, expiresAtMs } = event;
    if (this.holds.has(holdId)) this.#object('a hold is placed once', event);
    const sale = this.allocations.get(saleId);
    if (!sale?.isOpen || quantity > this.free(saleId)) this.#object('no oversell', event);
    if (sale?.isPaused && event.orderId === undefined)
      this.#object('no hold while the sale is paused', event);
    const owned = this.units((hold) => hold.saleId === saleId && hold.buyerId === buyerId && isTaken(hold));
    if (sale && owned + quantity > sale.limit) this.#object('purchase limit', event);
    const state = event.orderId === undefined ? 'held' : 'committing';
    const orderId = event.orderId ?? null;
    const entry = { holdId, saleId, buyerId, ticketNumber, quantity, expiresAtMs, state, orderId };
    this.holds.set(holdId, { ...entry, state, wasCommitted: false });
  }

  #takeStock({ type: _, atMs: __, ...taken }: Told<'StockTaken'>): void {
    if (this.holds.has(taken.holdId)) this.#object('a hold is placed once', taken);
    const more = { saleId: null, ticketNumber: 0, state: 'committing', wasCommitted: false } as const;
    this.holds.set(taken.holdId, { ...taken, ...more });
  }

  #move(event: Exclude<HoldEvent, { type: 'HoldPlaced' | 'StockTaken' }>): void {
    const hold = this.holds.get(event.holdId);
    if (!hold || !resolvedFrom[event.type].includes(hold.state)) {
      this.#object('a hold resolves once', { ...event, was: hold?.state });
      return;
    }
    const isLate = event.atMs >= hold.expiresAtMs;
    if (event.type === 'HoldExpired' && !isLate) this.#object('no hold expires early', event);
    if ((event.type === 'HoldCommitted' || event.type === 'HoldAttached') && isLate)
      this.#object('an expired hold is over', event);
    if (event.type === 'HoldAttached') {
      hold.orderId = event.orderId;
      hold.expiresAtMs = event.expiresAtMs;
      hold.state = 'committing';
    } else if (event.type === 'HoldCommitted') {
      hold.state = 'committed';
      hold.wasCommitted = true;
    } else hold.state = event.type === 'HoldExpired' ? 'expired' : 'voided';
  }

  /** Every unit is in one place, and what is set aside for sales is there. */
  #check(event: SkuEvent): void {
    let setAside = 0;
    for (const [saleId, { quantity }] of this.allocations) {
      if (this.units((hold) => hold.saleId === saleId && isTaken(hold)) > quantity)
        this.#object('no oversell', event);
      setAside += this.free(saleId);
    }
    const available = this.onHand - this.held - this.sold - setAside;
    if (available < 0 || (this.onHand < 0 && event.type !== 'SkuRegistered'))
      this.#object('units are conserved', { ...event, onHand: this.onHand, available, setAside });
  }

  #object(rule: string, about: object): void {
    this.#fail(rule, `sku ${this.#sku}: ${JSON.stringify(about)}`);
  }
}

export function isTaken(hold: HoldEntry): boolean {
  return hold.state === 'held' || hold.state === 'committing' || hold.state === 'committed';
}

export class Model {
  readonly skus = new Map<string, StockEntry>();
  readonly sales = new Map<string, RoomBook>();
  readonly orders = new Map<string, OrderEntry>();
  /** The newest engine time that was journaled. */
  readonly newestMs = new Map<number, number>();
  readonly #fail: Fail;

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  sku(key: string): StockEntry {
    return entry(this.skus, key, () => new StockEntry(key, this.#fail));
  }

  sale(key: string): RoomBook {
    return entry(this.sales, key, () => new RoomBook(key, this.#fail));
  }

  order(key: string): OrderEntry {
    return entry(this.orders, key, () => new OrderEntry(key, this.#fail));
  }

  take(kind: string, key: string, event: { readonly type: string }): void {
    if (kind === 'sku') this.sku(key).take(event as SkuEvent);
    else if (kind === 'sale') this.sale(key).take(event as SaleEvent);
    else if (kind === 'order') this.order(key).take(event as OrderEvent);
  }
}

function entry<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
