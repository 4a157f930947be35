/**
 * Sends the sku actors what the catalogue's rows say: that a SKU exists, its present title and price, and that it left
 * the catalogue or came back. What was never for sale has no actor.
 *
 * 1. A product is registered by one request at a time (its row is locked) and always with its present row, so an
 *    older title or price can never be the last that is sent.
 * 2. `busy` leaves the row as it is: the next round sends it again. Sending twice changes nothing.
 * 3. What is pending goes in slices, and after each the registration rests for as long as it took: where nobody else
 *    asks the actors an import's products are known within seconds, and while a drop keeps them busy it slows with them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { changeSku, readStock, registerSku, reinstateSku, retireSku } from '../../actors/sku/commands.ts';
import type { Database, Query } from '../../persistence/database.ts';
import type { Code } from '../../protocol/codes.ts';
import type { Ask } from '../../protocol/command.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Log } from '../../protocol/log.ts';
import type { Money } from '../../protocol/money.ts';

type ActorState = 'pending' | 'stale' | 'current' | 'refused';

interface Row {
  sku: string;
  product_id: string;
  actor_state: ActorState;
  is_for_sale: boolean;
  seller_id: string;
  title: string;
  price_amount: string;
  currency: string;
  initial_stock: string;
}

interface Registered {
  /** Whether the actors now know all of the product. */
  readonly isCurrent: boolean;
  /** A SKU that another product has. */
  readonly refused: string | null;
}

/** Their rows are locked while their SKUs are sent. */
const productsPerSlice = 128;
/** Of one slice, asked at once. */
const skusAtOnce = 128;

export class Registration {
  readonly #database: Database;
  readonly #ask: Ask;
  readonly #log: Log;

  constructor(database: Database, ask: Ask, log: Log) {
    this.#database = database;
    this.#ask = ask;
    this.#log = log;
  }

  register(productId: string): Promise<Registered> {
    return this.#database.transaction(async (query) => {
      await query('SELECT 1 FROM products WHERE product_id = $1 FOR UPDATE', [productId]);
      return this.#registerLocked(query, [productId]);
    });
  }

  /** Registers what is still pending, in order of id; answers with how many products there were. */
  async registerPending(stopping?: AbortSignal): Promise<number> {
    let count = 0;
    for (let after = ''; !stopping?.aborted; ) {
      const startedAtMs = performance.now();
      const pending = await this.#database.query<{ productId: string }>(
        `SELECT DISTINCT product_id AS "productId" FROM variants
         WHERE actor_state IN ('pending', 'stale') AND product_id > $1 ORDER BY product_id LIMIT $2`,
        [after, productsPerSlice],
      );
      if (pending.length > 0) await this.#registerSlice(pending.map(({ productId }) => productId));
      count += pending.length;
      if (pending.length < productsPerSlice) break;
      after = pending.at(-1)!.productId;
      await delay(performance.now() - startedAtMs, undefined, { ref: false });
    }
    return count;
  }

  #registerSlice(productIds: readonly string[]): Promise<Registered> {
    return this.#database.transaction(async (query) => {
      // Whoever holds a lock is registering that product already.
      const free = await query<{ productId: string }>(
        `SELECT product_id AS "productId" FROM products WHERE product_id = ANY($1)
         ORDER BY product_id FOR UPDATE SKIP LOCKED`,
        [productIds],
      );
      return this.#registerLocked(
        query,
        free.map(({ productId }) => productId),
      );
    });
  }

  /** Whether units of the SKU are held or set aside, or a sale of it is not over. Refuses with `busy`. */
  async isInUse(query: Query, sku: string): Promise<boolean> {
    const known = await this.#ask(readStock, sku, {});
    if (known.code === 'ok' && known.body.held + known.body.allotted > 0) return true;
    if (known.code !== 'ok' && known.code !== 'not_found')
      throw new DoorbusterError('busy', 'The stock of the SKU is not known in this moment: try again');
    const [sale] = await query(
      `SELECT 1 FROM sale_items i JOIN sales s ON s.sale_id = i.sale_id
       WHERE i.sku = $1 AND s.stock <> 'refused' AND s.phase <> 'ended' LIMIT 1`,
      [sku],
    );
    return sale !== undefined;
  }

  async #registerLocked(query: Query, productIds: readonly string[]): Promise<Registered> {
    const rows = await query<Row>(
      // Product by product, whatever the statistics say: in the middle of an import they are of the time before it.
      `SELECT v.sku, p.product_id, v.actor_state, v.price_amount, v.currency, v.initial_stock, p.seller_id, p.title,
         p.status = 'active' AND NOT v.is_removed AS is_for_sale
       FROM products p, LATERAL (
         SELECT * FROM variants WHERE product_id = p.product_id AND actor_state <> 'current' ORDER BY position) AS v
       WHERE p.product_id = ANY($1) ORDER BY p.product_id, v.position`,
      [productIds],
    );
    const states: ActorState[] = [];
    for (let from = 0; from < rows.length; from += skusAtOnce) {
      const some = rows.slice(from, from + skusAtOnce);
      states.push(
        ...(await Promise.all(
          some.map((row) => (row.actor_state === 'refused' ? 'refused' : this.#send(row))),
        )),
      );
    }
    if (rows.length > 0) {
      await query(
        `UPDATE variants SET actor_state = n.state,
           registered_at = CASE WHEN n.state = 'current' AND n.is_for_sale THEN coalesce(registered_at, now()) ELSE registered_at END
         FROM unnest($1::text[], $2::text[], $3::boolean[]) AS n(sku, state, is_for_sale)
         WHERE variants.sku = n.sku AND variants.sku = ANY($1)`,
        [rows.map((row) => row.sku), states, rows.map((row) => row.is_for_sale)],
      );
    }
    const refused = rows.filter((_, i) => states[i] === 'refused');
    for (const { sku, product_id: productId } of refused)
      this.#log('error', 'a SKU belongs to another product in the journal', { sku, productId });
    return { isCurrent: states.every((state) => state === 'current'), refused: refused[0]?.sku ?? null };
  }

  /** Sends one row to its SKU's actor; answers with what the row's state is then. */
  async #send(row: Row): Promise<ActorState> {
    const { product_id: productId } = row;
    if (!row.is_for_sale) {
      const { code } = await this.#ask(retireSku, row.sku, {});
      // One that was never registered is in no sale, and will not be.
      return code === 'ok' || code === 'not_found' ? 'current' : 'stale';
    }
    const change = { title: row.title, price: { amount: Number(row.price_amount), currency: row.currency } };
    if (row.actor_state === 'stale') {
      const code = await this.#change(row.sku, change);
      return code === 'ok' ? 'current' : code === 'not_found' ? 'pending' : 'stale';
    }
    const stock = Number(row.initial_stock);
    const registration = { productId, sellerId: row.seller_id, ...change, stock };
    const { code } = await this.#ask(registerSku, row.sku, registration);
    if (code === 'created') return 'current';
    if (code === 'ok')
      return (await this.#ask(reinstateSku, row.sku, {})).code === 'ok' ? 'current' : 'pending';
    if (code !== 'exists_with_different') return 'pending';
    // Ours from an earlier try whose answer was lost, before a change of title or price? Then it only needs that.
    const known = await this.#ask(readStock, row.sku, {});
    if (known.code !== 'ok') return 'pending';
    if (known.body.productId !== productId) return 'refused';
    return (await this.#change(row.sku, change)) === 'ok' ? 'current' : 'pending';
  }

  /** The actor may have been told before that its SKU left the catalogue. */
  async #change(sku: string, change: { title: string; price: Money }): Promise<Code> {
    const { code } = await this.#ask(changeSku, sku, change);
    return code === 'ok' ? (await this.#ask(reinstateSku, sku, {})).code : code;
  }
}
