/** Which order a payment belongs to; the order's actor knows everything else about it. */
import type { Database } from '../../persistence/database.ts';

export async function orderOfPayment(database: Database, paymentId: string): Promise<string | null> {
  const [row] = await database.query<{ order_id: string }>(
    'SELECT order_id FROM payments WHERE payment_id = $1',
    [paymentId],
  );
  return row?.order_id ?? null;
}
