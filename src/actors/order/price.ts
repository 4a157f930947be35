/**
 * What an order costs, in integer minor units of its one currency. Discounts and taxes are 0 until they exist.
 *
 * Shipping: `standard` is free and takes 5 days; `express` costs 9.99 in the currency's major unit, rounded once to
 * its minor unit (USD 9.99, JPY 10, BHD 9.990), and takes 2 days.
 */

import type { Instant } from '../../protocol/decider.ts';
import { minorDigits, money, sum } from '../../protocol/money.ts';
import type { OrderLine, ShippingMethod } from './commands.ts';
import type { OrderEvent } from './events.ts';

const expressMinorByDigits: Readonly<Record<number, number>> = { 0: 10, 2: 999, 3: 9990 };
const daysByMethod: Readonly<Record<ShippingMethod, number>> = { standard: 5, express: 2 };
const dayMs = 24 * 3_600_000;

/** The OrderPriced event, or null when the lines are not all in one currency. */
export function priceOrder(
  lines: readonly OrderLine[],
  method: ShippingMethod,
  at: Instant,
): Extract<OrderEvent, { type: 'OrderPriced' }> | null {
  const currency = lines[0]!.lineTotal.currency;
  if (lines.some((line) => line.lineTotal.currency !== currency)) return null;
  const none = money(0, currency);
  const subtotal = sum(
    currency,
    lines.map((line) => line.lineTotal),
  );
  const shipping =
    method === 'express' ? money(expressMinorByDigits[minorDigits(currency)]!, currency) : none;
  return {
    type: 'OrderPriced',
    subtotal,
    discount: none,
    shipping,
    tax: none,
    total: sum(currency, [subtotal, shipping]),
    estimatedDeliveryMs: at + daysByMethod[method] * dayMs,
    atMs: at,
  };
}
