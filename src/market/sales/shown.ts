/**
 * Sales as anybody is shown them: what the sale says, what its SKUs are called in the catalogue, what is left of them.
 *
 * 1. What is left comes from the sale's actor: one sale is asked at every read, the sales of a list at most every
 *    `figuresMs`. A sale that does not answer is listed as the tables have it, without figures.
 * 2. What a SKU is called comes from the catalogue and may be `namesMs` old. A catalogue that is away holds no read up:
 *    what was known goes on being shown.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import {
  type CurrentSaleView,
  type ItemFigures,
  readSale,
  type SaleView,
} from '../../actors/sale/commands.ts';
import { perGateway, type Services } from '../../gateway/route.ts';
import { type CatalogueEntry, catalogOf } from '../catalog/store.ts';
import type { Sale } from './schemas.ts';
import { saleJson } from './views.ts';

const figuresMs = 250;
const namesMs = 5_000;
const namesWaitMsMax = 300;
const salesMax = 1_000;

type Names = ReadonlyMap<string, CatalogueEntry>;
const noNames: Names = new Map();

class ShownSales {
  /** By sale; a sale never changes its SKUs. */
  readonly #names: LRUCache<string, Names, readonly string[]>;
  readonly #figures: LRUCache<string, ItemFigures[]>;

  constructor(services: Services) {
    const catalog = catalogOf(services);
    this.#names = new LRUCache({
      max: salesMax,
      ttl: namesMs,
      allowStale: true,
      noDeleteOnFetchRejection: true,
      fetchMethod: (_saleId, _stale, { context: skus }) => catalog.entriesOf(skus),
    });
    this.#figures = new LRUCache({
      max: salesMax,
      ttl: figuresMs,
      async fetchMethod(saleId) {
        const answer = await services.ask(readSale, saleId, {});
        return answer.code === 'ok' ? answer.body.figures : undefined;
      },
    });
  }

  async one(sale: CurrentSaleView): Promise<Sale> {
    return saleJson(sale, sale.figures, await this.#namesOf(sale));
  }

  /** Of rows of the table, each with its actor's figures; all else as the row has it, which no answer runs ahead of. */
  async list(rows: readonly SaleView[]): Promise<Sale[]> {
    return Promise.all(
      rows.map(async (row) => {
        const names = this.#namesOf(row);
        // What has ended stays as it is.
        const figures = row.phase === 'ended' ? nothingLeft(row) : await this.#figures.fetch(row.saleId);
        return saleJson(row, figures ?? [], await names);
      }),
    );
  }

  async #namesOf({ saleId, items }: SaleView): Promise<Names> {
    const skus = items.map(({ sku }) => sku);
    const asked = this.#names.fetch(saleId, { context: skus }).catch(() => undefined);
    const known = this.#names.peek(saleId);
    if (known !== undefined) return known;
    return (await Promise.race([asked, delay(namesWaitMsMax, undefined, { ref: false })])) ?? noNames;
  }
}

function nothingLeft({ items }: SaleView): ItemFigures[] {
  return items.map(({ sku }) => ({ sku, left: 0, onHold: 0, outlook: 'sold_out' }));
}

export const shownSalesOf = perGateway((services) => new ShownSales(services));
