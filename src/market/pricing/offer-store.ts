/** Prices for single buyers. One with a limit has a coupon actor of the same id, which counts its uses. */
import { limitDefault } from '../../gateway/schemas.ts';
import { decodeCursor, idPart, type PageFilter, pageOf } from '../../persistence/cursor.ts';
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Money } from '../../protocol/money.ts';
import type { OfferTerms } from './terms.ts';

interface OfferRow {
  readonly offerId: string;
  readonly sellerId: string;
  readonly sku: string;
  readonly amount: number | null;
  readonly currency: string | null;
  readonly basisPoints: number | null;
  readonly startsAtMs: number | null;
  readonly endsAtMs: number | null;
  readonly limit: number | null;
}

export interface Offer extends OfferRow {
  readonly accountIds: readonly string[];
  readonly createdAtMs: number;
}

const selection = `o.offer_id AS "offerId", o.seller_id AS "sellerId", o.sku, o.price_amount::float8 AS amount, o.currency,
  o.basis_points AS "basisPoints", extract(epoch FROM o.starts_at)::float8 * 1000 AS "startsAtMs",
  extract(epoch FROM o.ends_at)::float8 * 1000 AS "endsAtMs", o.use_limit::float8 AS "limit"`;

const ownSelection = `${selection}, extract(epoch FROM o.created_at)::float8 * 1000 AS "createdAtMs",
  (SELECT coalesce(array_agg(account_id ORDER BY account_id), '{}') FROM offer_accounts a WHERE a.offer_id = o.offer_id) AS "accountIds"`;

/** Refuses with `unknown_sku` what the seller does not sell. A repeat changes nothing. */
export async function insertOffer(query: Query, offer: Omit<Offer, 'createdAtMs'>): Promise<Offer> {
  const { offerId, sellerId, sku, amount, currency, basisPoints, startsAtMs, endsAtMs, limit } = offer;
  await query(
    `INSERT INTO offers (offer_id, seller_id, sku, price_amount, currency, basis_points, starts_at, ends_at, use_limit)
     VALUES ($1, $2, $3, $4, $5, $6, to_timestamp($7::float8 / 1000), to_timestamp($8::float8 / 1000), $9)
     ON CONFLICT (offer_id) DO NOTHING`,
    [offerId, sellerId, sku, amount, currency, basisPoints, startsAtMs, endsAtMs, limit],
  );
  await query(
    'INSERT INTO offer_accounts (account_id, offer_id) SELECT unnest($2::text[]), $1 ON CONFLICT DO NOTHING',
    [offerId, offer.accountIds],
  );
  const [made] = await query<Offer>(`SELECT ${ownSelection} FROM offers o WHERE offer_id = $1`, [offerId]);
  return made!;
}

/** Whose SKU it is, and in which currency. Refuses with `unknown_sku` what is not the seller's (null: anybody's). */
export async function soldBy(
  query: Query,
  sku: string,
  sellerId: string | null,
): Promise<{ readonly sellerId: string; readonly price: Money }> {
  const [row] = await query<{ seller_id: string; amount: number; currency: string }>(
    `SELECT p.seller_id, v.price_amount::float8 AS amount, v.currency FROM variants v
     JOIN products p ON p.product_id = v.product_id WHERE v.sku = $1 AND NOT v.is_removed`,
    [sku],
  );
  if (row === undefined || (sellerId !== null && row.seller_id !== sellerId))
    throw new DoorbusterError('unknown_sku', 'Your catalogue has no such SKU');
  return { sellerId: row.seller_id, price: { amount: row.amount, currency: row.currency } };
}

/** `sellerId` null: of all. Oldest first. */
export async function listOffers(
  query: Query,
  sellerId: string | null,
  { cursor, limit = limitDefault }: PageFilter,
) {
  const [after = null] = decodeCursor(cursor, 'offers', [idPart('offer')]) ?? [];
  const rows = await query<Offer>(
    `SELECT ${ownSelection} FROM offers o
     WHERE ($1::text IS NULL OR o.seller_id = $1) AND ($2::text IS NULL OR o.offer_id > $2)
     ORDER BY o.offer_id LIMIT $3`,
    [sellerId, after, limit + 1],
  );
  return pageOf(rows, limit, 'offers', ({ offerId }) => [offerId]);
}

/** Refuses with `not_found`. */
export async function deleteOffer(query: Query, offerId: string, sellerId: string | null): Promise<void> {
  const rows = await query(
    'DELETE FROM offers WHERE offer_id = $1 AND ($2::text IS NULL OR seller_id = $2) RETURNING 1',
    [offerId, sellerId],
  );
  if (rows.length === 0) throw new DoorbusterError('not_found', 'There is no such offer');
}

/** One buyer's offers that are looked at: the newest. */
const offersOfBuyerMax = 200;

export async function liveOffers(query: Query, buyerId: string): Promise<OfferTerms[]> {
  const rows = await query<OfferRow>(
    `SELECT ${selection} FROM offer_accounts a JOIN offers o ON o.offer_id = a.offer_id
     WHERE a.account_id = $1 AND coalesce(o.ends_at, 'infinity') > now()
     ORDER BY a.offer_id DESC LIMIT ${offersOfBuyerMax}`,
    [buyerId],
    'live_offers',
  );
  return rows.map(({ offerId, sellerId, sku, startsAtMs, endsAtMs, limit, ...row }) => ({
    ...{ offerId, sellerId, sku, startsAtMs, endsAtMs, isLimited: limit !== null },
    offered:
      row.basisPoints === null
        ? { kind: 'price', price: { amount: row.amount!, currency: row.currency! } }
        : { kind: 'percent', basisPoints: row.basisPoints },
  }));
}
