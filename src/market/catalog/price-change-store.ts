/** A price that is set in the place of its seller, such as by a rule. */
import type { Query } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Money } from '../../protocol/money.ts';
import { readRow, updateProduct } from './writing.ts';

interface PriceChange {
  readonly sku: string;
  readonly sellerId: string;
  readonly price: Money;
  /** What it must be until now: another one was set by somebody else meanwhile. */
  readonly expected: number;
  /** Who sets it, for the price history. */
  readonly by: string;
}

/**
 * Within the caller's transaction; the SKU's actor is told by the catalogue's job. Refuses with `unknown_sku` what the seller
 * does not sell any more, and with `stale_version` a price that is another one now.
 */
export async function setPrice(
  query: Query,
  { sku, sellerId, price, expected, by }: PriceChange,
): Promise<void> {
  const [found] = await query<{ product_id: string }>(
    `SELECT product_id FROM products WHERE seller_id = $2 AND product_id =
       (SELECT product_id FROM variants WHERE sku = $1 AND NOT is_removed) FOR UPDATE`,
    [sku, sellerId],
  );
  if (found === undefined) throw new DoorbusterError('unknown_sku', 'The seller does not sell it any more');
  const row = await readRow(query, found.product_id);
  const variant = row.variants.find((each) => each.sku === sku);
  if (variant?.amount !== expected || variant.currency !== price.currency)
    throw new DoorbusterError('stale_version', 'The price is another one now');
  const actor = { accountId: sellerId, role: 'seller' } as const;
  await updateProduct(query, actor, row, { variants: [{ sku, price }] }, undefined, by);
}
