/**
 * What the audit compares, as plain data: what the journal says of a SKU and of an order, the tables' rows, and the
 * provider's ledger.
 */
import type { OrderView } from '../actors/order/commands.ts';
import type { HoldState } from '../actors/sku/commands.ts';

export interface Mismatch {
  /** What was compared, such as `stock.held` or `order.status`. */
  readonly kind: string;
  readonly key: string;
  readonly expected: unknown;
  readonly found: unknown;
}

export interface StockEntry {
  readonly sku: string;
  readonly onHand: number;
  readonly held: number;
  readonly sold: number;
  readonly allotted: number;
  readonly holds: readonly HoldEntry[];
}

export interface HoldEntry {
  readonly holdId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly state: HoldState;
  readonly orderId: string | null;
}

export interface OrderEntry {
  readonly view: OrderView;
  /** No message is pending and no deadline is set. */
  readonly isSettled: boolean;
}

export interface StockRow {
  readonly onHand: number;
  readonly held: number;
  readonly sold: number;
  /** null: not known yet. */
  readonly allotted: number | null;
}

export interface OrderRows {
  readonly order: {
    readonly buyerId: string;
    readonly status: string;
    readonly paymentStatus: string;
    readonly paymentId: string | null;
    readonly totalAmount: number | null;
    readonly refundedAmount: number;
    readonly disputedAmount: number | null;
    readonly currency: string | null;
    readonly version: number;
  };
  readonly lines: readonly {
    readonly holdId: string;
    readonly sku: string;
    readonly quantity: number;
    readonly lineTotal: number;
  }[];
  readonly payments: readonly {
    readonly paymentId: string;
    readonly status: string;
    readonly amount: number;
    readonly refundedAmount: number;
    readonly currency: string;
  }[];
}

export interface ProviderPayment {
  readonly paymentId: string;
  /** null: made by somebody else with the same account. */
  readonly orderId: string | null;
  readonly status: 'open' | 'authorized' | 'captured' | 'voided' | 'refunded' | 'declined';
  /** null where the provider was asked for the status only. */
  readonly capturedAmount: number | null;
  readonly refundedAmount: number | null;
  readonly currency: string | null;
}

export interface ProviderLedger {
  readonly payments: readonly ProviderPayment[];
  /** False when only some payments were asked for: then one that is not here says nothing. */
  readonly isComplete: boolean;
}

/** Of an order, what other partitions and the provider are compared with. */
export interface OrderInBrief {
  readonly isSettled: boolean;
  readonly isBought: boolean;
  readonly paymentStatus: OrderView['paymentStatus'];
  readonly paymentId: string | null;
  readonly amount: number | null;
  readonly refundedAmount: number | null;
  readonly currency: string | null;
  readonly createdAtMs: number;
  readonly lines: readonly { readonly holdId: string; readonly sku: string; readonly quantity: number }[];
}

const boughtStatuses: readonly OrderView['status'][] = ['confirmed', 'shipped', 'delivered', 'returned'];

export function inBrief({ view, isSettled }: OrderEntry): OrderInBrief {
  return {
    isSettled,
    isBought: boughtStatuses.includes(view.status),
    paymentStatus: view.paymentStatus,
    paymentId: view.paymentId,
    amount: view.total?.amount ?? null,
    refundedAmount: view.refunded?.amount ?? null,
    currency: view.total?.currency ?? null,
    createdAtMs: view.createdAtMs,
    lines: view.lines.map(({ holdId, sku, quantity }) => ({ holdId, sku, quantity })),
  };
}

/** One mismatch for each property of `expected` that `found` has otherwise. */
export function unequal(prefix: string, key: string, expected: object, found: object): Mismatch[] {
  return Object.entries(expected).flatMap(([name, value]) => {
    const other = (found as Record<string, unknown>)[name];
    return Object.is(value, other)
      ? []
      : [{ kind: `${prefix}.${name}`, key, expected: value, found: other ?? null }];
  });
}
