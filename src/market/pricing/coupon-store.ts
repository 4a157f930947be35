/** Codes and promotions as their actors and the tables have them. */
import {
  type CouponView,
  changeCoupon,
  type DiscountTerms,
  readCoupon,
} from '../../actors/coupon/commands.ts';
import { accepted, waitUntil } from '../../gateway/handling.ts';
import type { Services } from '../../gateway/route.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import { type CursorPart, decodeCursor, type PageFilter, pageOf } from '../../persistence/cursor.ts';
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { type CouponRow, couponTable } from './coupon-rows.ts';

type Kind = CouponRow['kind'];

const keyPart: CursorPart = (part) => typeof part === 'string' && /^[\w-]{3,60}$/.test(part);

const pageText = `SELECT ${couponTable.selection} FROM coupons
  WHERE kind = $1 AND NOT is_removed AND ($2::text IS NULL OR seller_id = $2) AND ($3::text IS NULL OR key > $3)
  ORDER BY key LIMIT $4`;

/** `sellerId` null: of all. By key. */
export async function listCoupons(
  query: Query,
  kind: Kind,
  sellerId: string | null,
  { cursor, limit = limitDefault }: PageFilter,
) {
  const [after = null] = decodeCursor(cursor, kind, [keyPart]) ?? [];
  const rows = await query<CouponRow>(pageText, [kind, sellerId, after, limit + 1]);
  return pageOf(rows, limit, kind, ({ key }) => [key]);
}

const listedMsMax = 2_000;

/** Until the tables show the coupon in this version, or none of it: the next list has it. They may be away, or behind. */
export async function listed({ database }: Services, key: string, version: number | null): Promise<void> {
  const isListed = async () => {
    const [row] = await database.query<{ version: string; is_removed: boolean }>(
      'SELECT version, is_removed FROM coupons WHERE key = $1',
      [key],
    );
    if (version === null) return row === undefined || row.is_removed;
    return row !== undefined && Number(row.version) >= version;
  };
  await waitUntil(listedMsMax, () => isListed().catch(() => true));
}

/** So often is a change made anew that somebody else's comes before. */
const triesMax = 5;

/**
 * `versions`: those that the change may be based on; null: whichever there is. Refuses with `not_found`, `stale_version`,
 * `busy` and what `change` refuses.
 */
export async function changeTerms(
  { ask }: Services,
  key: string,
  { sellerId, versions }: { readonly sellerId: string | null; readonly versions: readonly string[] | null },
  change: (before: DiscountTerms) => DiscountTerms,
): Promise<CouponView> {
  for (let tries = 0; tries < triesMax; tries++) {
    const before = accepted(await ask(readCoupon, key, { sellerId }));
    const own = String(before.version);
    if (versions !== null && !versions.includes(own))
      throw new DoorbusterError('stale_version', 'The terms have changed since');
    const answer = await ask(changeCoupon, key, {
      ...{ sellerId, versions: [own], terms: change(before.terms) },
    });
    if (answer.code !== 'stale_version') return accepted(answer);
  }
  throw new DoorbusterError('busy', 'Others change it at the same time: try again');
}

/** A seller may have so many promotions at a time: every quote looks at those of its sellers. */
const promotionsMax = 100;

/** Refuses with `too_many_promotions`. `sellerId` null: of the marketplace. */
export async function checkRoom(query: Query, sellerId: string | null): Promise<void> {
  const [row] = await query<{ count: number }>(
    `SELECT count(*)::int AS count FROM (SELECT 1 FROM coupons
       WHERE kind = 'promotion' AND NOT is_removed AND seller_id IS NOT DISTINCT FROM $1 LIMIT $2) AS own`,
    [sellerId, promotionsMax],
  );
  if (row!.count >= promotionsMax)
    throw new DoorbusterError('too_many_promotions', `At most ${promotionsMax} promotions at a time`, {
      limit: promotionsMax,
    });
}

/** Promotions of this seller (null: of the marketplace) that are not over. */
export function livePromotions(query: Query, sellerId: string | null): Promise<CouponRow[]> {
  return query<CouponRow>(
    `SELECT ${couponTable.selection} FROM coupons
     WHERE kind = 'promotion' AND NOT is_removed AND seller_id IS NOT DISTINCT FROM $1
       AND coalesce((terms->>'endsAtMs')::float8, 'infinity') > extract(epoch FROM now()) * 1000
     ORDER BY key LIMIT ${2 * promotionsMax}`,
    [sellerId],
    sellerId === null ? 'own_promotions' : 'live_promotions',
  );
}
