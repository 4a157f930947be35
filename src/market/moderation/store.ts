/**
 * The queue of listings that a rule has held, and what administrators decide. Judging is done where listings are written
 * (`market/compliance/review-store.ts`).
 *
 * 1. Only what is held at that moment is decided, by whoever comes first.
 * 2. A decision is one transaction: the listing's status, its review, its provenance, its fact, the audit trail.
 */
import type { Identity, Services } from '../../gateway/route.ts';
import { limitDefault } from '../../gateway/schemas.ts';
import { decodeCursor, idPart, instantPart, type PageFilter, pageOf } from '../../persistence/cursor.ts';
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { recordAction } from '../audit/store.ts';
import { recordChanges } from '../catalog/change-store.ts';
import type { Product } from '../catalog/schemas.ts';
import { catalogOf, summariesOf } from '../catalog/store.ts';
import { setStatus } from '../compliance/review-store.ts';
import type { HeldListing } from './schemas.ts';

interface Row {
  productId: string;
  reasons: HeldListing['reasons'];
  since: Date;
}

/** Who has waited longest first. */
export async function listHeld(services: Services, { cursor, limit = limitDefault }: PageFilter) {
  const [afterMs, afterId] = decodeCursor(cursor, 'held', [instantPart, idPart('product')]) ?? [null, null];
  const rows = await services.database.query<Row>(
    `SELECT product_id AS "productId", reasons, since FROM listing_reviews
     WHERE state = 'held' AND ($1::float8 IS NULL OR (since, product_id) > (to_timestamp($1::float8 / 1000), $2::text))
     ORDER BY since, product_id LIMIT $3`,
    [afterMs, afterId, limit + 1],
  );
  const page = pageOf(rows, limit, 'held', ({ since, productId }) => [since.getTime(), productId]);
  const products = await summariesOf(
    services.database.query,
    page.rows.map(({ productId }) => productId),
    true,
  );
  const byId = new Map(products.map((product) => [product.productId, product]));
  const items = page.rows.flatMap(({ productId, reasons, since }) => {
    const product = byId.get(productId);
    // It was taken away between the two questions.
    return product === undefined ? [] : [{ productId, product, reasons, since: since.toISOString() }];
  });
  return { items, nextCursor: page.nextCursor };
}

/** `rejection` null: approved. Refuses with `not_found`, or `wrong_state` when the listing does not wait. */
export async function decide(
  services: Services,
  admin: Identity,
  productId: string,
  rejection: string | null,
): Promise<Product> {
  const catalog = catalogOf(services);
  await services.database.transaction(async (query) => {
    await lockHeld(query, productId);
    await query(
      `UPDATE listing_reviews SET (state, rejection_reason, rejected_at) =
         (CASE WHEN $2::text IS NULL THEN 'approved' ELSE 'rejected' END, $2, CASE WHEN $2 IS NULL THEN NULL ELSE now() END)
       WHERE product_id = $1`,
      [productId, rejection],
    );
    await query('UPDATE products SET version = version + 1, updated_at = now() WHERE product_id = $1', [
      productId,
    ]);
    await setStatus(query, productId, rejection === null ? 'active' : 'archived');
    const actor = { accountId: null, role: 'admin' } as const;
    await recordChanges(query, actor, [{ productId, type: 'ItemUpdated', fields: ['status'] }]);
    await recordAction(query, {
      actor: { accountId: admin.accountId, role: 'admin' },
      action: rejection === null ? 'listing.approved' : 'listing.rejected',
      target: productId,
      reason: rejection ?? undefined,
    });
  });
  await catalog.changed(productId);
  return (await catalog.read(productId, admin)).product;
}

async function lockHeld(query: Query, productId: string): Promise<void> {
  const [product] = await query<{ status: string }>(
    'SELECT status FROM products WHERE product_id = $1 FOR UPDATE',
    [productId],
  );
  if (!product) throw new DoorbusterError('not_found', 'No such product');
  if (product.status !== 'held')
    throw new DoorbusterError('wrong_state', `The listing does not wait: it is ${product.status}`);
}
