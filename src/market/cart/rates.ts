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

const noTable: RateTable = { base: 'USD', rates: {} };

/** Of one table, by currency: adding to carts asks for the same again and again. */
const knownByTable = new WeakMap<RateTable, Map<string, ExchangeRates | null>>();

/** Of all others into `currency`; null: the table does not have it. */
export async function ratesInto(services: Services, currency: string): Promise<ExchangeRates | null> {
  const table = await tableOf(services);
  let known = knownByTable.get(table);
  if (known === undefined) {
    known = new Map();
    knownByTable.set(table, known);
  }
  let into = known.get(currency);
  if (into === undefined) {
    into = exchanged(currency, table);
    known.set(currency, into);
  }
  return into;
}

/** A table that was never read and cannot be now exchanges nothing: what needs no rate goes on. */
async function tableOf(services: Services): Promise<RateTable> {
  try {
    return await pricingOf(services).exchangeRates();
  } catch (error) {
    if (error instanceof DoorbusterError && error.code === 'busy') return noTable;
    throw error;
  }
}

function exchanged(currency: string, { base, rates }: RateTable): ExchangeRates | null {
  const own = currency === base ? '1' : rates[currency];
  if (own === undefined) return null;
  const others = Object.entries({ ...rates, [base]: '1' }).filter(([code]) => code !== currency);
  return Object.fromEntries(others.map(([code, rate]) => [code, crossRate(own, rate)]));
}
