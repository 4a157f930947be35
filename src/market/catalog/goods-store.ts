/**
 * What a SKU is for whoever buys it: title, picture, price, seller, and whether it is for sale. Kept in each gateway, because
 * a crowd asks for the same few again and again.
 *
 * 1. What is kept of a product is forgotten as what is shown of it is (categories/shown-index.ts): at once by the gateway that
 *    changed it, within a second by the others. One that is being read at that moment is given and not kept.
 * 2. Those who wait are served by one query at a time, so no crowd makes more than one.
 * 3. While the tables are away, what was kept goes on, and what nobody asked for yet is what the SKU's own actor says.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { readStock } from '../../actors/sku/commands.ts';
import { accepted } from '../../gateway/handling.ts';
import { perGateway, type Services } from '../../gateway/route.ts';
import type { Query } from '../../persistence/database.ts';
import type { Ask } from '../../protocol/command.ts';
import { priceIn } from '../../protocol/exchange.ts';
import type { Money } from '../../protocol/money.ts';
import { shownPagesOf } from '../categories/shown-index.ts';
import { imageOf, type StoredImage } from './image-store.ts';

export interface Goods {
  readonly sku: string;
  readonly productId: string;
  readonly sellerId: string;
  readonly title: string;
  /** A path; null where only the SKU's actor could be asked. */
  readonly category: string | null;
  readonly imageUrl: string | null;
  /** Of one unit; the first is the price proper. */
  readonly prices: readonly [Money, ...Money[]];
  /** Of one unit. */
  readonly weightGrams: number;
  /** At or below this many units it is said to be low. */
  readonly lowStockThreshold: number;
  readonly isForSale: boolean;
}

const lowStockDefault = 10;
const keptMax = 20_000;
/** For what changes without anybody saying so. */
const freshMs = 30_000;
const skusPerQuery = 500;
/** The tables are not asked again for so long after they failed, and are not waited for longer. */
const awayMs = 1_000;

interface Row extends Money {
  readonly sku: string;
  readonly product_id: string;
  readonly seller_id: string;
  readonly title: string;
  readonly category: string;
  readonly images: readonly StoredImage[];
  readonly threshold: number;
  readonly listed: readonly Money[];
  readonly weight: number;
  readonly is_for_sale: boolean;
}

async function readGoods(query: Query, skus: readonly string[]): Promise<Goods[]> {
  const rows = await query<Row>(
    `SELECT v.sku, p.product_id, p.seller_id, p.title, c.path AS category, p.images, v.price_amount::float8 AS amount, v.currency,
       v.low_stock_threshold AS threshold, v.prices AS listed, v.weight_grams AS weight, p.is_public AND NOT v.is_removed AS is_for_sale
     FROM variants v JOIN products p ON p.product_id = v.product_id JOIN categories c ON c.category_id = p.category_id
     WHERE v.sku = ANY($1)`,
    [skus],
    'catalog_goods',
  );
  return rows.map(({ sku, product_id: productId, seller_id: sellerId, title, category, images, ...row }) => ({
    ...{ sku, productId, sellerId, title, category },
    ...{ isForSale: row.is_for_sale, lowStockThreshold: row.threshold },
    imageUrl: images[0] === undefined ? null : imageOf(productId, images[0]).thumbnailUrl,
    prices: [{ amount: row.amount, currency: row.currency }, ...row.listed],
    weightGrams: row.weight,
  }));
}

type Found = Goods | null;

interface Waiting {
  readonly sku: string;
  readonly give: (found: Found | Promise<Found>) => void;
}

export class KeptGoods {
  readonly #query: Query;
  readonly #ask: Ask;
  /** By product, so that a change finds them. */
  readonly #kept = new LRUCache<string, Map<string, Goods>>({
    ...{ max: keptMax, ttl: freshMs, noDeleteOnStaleGet: true },
  });
  readonly #productBySku = new LRUCache<string, string>({ max: keptMax });
  readonly #reading = new Map<string, Promise<Found>>();
  #queue: Waiting[] = [];
  #isReading = false;
  /** Counts what was told of. */
  #changes = 0;
  #awayUntilMs = 0;

  constructor(query: Query, ask: Ask) {
    this.#query = query;
    this.#ask = ask;
  }

  /** null: there is no such SKU. Refuses with `busy` when neither tables nor engine can be asked. */
  get(sku: string): Goods | Promise<Found> {
    return this.#recall(sku) ?? this.#reading.get(sku) ?? this.#read(sku);
  }

  /** A product changed; null: any may have. */
  forget(productId: string | null): void {
    this.#changes += 1;
    // Whoever waits was there before the change; whoever comes now must not be given what was read before it.
    this.#reading.clear();
    if (productId === null) this.#kept.clear();
    else this.#kept.delete(productId);
  }

  #recall(sku: string, allowStale = false): Goods | undefined {
    const productId = this.#productBySku.get(sku);
    return productId === undefined ? undefined : this.#kept.get(productId, { allowStale })?.get(sku);
  }

  #keep(goods: Goods): void {
    const { sku, productId } = goods;
    const siblings = this.#kept.get(productId);
    if (siblings === undefined) this.#kept.set(productId, new Map([[sku, goods]]));
    else siblings.set(sku, goods);
    this.#productBySku.set(sku, productId);
  }

  #read(sku: string): Promise<Found> {
    const reading = new Promise<Found>((give) => this.#queue.push({ sku, give }));
    this.#reading.set(sku, reading);
    if (!this.#isReading) void this.#readQueue();
    return reading;
  }

  async #readQueue(): Promise<void> {
    this.#isReading = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, skusPerQuery);
      const changes = this.#changes;
      const found = await this.#fromTables(batch.map(({ sku }) => sku));
      for (const { sku, give } of batch) {
        const goods = found?.get(sku);
        if (changes === this.#changes) {
          this.#reading.delete(sku);
          if (goods !== undefined) this.#keep(goods);
        }
        give(goods ?? (found === null ? this.#recall(sku, true) : null) ?? this.#fromActor(sku));
      }
    }
    this.#isReading = false;
  }

  /** null: they are away. */
  async #fromTables(skus: readonly string[]): Promise<ReadonlyMap<string, Goods> | null> {
    if (performance.now() < this.#awayUntilMs) return null;
    const late = delay(awayMs, null, { ref: false });
    const rows = await Promise.race([readGoods(this.#query, [...new Set(skus)]).catch(() => null), late]);
    if (rows === null) this.#awayUntilMs = performance.now() + awayMs;
    return rows && new Map(rows.map((goods) => [goods.sku, goods]));
  }

  async #fromActor(sku: string): Promise<Found> {
    const answer = await this.#ask(readStock, sku, {});
    if (answer.code === 'not_found') return null;
    const { productId, sellerId, title, price } = accepted(answer);
    const known = { sku, productId, sellerId, title, category: null, imageUrl: null, isForSale: true };
    return { ...known, prices: [price], weightGrams: 0, lowStockThreshold: lowStockDefault };
  }
}

export const keptGoodsOf = perGateway((services: Services) => {
  const goods = new KeptGoods(services.database.query, services.ask);
  shownPagesOf(services).followers.push((productId) => goods.forget(productId));
  return goods;
});

/** null: nobody knows the SKU any more, or can be asked at the moment: what was noted of it has to do. */
export async function knownGoods(services: Services, sku: string): Promise<Goods | null> {
  try {
    return await keptGoodsOf(services).get(sku);
  } catch {
    return null;
  }
}

/** What one unit costs in the currency of a price it had before, and that price where none in its currency is known. */
export function priceNow(goods: Goods | null, before: Money, rates: Readonly<Record<string, string>>): Money {
  return (goods && priceIn(before.currency, rates, goods.prices)) ?? before;
}
