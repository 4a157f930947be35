/**
 * The sales of suspended sellers end: at once where the suspension is decided, and by a job for what that could not
 * reach, such as a sale that was being made meanwhile.
 */
import { closeSale } from '../../actors/sale/commands.ts';
import type { Query } from '../../persistence/database.ts';
import type { Ask } from '../../protocol/command.ts';

/** The rest waits for the next round. */
const salesPerRound = 500;

/** `sellerId` null: of every suspended seller. What does not answer is closed by a later round. */
export async function closeSalesOfSuspended(query: Query, ask: Ask, sellerId: string | null): Promise<void> {
  const open = await query<{ sale_id: string; suspended_by: string }>(
    `SELECT sales.sale_id, sellers.suspended_by FROM sales JOIN sellers ON sellers.account_id = sales.seller_id
     WHERE sales.phase <> 'ended' AND sellers.status = 'suspended' AND ($1::text IS NULL OR sales.seller_id = $1)
     LIMIT $2`,
    [sellerId, salesPerRound],
  );
  await Promise.all(
    open.map(({ sale_id: saleId, suspended_by: accountId }) =>
      ask(closeSale, saleId, { sellerId: null, by: { accountId, role: 'admin' } }),
    ),
  );
}
