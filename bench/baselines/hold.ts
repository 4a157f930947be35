/** A hold as the baselines know it. */

export interface HoldBody {
  readonly holdId: string;
  readonly sku: string;
  readonly quantity: number;
}

/** Takes units out of the stock, durably; false: there are not so many left. */
export type Take = (sku: string, quantity: number) => Promise<boolean>;

const holdMs = 3_600_000;
const unitPrice = { amount: 19_900, currency: 'USD' };

/** As ours is answered. */
export function holdOf(saleId: string, { holdId, sku, quantity }: HoldBody) {
  const expiresAt = new Date(Date.now() + holdMs).toISOString();
  return { holdId, saleId, sku, quantity, unitPrice, state: 'held', expiresAt };
}
