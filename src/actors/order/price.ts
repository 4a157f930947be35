/**
 * What an order costs, in integer minor units of its one currency: as it was quoted or, without a quote, its lines and shipping.
 *
 * Shipping: `standard` is free and takes 5 days; `express` costs 9.99 in the currency's major unit, rounded once to
 * what can be charged in it (USD 9.99, JPY 10, BHD 9.990, MGA 10.00), and takes 2 days.
 */

import { currencies, whyNotChargeable } from '../../protocol/currencies.ts';
import type { Instant } from '../../protocol/decider.ts';
import { type Money, money, sum } from '../../protocol/money.ts';
import type { OrderLine, OrderQuote } from './commands.ts';
import type { OrderEvent } from './events.ts';

const expressHundredths = 999;
const daysByMethod: ReadonlyMap<string, number> = new Map([
  ['standard', 5],
  ['express', 2],
]);
const dayMs = 24 * 3_600_000;

type Priced = Extract<OrderEvent, { type: 'OrderPriced' }>;

/** The OrderPriced event, or null when the provider cannot charge the total. */
export function priceAsQuoted(quote: OrderQuote, at: Instant): Priced | null {
  const { subtotal, discount, shipping, tax, rounding, total, maxDays } = quote;
  if (total.amount !== 0 && whyNotChargeable(total) !== null) return null;
  return {
    ...{ type: 'OrderPriced', subtotal, discount, shipping, tax, rounding, total },
    estimatedDeliveryMs: at + maxDays * dayMs,
    atMs: at,
  };
}

/**
 * The OrderPriced event, or null when the lines are not all in one currency, nobody ships so or the provider cannot charge their
 * total.
 */
export function priceOrder(lines: readonly OrderLine[], method: string, at: Instant): Priced | null {
  const days = daysByMethod.get(method);
  const currency = lines[0]!.lineTotal.currency;
  if (days === undefined || lines.some((line) => line.lineTotal.currency !== currency)) return null;
  const none = money(0, currency);
  const subtotal = sum(
    currency,
    lines.map((line) => line.lineTotal),
  );
  const shipping = method === 'express' ? expressPrice(currency) : none;
  const total = sum(currency, [subtotal, shipping]);
  if (whyNotChargeable(total) !== null) return null;
  return {
    type: 'OrderPriced',
    subtotal,
    discount: none,
    shipping,
    tax: none,
    total,
    estimatedDeliveryMs: at + days * dayMs,
    atMs: at,
  };
}

function expressPrice(currency: string): Money {
  const { digits, step } = currencies.get(currency) ?? { digits: 2, step: 1 };
  const minor = (expressHundredths * 10 ** digits) / 100;
  return money(Math.round(minor / step) * step, currency);
}
