/**
 * Products are hidden while their seller is suspended, and for good when its account is erased.
 *
 * 1. A seller may have very many, so they follow in slices, each a transaction: no row is locked for long, and whoever
 *    follows the feed hears of each slice at once. The first one is a part of the decision's own transaction, so that
 *    the products of most sellers are hidden with it.
 * 2. What a decision leaves is marked (`sellers.is_followed`), and done by whoever made it or by the job (`job.ts`).
 */
import type { Database, Query } from '../../persistence/database.ts';
import { appendAllToFeed } from '../../persistence/feed.ts';

const productsPerSlice = 500;
const sellersPerRound = 20;

/** Marks an account that has products, and hides or shows the first slice. Answers with where the next begins; null: all are done. */
export async function beginToFollow(query: Query, sellerId: string): Promise<string | null> {
  await query(
    `INSERT INTO sellers (account_id, is_followed)
     SELECT $1, false WHERE EXISTS (SELECT FROM products WHERE seller_id = $1)
     ON CONFLICT (account_id) DO UPDATE SET is_followed = false`,
    [sellerId],
  );
  return followSlice(query, sellerId, '');
}

/** Until all products are as the seller's status says. `after`: of a product, those up to it are. */
export async function followAll(
  database: Database,
  sellerId: string,
  after: string,
  isOver: () => boolean,
): Promise<void> {
  for (let next: string | null = after; next !== null && !isOver(); ) {
    const from: string = next;
    next = await database.transaction((query) => followSlice(query, sellerId, from));
  }
}

export async function sellersToFollow(query: Query): Promise<string[]> {
  const rows = await query<{ id: string }>(
    'SELECT account_id AS id FROM sellers WHERE NOT is_followed ORDER BY account_id LIMIT $1',
    [sellersPerRound],
  );
  return rows.map(({ id }) => id);
}

/** Of whoever follows products each is heard of. Hidden ones are shown to their owner only. */
async function followSlice(query: Query, sellerId: string, after: string): Promise<string | null> {
  // A decision waits for the slice, or the slice for the decision.
  const [seller] = await query<{ isHidden: boolean }>(
    `SELECT s.status = 'suspended' OR a.erased_at IS NOT NULL AS "isHidden"
     FROM sellers s JOIN accounts a ON a.account_id = s.account_id
     WHERE s.account_id = $1 AND NOT s.is_followed FOR UPDATE OF s`,
    [sellerId],
  );
  if (seller === undefined) return null;
  const { isHidden } = seller;
  const changed = await query<{ id: string }>(
    `UPDATE products SET is_hidden = $2, version = version + 1, updated_at = now()
     WHERE product_id = ANY(ARRAY(
       SELECT product_id FROM products WHERE seller_id = $1 AND is_hidden <> $2 AND product_id > $3
       ORDER BY product_id LIMIT $4 FOR UPDATE))
     RETURNING product_id AS id`,
    [sellerId, isHidden, after, productsPerSlice],
  );
  const facts = changed.map(({ id: key }) => ({
    topic: 'item',
    key,
    type: 'ItemUpdated',
    body: { isHidden },
  }));
  await appendAllToFeed(query, facts);
  if (changed.length === productsPerSlice)
    return changed.reduce((last, { id }) => (id > last ? id : last), after);
  await query('UPDATE sellers SET is_followed = true WHERE account_id = $1', [sellerId]);
  return null;
}
