/**
 * Holds that a gateway knows, in rows of numbers: tens of thousands a second come and go, and as objects each would be
 * moved twice and marked by the garbage collector, which costs more than to find it.
 */
import { Column } from '../../protocol/column.ts';
import { IdColumn } from '../../protocol/id-table.ts';
import { prefixes } from '../../protocol/ids.ts';
import type { Money } from '../../protocol/money.ts';
import { RowKeys } from '../../protocol/row-keys.ts';
import { tryWriteUuid, uuidWords } from '../../protocol/uuid-words.ts';

/** What never changes about a hold. */
export interface KnownHold {
  readonly holdId: string;
  readonly sku: string;
  /** null: an order took it from free stock, for a cart's line. */
  readonly saleId: string | null;
  readonly buyerId: string;
  readonly quantity: number;
  readonly unitPrice: Money;
}

/** What all holds of a SKU in a sale have in common. */
type Offer = Pick<KnownHold, 'sku' | 'saleId' | 'unitPrice'>;

/** The id that is looked for now. */
const id = new Uint32Array(uuidWords);

class Generation {
  readonly #ids = new RowKeys(uuidWords);
  readonly #buyers = new IdColumn(`${prefixes.account}_`);
  readonly #quantities = new Column();
  /** Indexes of offers. */
  readonly #offerOf = new Column();
  readonly #offers: Offer[] = [];
  /** Of the latest hold: in a rush all are of one. */
  #offer = -1;

  get size(): number {
    return this.#ids.size;
  }

  /** The hold whose id stands in `id`. */
  get(holdId: string): KnownHold | undefined {
    const row = this.#ids.find(id, 0);
    if (row < 0) return undefined;
    const { sku, saleId, unitPrice } = this.#offers[this.#offerOf.get(row)]!;
    const buyerId = this.#buyers.get(row)!;
    return { holdId, sku, saleId, buyerId, quantity: this.#quantities.get(row), unitPrice };
  }

  set({ buyerId, quantity, sku, saleId, unitPrice }: KnownHold): void {
    const known = this.#ids.find(id, 0);
    const row = known < 0 ? this.#ids.add(id, 0) : known;
    this.#buyers.set(row, buyerId);
    this.#quantities.set(row, quantity);
    if (this.#offer < 0 || !isOf(this.#offers[this.#offer]!, sku, saleId, unitPrice))
      this.#offer = this.#offers.push({ sku, saleId, unitPrice }) - 1;
    this.#offerOf.set(row, this.#offer);
  }
}

function isOf(offer: Offer, sku: string, saleId: string | null, { amount, currency }: Money): boolean {
  const { unitPrice } = offer;
  return (
    offer.sku === sku &&
    offer.saleId === saleId &&
    unitPrice.amount === amount &&
    unitPrice.currency === currency
  );
}

/**
 * Those that were used last: `generation` of them at the least, and never twice as many. A hold whose id is no UUID in
 * lower case, which no gateway lets pass, is not remembered.
 */
export class KnownHolds {
  readonly #generation: number;
  #young = new Generation();
  #old = new Generation();

  constructor(generation: number) {
    this.#generation = generation;
  }

  get(holdId: string): KnownHold | undefined {
    if (!tryWriteUuid(holdId, '', id, 0)) return undefined;
    const young = this.#young.get(holdId);
    if (young !== undefined) return young;
    const old = this.#old.get(holdId);
    if (old !== undefined) this.#keep(old);
    return old;
  }

  set(hold: KnownHold): void {
    if (tryWriteUuid(hold.holdId, '', id, 0)) this.#keep(hold);
  }

  #keep(hold: KnownHold): void {
    this.#young.set(hold);
    if (this.#young.size < this.#generation) return;
    this.#old = this.#young;
    this.#young = new Generation();
  }
}
