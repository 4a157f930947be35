/**
 * What accounts have looked at lately.
 *
 * 1. A view is noted beside the answer to it, in batches: no reader waits for it, and beyond a bound it is forgotten.
 * 2. An account has its latest 50 views of the last 30 days, and nobody else is told of them.
 */
import { perGateway } from '../../gateway/route.ts';
import type { Database, Query } from '../../persistence/database.ts';
import type { Log } from '../../protocol/log.ts';

const writeEveryMs = 1_000;
/** Views that wait to be written; a gateway writes no more than these in a round. */
const waitingMax = 500;
export const keptViews = 50;
export const keptFor = '30 days';

interface View {
  readonly accountId: string;
  readonly productId: string;
}

export class Views {
  readonly #database: Database;
  readonly #log: Log;
  #waiting = new Map<string, View>();
  #timer: NodeJS.Timeout | null = null;

  constructor(database: Database, log: Log) {
    this.#database = database;
    this.#log = log;
  }

  note(accountId: string, productId: string): void {
    if (this.#waiting.size >= waitingMax) return;
    this.#waiting.set(`${accountId} ${productId}`, { accountId, productId });
    this.#timer ??= setTimeout(() => void this.write(), writeEveryMs).unref();
  }

  /** Writes what waits. */
  async write(): Promise<void> {
    this.#timer = null;
    const views = [...this.#waiting.values()];
    this.#waiting = new Map();
    if (views.length === 0) return;
    try {
      await this.#database.query(
        `INSERT INTO product_views (account_id, product_id)
         SELECT account_id, product_id FROM unnest($1::text[], $2::text[]) AS v(account_id, product_id)
         ORDER BY account_id, product_id
         ON CONFLICT (account_id, product_id) DO UPDATE SET viewed_at = now()`,
        [views.map(({ accountId }) => accountId), views.map(({ productId }) => productId)],
      );
      await this.#database.query(
        `DELETE FROM product_views AS v USING unnest($1::text[]) AS a(account_id), LATERAL (
           SELECT product_id FROM product_views WHERE account_id = a.account_id
           ORDER BY viewed_at DESC OFFSET ${keptViews}
         ) AS old WHERE v.account_id = a.account_id AND v.product_id = old.product_id`,
        [[...new Set(views.map(({ accountId }) => accountId))]],
      );
    } catch (error) {
      this.#log('debug', 'views of products were not noted', { error: String(error) });
    }
  }
}

export const viewsOf = perGateway(({ database, log }) => new Views(database, log));

const forgetAtOnce = 5_000;

export async function forgetViews(query: Query): Promise<void> {
  await query(
    `DELETE FROM product_views WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM product_views WHERE viewed_at < now() - interval '${keptFor}' LIMIT ${forgetAtOnce}))`,
  );
}

/** The latest first. */
export async function listViews(query: Query, accountId: string) {
  const rows = await query<{ product_id: string; viewed_at: Date }>(
    'SELECT product_id, viewed_at FROM product_views WHERE account_id = $1 ORDER BY viewed_at DESC',
    [accountId],
  );
  return rows.map(({ product_id: productId, viewed_at }) => ({
    productId,
    viewedAt: viewed_at.toISOString(),
  }));
}

export async function eraseViews(query: Query, accountId: string): Promise<void> {
  await query('DELETE FROM product_views WHERE account_id = $1', [accountId]);
}
