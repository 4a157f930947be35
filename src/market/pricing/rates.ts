/** What the tables of rates say about one order: the tax of each line, and the ways to ship it. */
import { currencies } from '../../protocol/currencies.ts';
import { exchanged } from '../../protocol/exchange.ts';
import { type Money, money } from '../../protocol/money.ts';

export interface TaxRate {
  readonly country: string;
  readonly state?: string | undefined;
  /** A path: it and its branches. */
  readonly category?: string | undefined;
  /** A decimal: `0.0625` is 6.25 %. */
  readonly rate: string;
  /** The price contains the tax. */
  readonly inclusive: boolean;
}

export interface ShippingRate {
  readonly method: string;
  /** `*`: every country that has no entry of its own for this method. */
  readonly country: string;
  /** Of the whole order; absent: any weight. */
  readonly maxWeightGrams?: number | undefined;
  readonly amount: Money;
  readonly minDays: number;
  readonly maxDays: number;
}

export interface Destination {
  readonly country: string;
  readonly state?: string | undefined;
}

export interface ShippingOption {
  readonly method: string;
  readonly amount: Money;
  readonly minDays: number;
  readonly maxDays: number;
}

/** Whether the path is the branch, or below it. */
export function isInBranch(path: string | null, branch: string): boolean {
  return path !== null && (path === branch || path.startsWith(`${branch} > `));
}

const noTax = { rate: '0', inclusive: false } as const;
const stateOf = (state: string | undefined) => state?.trim().toUpperCase();

/** The most specific entry: one for the category (the longest path) before one for the state before one for the country. */
export function taxFor(
  rates: readonly TaxRate[],
  { country, state }: Destination,
  category: string | null,
): { readonly rate: string; readonly inclusive: boolean } {
  let best: TaxRate | null = null;
  for (const entry of rates) {
    if (entry.country !== country) continue;
    if (entry.state !== undefined && stateOf(entry.state) !== stateOf(state)) continue;
    if (entry.category !== undefined && !isInBranch(category, entry.category)) continue;
    if (best === null || isMoreSpecific(entry, best)) best = entry;
  }
  return best === null ? noTax : { rate: best.rate, inclusive: best.inclusive };
}

function isMoreSpecific(entry: TaxRate, other: TaxRate): boolean {
  // Both hold for one line, so of two paths the longer one is the deeper.
  const depth = (entry.category?.length ?? 0) - (other.category?.length ?? 0);
  return depth > 0 || (depth === 0 && entry.state !== undefined && other.state === undefined);
}

/** 9.99 of the currency's major unit, to the nearest that can be charged in it (USD 9.99, JPY 10, BHD 9.990, MGA 10.00). */
function expressDefault(currency: string): Money {
  const { digits, step } = currencies.get(currency) ?? { digits: 2, step: 1 };
  return money(Math.round((999 * 10 ** digits) / 100 / step) * step, currency);
}

function defaults(currency: string): ShippingOption[] {
  return [
    { method: 'standard', amount: money(0, currency), minDays: 5, maxDays: 5 },
    { method: 'express', amount: expressDefault(currency), minDays: 2, maxDays: 2 },
  ];
}

/**
 * One option a method, by name: its entry for the country before that for all, and of these the one with the smallest weight
 * that is enough. An empty table means `standard`, free, and `express` for 9.99.
 */
export function shippingOptions(
  rates: readonly ShippingRate[],
  country: string,
  weightGrams: number,
  currency: string,
  ratesInto: Readonly<Record<string, string>>,
): ShippingOption[] {
  if (rates.length === 0) return defaults(currency);
  const bestByMethod = new Map<string, ShippingRate>();
  const ofCountry = new Set(rates.filter((rate) => rate.country === country).map(({ method }) => method));
  for (const rate of rates) {
    if (rate.country !== (ofCountry.has(rate.method) ? country : '*')) continue;
    if (weightGrams > weightMax(rate)) continue;
    const best = bestByMethod.get(rate.method);
    if (best === undefined || weightMax(rate) < weightMax(best)) bestByMethod.set(rate.method, rate);
  }
  return [...bestByMethod.values()]
    .sort((a, b) => (a.method < b.method ? -1 : 1))
    .flatMap(({ method, amount: price, minDays, maxDays }) => {
      const amount = inCurrency(price, currency, ratesInto);
      return amount === null ? [] : [{ method, amount, minDays, maxDays }];
    });
}

function weightMax({ maxWeightGrams }: ShippingRate): number {
  return maxWeightGrams ?? Number.POSITIVE_INFINITY;
}

/** null: there is no rate for it. */
export function inCurrency(
  price: Money,
  currency: string,
  ratesInto: Readonly<Record<string, string>>,
): Money | null {
  if (price.currency === currency) return price;
  const rate = ratesInto[price.currency];
  return rate === undefined ? null : exchanged(price, rate, currency);
}
