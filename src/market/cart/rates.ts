/** Exchange rates into the currency of a cart, as the marketplace's table has them now. */
import type { ExchangeRates } from '../../actors/cart/commands.ts';
import type { Services } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { crossRate } from '../../protocol/exchange.ts';
import { pricingOf } from '../pricing/store.ts';

/** One of `base` is worth so much of each other one. */
interface RateTable {
  readonly base: string;
  readonly rates: ExchangeRates;
}

export const noRates: ExchangeRates = {};

/** Before any table could be read nothing is exchanged: what a cart holds in its own currency needs none. */
export async function ratesOf(services: Services): Promise<RateTable> {
  try {
    return await pricingOf(services).exchangeRates();
  } catch (error) {
    if (!(error instanceof DoorbusterError) || error.code !== 'busy') throw error;
    return { base: 'USD', rates: noRates };
  }
}

/** Of all others into `currency`; null: the table does not have it. */
export function ratesInto(currency: string, { base, rates }: RateTable): ExchangeRates | null {
  const own = currency === base ? '1' : rates[currency];
  if (own === undefined) return null;
  const others = Object.entries({ ...rates, [base]: '1' }).filter(([code]) => code !== currency);
  return Object.fromEntries(others.map(([code, rate]) => [code, crossRate(own, rate)]));
}
