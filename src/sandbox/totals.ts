/** The sandbox's ledger for outside checkers: what happened to the money, by payment and in sum. */
import { givenBack, type Intent, type Rows } from './rows.ts';

export type PaymentState = 'open' | 'authorized' | 'captured' | 'voided' | 'refunded' | 'declined';

export function stateOf(intent: Intent, nowMs: number): PaymentState {
  switch (intent.status) {
    case 'requires_capture':
      return 'authorized';
    case 'succeeded':
      return givenBack(intent, nowMs) >= intent.amountCaptured ? 'refunded' : 'captured';
    case 'canceled':
      return 'voided';
    default:
      return intent.decline ? 'declined' : 'open';
  }
}

/** Every figure counts payments by their present state; amounts are minor units by upper-case currency. */
export function totalsOf(rows: Rows, nowMs: number): object {
  const count = { open: 0, authorized: 0, captured: 0, voided: 0, refunded: 0, declined: 0 };
  const capturedAmountByCurrency: Record<string, number> = {};
  const refundedAmountByCurrency: Record<string, number> = {};
  const capturesByOrder = new Map<string, number>();
  let duplicates = 0;
  for (const intent of rows.intents) {
    count[stateOf(intent, nowMs)]++;
    if (intent.status !== 'succeeded') continue;
    const currency = intent.currency.toUpperCase();
    capturedAmountByCurrency[currency] = (capturedAmountByCurrency[currency] ?? 0) + intent.amountCaptured;
    const refunded = givenBack(intent, nowMs);
    if (refunded > 0)
      refundedAmountByCurrency[currency] = (refundedAmountByCurrency[currency] ?? 0) + refunded;
    const orderId = intent.metadata.orderId;
    if (orderId === undefined) continue;
    const captures = (capturesByOrder.get(orderId) ?? 0) + 1;
    capturesByOrder.set(orderId, captures);
    if (captures === 2) duplicates++;
  }
  return {
    intents: rows.intents.length,
    ...count,
    capturedAmountByCurrency,
    refundedAmountByCurrency,
    /** Orders with a captured payment, and those of them with more than one (must be 0). */
    capturesByOrder: { orders: capturesByOrder.size, duplicates },
  };
}

/** Payments in the order of their creation, after payment `after` (null: from the first). */
export function paymentsPage(rows: Rows, after: string | null, limit: number, nowMs: number): object | null {
  const index = after === null ? -1 : rows.indexOf(after);
  if (index === undefined) return null;
  const page = rows.intents.slice(index + 1, index + 1 + limit);
  const hasMore = index + 1 + limit < rows.intents.length;
  return {
    items: page.map((intent) => ({
      paymentId: intent.id,
      orderId: intent.metadata.orderId ?? null,
      status: stateOf(intent, nowMs),
      amount: intent.amount,
      currency: intent.currency.toUpperCase(),
      capturedAmount: intent.amountCaptured,
      refundedAmount: givenBack(intent, nowMs),
    })),
    nextCursor: hasMore ? page.at(-1)!.id : null,
  };
}
