/**
 * Tells sku actors what the catalogue's rows say: that a SKU exists, and its present title and price.
 *
 * 1. One teller per product at a time (its row is locked), and it always tells the present row, so an older title or
 *    price can never be told last.
 * 2. `busy` leaves the row as it is: the next round tells it again. Telling twice changes nothing.
 */

import type { ChangeSku, RegisterSku, StockView } from '../../actors/sku/commands.ts';
import type { Database, Query } from '../../persistence/database.ts';
import type { AnyCommand } from '../../protocol/command.ts';
import type { Log } from '../../protocol/log.ts';
import type { Answer } from '../../protocol/peer.ts';

/** Asks one actor; never rejects: `busy` when the outcome is unknown. */
export type AskActor = (kind: string, key: string, command: AnyCommand) => Promise<Answer>;

type ActorState = 'pending' | 'stale' | 'current' | 'refused';

export interface Registration {
  /** Whether the actors now know all of the product, and a SKU that another product has, if any. */
  tell(productId: string): Promise<{ isCurrent: boolean; refused: string | null }>;
  /** Answers with how many products there were. */
  tellPending(): Promise<number>;
}

interface Row {
  sku: string;
  actor_state: ActorState;
  seller_id: string;
  title: string;
  price_amount: string;
  currency: string;
  initial_stock: string;
}

/** Products told per round: the rest waits for the next. */
const productsPerRound = 500;

export function createRegistration(database: Database, ask: AskActor, log: Log): Registration {
  async function tellOne(productId: string, row: Row): Promise<ActorState> {
    const price = { amount: Number(row.price_amount), currency: row.currency };
    const change: ChangeSku = { type: 'ChangeSku', title: row.title, price };
    if (row.actor_state === 'stale') {
      const { code } = await ask('sku', row.sku, change);
      return code === 'ok' ? 'current' : code === 'not_found' ? 'pending' : 'stale';
    }
    const register: RegisterSku = {
      type: 'RegisterSku',
      productId,
      sellerId: row.seller_id,
      title: row.title,
      price,
      stock: Number(row.initial_stock),
    };
    const { code } = await ask('sku', row.sku, register);
    if (code === 'created' || code === 'ok') return 'current';
    if (code !== 'exists_with_different') return 'pending';
    // Ours from an earlier try whose answer was lost, before a change of title or price? Then it only needs that.
    const known = await ask('sku', row.sku, { type: 'ReadStock' });
    if (known.code !== 'ok') return 'pending';
    if ((known.body as StockView).productId !== productId) return 'refused';
    return (await ask('sku', row.sku, change)).code === 'ok' ? 'current' : 'pending';
  }

  async function tellLocked(query: Query, productId: string) {
    const rows = await query<Row>(
      `SELECT v.sku, v.actor_state, v.price_amount, v.currency, v.initial_stock, p.seller_id, p.title
       FROM variants v JOIN products p USING (product_id)
       WHERE product_id = $1 AND actor_state <> 'current' ORDER BY position`,
      [productId],
    );
    const states = await Promise.all(
      rows.map((row) => (row.actor_state === 'refused' ? row.actor_state : tellOne(productId, row))),
    );
    if (rows.length > 0) {
      await query(
        `UPDATE variants SET actor_state = n.state,
           registered_at = CASE WHEN n.state = 'current' THEN coalesce(registered_at, now()) ELSE registered_at END
         FROM unnest($1::text[], $2::text[]) AS n(sku, state) WHERE variants.sku = n.sku`,
        [rows.map((row) => row.sku), states],
      );
    }
    const refused = rows.find((_, i) => states[i] === 'refused')?.sku ?? null;
    if (refused !== null)
      log('error', 'a SKU belongs to another product in the journal', { sku: refused, productId });
    return { isCurrent: states.every((state) => state === 'current'), refused };
  }

  return {
    tell: (productId) =>
      database.transaction(async (query) => {
        await query('SELECT 1 FROM products WHERE product_id = $1 FOR UPDATE', [productId]);
        return tellLocked(query, productId);
      }),

    async tellPending() {
      const waiting = await database.query<{ product_id: string }>(
        `SELECT DISTINCT product_id FROM variants WHERE actor_state IN ('pending', 'stale') LIMIT $1`,
        [productsPerRound],
      );
      for (const { product_id: productId } of waiting) {
        await database.transaction(async (query) => {
          // Whoever holds the lock is telling this product already.
          const [free] = await query('SELECT 1 FROM products WHERE product_id = $1 FOR UPDATE SKIP LOCKED', [
            productId,
          ]);
          if (free) await tellLocked(query, productId);
        });
      }
      return waiting.length;
    },
  };
}
