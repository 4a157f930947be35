/**
 * Wishlists: SKUs under a name, private until a link is made. What a SKU is now is looked up when a list is shown.
 *
 * 1. An account has at most 20 lists of at most 200 SKUs: `wishlist_full` beyond.
 * 2. A list is found by its owner, or by the token of its link, of which only the hash is kept: a new link ends the one before.
 */
import { createHash, randomBytes } from 'node:crypto';
import { perGateway } from '../../gateway/route.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import { decodeCursor, idPart, type PageFilter, pageOf } from '../../persistence/cursor.ts';
import type { Database, Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';

const listsMax = 20;
const itemsMax = 200;

export interface StoredWishlist {
  readonly wishlist_id: string;
  readonly name: string;
  readonly is_shared: boolean;
  readonly created_at: Date;
  /** The latest first. */
  readonly items: readonly { readonly sku: string; readonly notify: boolean; readonly addedAt: string }[];
}

const columns = `w.wishlist_id, w.name, w.share_hash IS NOT NULL AS is_shared, w.created_at,
  (SELECT coalesce(json_agg(json_build_object('sku', i.sku, 'notify', i.notify_when_back, 'addedAt', i.added_at)
     ORDER BY i.added_at DESC, i.sku), '[]') FROM wishlist_items i WHERE i.wishlist_id = w.wishlist_id) AS items`;

const notFound = () => new DoorbusterError('not_found', 'No such wishlist');
const hashOf = (token: string) => createHash('sha256').update(token).digest();

class Wishlists {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Refuses with `wishlist_full`. A repeat under the same id changes nothing. */
  create(accountId: string, wishlistId: string, name: string): Promise<StoredWishlist> {
    return this.#database.transaction(async (query) => {
      await lock(query, accountId);
      const known = await query('SELECT wishlist_id FROM wishlists WHERE account_id = $1', [accountId]);
      const isNew = !known.some((row) => row.wishlist_id === wishlistId);
      if (isNew && known.length >= listsMax) throw full(listsMax);
      await query(
        'INSERT INTO wishlists (wishlist_id, account_id, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
        [wishlistId, accountId, name],
      );
      return read(query, accountId, wishlistId);
    });
  }

  async list(accountId: string, { cursor, limit = limitDefault }: PageFilter) {
    const [after = ''] = decodeCursor(cursor ?? null, 'wishlists', [idPart('wishlist')]) ?? [];
    const rows = await this.#database.query<StoredWishlist>(
      `SELECT ${columns} FROM wishlists w WHERE w.account_id = $1 AND w.wishlist_id > $2
       ORDER BY w.wishlist_id LIMIT $3`,
      [accountId, after, limit + 1],
    );
    return pageOf(rows, limit, 'wishlists', ({ wishlist_id }) => [wishlist_id]);
  }

  /** Refuses with `not_found`. */
  async remove(accountId: string, wishlistId: string): Promise<void> {
    const gone = await this.#database.query(
      'DELETE FROM wishlists WHERE wishlist_id = $1 AND account_id = $2 RETURNING 1',
      [wishlistId, accountId],
    );
    if (gone.length === 0) throw notFound();
  }

  /** Refuses with `not_found`, `wishlist_full`. */
  add(accountId: string, wishlistId: string, sku: string, notify: boolean): Promise<StoredWishlist> {
    return this.#database.transaction(async (query) => {
      await lock(query, accountId);
      const { items } = await read(query, accountId, wishlistId);
      if (items.length >= itemsMax && !items.some((item) => item.sku === sku)) throw full(itemsMax);
      await query(
        `INSERT INTO wishlist_items (wishlist_id, sku, notify_when_back) VALUES ($1, $2, $3)
         ON CONFLICT (wishlist_id, sku) DO UPDATE SET notify_when_back = excluded.notify_when_back`,
        [wishlistId, sku, notify],
      );
      return read(query, accountId, wishlistId);
    });
  }

  /** A SKU that is not there is out. Refuses with `not_found`. */
  take(accountId: string, wishlistId: string, sku: string): Promise<StoredWishlist> {
    return this.#database.transaction(async (query) => {
      await read(query, accountId, wishlistId);
      await query('DELETE FROM wishlist_items WHERE wishlist_id = $1 AND sku = $2', [wishlistId, sku]);
      return read(query, accountId, wishlistId);
    });
  }

  /** The token of a new link. Refuses with `not_found`. */
  async share(accountId: string, wishlistId: string): Promise<string> {
    const token = randomBytes(24).toString('base64url');
    const shared = await this.#database.query(
      'UPDATE wishlists SET share_hash = $3 WHERE wishlist_id = $1 AND account_id = $2 RETURNING 1',
      [wishlistId, accountId, hashOf(token)],
    );
    if (shared.length === 0) throw notFound();
    return token;
  }

  /** Refuses with `not_found`. */
  async shared(token: string): Promise<StoredWishlist> {
    const [row] = await this.#database.query<StoredWishlist>(
      `SELECT ${columns} FROM wishlists w WHERE w.share_hash = $1`,
      [hashOf(token)],
    );
    if (row === undefined) throw notFound();
    return row;
  }
}

/** One change of an account's lists after the other, so that bounds hold. */
async function lock(query: Query, accountId: string): Promise<void> {
  await query(`SELECT pg_advisory_xact_lock(hashtextextended('wishlists ' || $1, 0))`, [accountId]);
}

async function read(query: Query, accountId: string, wishlistId: string): Promise<StoredWishlist> {
  const [row] = await query<StoredWishlist>(
    `SELECT ${columns} FROM wishlists w WHERE w.wishlist_id = $1 AND w.account_id = $2`,
    [wishlistId, accountId],
  );
  if (row === undefined) throw notFound();
  return row;
}

function full(limit: number): DoorbusterError {
  return new DoorbusterError('wishlist_full', `There is room for ${limit}`, { limit });
}

export const wishlistsOf = perGateway(({ database }) => new Wishlists(database));

/** Their owner leaves. */
export async function eraseWishlists(query: Query, accountId: string): Promise<void> {
  await query('DELETE FROM wishlists WHERE account_id = $1', [accountId]);
}
