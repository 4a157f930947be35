/** What the promises are judged by: the crowd's ledger and second readings, the stock figures, the provider's ledger. */
import type { HoldRecord, OrderRecord, TicketRecord } from './ledger.ts';

export interface StockEvidence {
  readonly sku: string;
  /** Units that were put up for sale. */
  readonly offered: number;
  /** From `GET /v1/inventory/{sku}`. */
  readonly onHand: number;
  readonly held: number;
  readonly sold: number;
  readonly allotted: number;
  readonly available: number;
  /** From the sale's status. */
  readonly saleSold: number;
}

export interface PaymentEvidence {
  readonly paymentId: string;
  readonly orderId: string | null;
  readonly capturedAmount: number;
  readonly refundedAmount: number;
}

export interface Evidence {
  readonly tickets: readonly TicketRecord[];
  readonly holds: readonly HoldRecord[];
  readonly orders: readonly OrderRecord[];
  readonly servingWentBack: number;
  readonly stock: readonly StockEvidence[];
  /** What the sale itself says; it must be 0. */
  readonly oversoldReported: number;
  /** Every payment in the provider's ledger, or why it was not read. */
  readonly payments: readonly PaymentEvidence[] | string;
}

export interface Verdict {
  readonly name: string;
  /** null: not checked. */
  readonly isKept: boolean | null;
  /** Numbers behind it, in one sentence. */
  readonly detail: string;
}

/** By the second reading. */
export function confirmedOrders({ orders }: Evidence): OrderRecord[] {
  return orders.filter(({ reread }) => typeof reread === 'object' && reread.status === 'confirmed');
}

export function unitsBySku(orders: readonly OrderRecord[]): Map<string, number> {
  const units = new Map<string, number>();
  for (const { sku, quantity } of orders) units.set(sku, (units.get(sku) ?? 0) + quantity);
  return units;
}

export function units(orders: readonly OrderRecord[]): number {
  return orders.reduce((sum, { quantity }) => sum + quantity, 0);
}
