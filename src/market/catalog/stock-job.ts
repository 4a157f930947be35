/**
 * Keeps `products.in_stock`, by which lists are filtered, at what the stock levels say. It follows the feed, so that
 * the projection of stock never waits for a product's row, which a change of it may have locked.
 */
import type { Pool } from 'pg';
import { type Database, openDatabase } from '../../persistence/database.ts';
import { appendAllToFeed, FeedReader } from '../../persistence/feed.ts';
import type { Job } from '../../protocol/job.ts';

const everyMs = 200;
const factsAtOnce = 500;

/** Registered in features.ts. */
export function createJob({ pool }: { pool: Pool }): Job {
  const database = openDatabase(pool);
  const feed = new FeedReader(database, 'catalogue-stock', ['item']);
  let isStarted = false;
  return {
    name: 'products in stock',
    everyMs,
    async round(stopping) {
      if (!isStarted && (await feed.isNew())) {
        await followAll(database);
        await feed.start();
      }
      isStarted = true;
      while (!stopping.aborted) {
        const facts = await feed.next(factsAtOnce);
        const last = facts.at(-1);
        if (last === undefined) return;
        await follow(database, [...new Set(facts.map(({ key }) => key))].sort());
        await feed.done(last);
      }
    },
    metrics: () => [],
  };
}

async function followAll(database: Database): Promise<void> {
  for (let last = ''; ; ) {
    const rows = await database.query<{ product_id: string }>(
      'SELECT product_id FROM products WHERE product_id > $1 ORDER BY product_id LIMIT $2',
      [last, factsAtOnce],
    );
    if (rows.length === 0) return;
    await follow(
      database,
      rows.map((row) => row.product_id),
    );
    last = rows.at(-1)!.product_id;
  }
}

/** Lists that were made meanwhile are told of it by a fact of their own. */
async function follow(database: Database, productIds: readonly string[]): Promise<void> {
  await database.transaction(async (query) => {
    const changed = await query<{ product_id: string }>(
      // One row of each product is enough. An EXISTS may be answered by reading both tables whole.
      `UPDATE products p SET in_stock = NOT p.in_stock
       WHERE p.product_id = ANY($1) AND p.in_stock IS DISTINCT FROM coalesce((
         SELECT true FROM variants v JOIN stock_levels s ON s.sku = v.sku
         WHERE v.product_id = p.product_id AND NOT v.is_removed
           AND s.on_hand - s.held - s.sold - coalesce(s.allotted, 0) > 0 LIMIT 1), false)
       RETURNING p.product_id`,
      [productIds],
    );
    const facts = changed.map(({ product_id: key }) => ({
      ...{ topic: 'shelf', key, type: 'InStockChanged', body: {} },
    }));
    await appendAllToFeed(query, facts);
  });
}
