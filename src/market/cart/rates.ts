/** Exchange rates into the currency of a cart, as the marketplace's table has them now. */
import type { ExchangeRates } from '../../actors/cart/commands.ts';
import type { Services } from '../../gateway/route.ts';
import { crossRate } from '../../protocol/exchange.ts';

/** One of `base` is worth so much of each other one. */
interface RateTable {
  readonly base: string;
  readonly rates: ExchangeRates;
}

export const noRates: ExchangeRates = {};

/** Until the marketplace has a table, nothing is exchanged. */
export async function ratesOf(_: Services): Promise<RateTable> {
  return { base: 'USD', rates: noRates };
}

/** Of all others into `currency`; null: the table does not have it. */
export function ratesInto(currency: string, { base, rates }: RateTable): ExchangeRates | null {
  const own = currency === base ? '1' : rates[currency];
  if (own === undefined) return null;
  const others = Object.entries({ ...rates, [base]: '1' }).filter(([code]) => code !== currency);
  return Object.fromEntries(others.map(([code, rate]) => [code, crossRate(own, rate)]));
}
