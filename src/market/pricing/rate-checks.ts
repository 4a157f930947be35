/** Rules of the tables of rates that a schema cannot state. All refuse with `validation_failed`, naming the place. */
import { invalid } from '../../gateway/handling.ts';
import { currencies } from '../../protocol/currencies.ts';
import { isRate } from '../../protocol/exchange.ts';
import type { RateTables } from './rate-schemas.ts';

/** `key` names what an entry is for: two for the same would contradict each other. */
function checkDistinct<Item>(items: readonly Item[], key: (item: Item) => readonly unknown[]): void {
  const seen = new Set<string>();
  for (const [i, item] of items.entries()) {
    const name = JSON.stringify(key(item));
    if (seen.has(name)) invalid(`/items/${i}`, 'must not be for the same as an entry before it');
    seen.add(name);
  }
}

function checkTax({ items }: RateTables['tax']): void {
  checkDistinct(items, ({ country, state, category }) => [
    country,
    state?.trim().toUpperCase() ?? null,
    category ?? null,
  ]);
}

function checkShipping({ items }: RateTables['shipping']): void {
  for (const [i, { minDays, maxDays }] of items.entries())
    if (minDays > maxDays) invalid(`/items/${i}/maxDays`, 'must not be less than minDays');
  checkDistinct(items, ({ method, country, maxWeightGrams }) => [method, country, maxWeightGrams ?? null]);
}

function checkExchange({ base, rates }: RateTables['exchange']): void {
  for (const [code, rate] of Object.entries(rates)) {
    if (!currencies.has(code)) invalid(`/rates/${code}`, 'must be a currency that is charged here');
    if (code === base) invalid(`/rates/${code}`, 'must not be the base');
    if (!isRate(rate)) invalid(`/rates/${code}`, 'must be a decimal above 0');
  }
}

const checks: { readonly [Name in keyof RateTables]: (content: RateTables[Name]) => void } = {
  tax: checkTax,
  shipping: checkShipping,
  exchange: checkExchange,
};

export function checkRates<Name extends keyof RateTables>(name: Name, content: RateTables[Name]): void {
  checks[name](content);
}
