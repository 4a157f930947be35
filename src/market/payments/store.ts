/** Which order a payment belongs to; the order's actor knows everything else about it. */
import type { Database } from '../../persistence/database.ts';

export interface Payments {
  orderOf(paymentId: string): Promise<string | null>;
}

export function createPayments(database: Database): Payments {
  return {
    async orderOf(paymentId) {
      const [row] = await database.query<{ order_id: string }>(
        'SELECT order_id FROM payments WHERE payment_id = $1',
        [paymentId],
      );
      return row?.order_id ?? null;
    },
  };
}
