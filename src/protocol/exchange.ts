/**
 * Prices in other currencies, by rates that are decimals: how much of one currency one of another is worth, in major
 * units of both. Whole numbers throughout, so every machine finds the same price.
 */
import { currencies } from './currencies.ts';
import type { Money } from './money.ts';

const ratePattern = /^(\d{1,12})(?:\.(\d{1,12}))?$/;

/** Whether `text` is a decimal above 0 by which a price can be exchanged. */
export function isRate(text: string): boolean {
  return ratePattern.test(text) && /[1-9]/.test(text);
}

/**
 * What `price` is in `currency` at that rate: a multiple of what the provider charges in, rounded half up. What costs
 * something costs one step at the least. Throws for what is no rate, and for currencies that are not sold.
 */
export function exchanged(price: Money, rate: string, currency: string): Money {
  const parts = ratePattern.exec(rate);
  const from = currencies.get(price.currency);
  const to = currencies.get(currency);
  if (parts === null || from === undefined || to === undefined)
    throw new Error(`cannot exchange ${price.currency} for ${currency} at ${rate}`);
  const [, whole = '', fraction = ''] = parts;
  const worth = BigInt(price.amount) * BigInt(whole + fraction) * 10n ** BigInt(to.digits);
  const unit = 10n ** BigInt(from.digits + fraction.length) * BigInt(to.step);
  const steps = (2n * worth + unit) / (2n * unit);
  const amount = Number(steps) * to.step;
  return { amount: price.amount > 0 ? Math.max(amount, to.step) : amount, currency };
}

/**
 * A price in that currency where there is one, else the first one exchanged; null when no rate leads there. `rates`: into
 * `currency`, by the other one's code.
 */
export function priceIn(
  currency: string,
  rates: Readonly<Record<string, string>>,
  prices: readonly Money[],
): Money | null {
  const listed = prices.find((price) => price.currency === currency);
  if (listed !== undefined) return listed;
  const [own] = prices;
  const rate = own === undefined ? undefined : rates[own.currency];
  return rate === undefined ? null : exchanged(own!, rate, currency);
}

/** Digits after the point that a quotient keeps: more than any price has. */
const quotientDigits = 12;

/** The rate from one currency into another, of two rates into a third: `from` / `to`, rounded half up. */
export function crossRate(from: string, to: string): string {
  const scaled = (text: string) => {
    const [whole = '', fraction = ''] = text.split('.');
    return BigInt(whole + fraction.padEnd(quotientDigits, '0'));
  };
  const divisor = scaled(to);
  const quotient = (2n * scaled(from) * 10n ** BigInt(quotientDigits) + divisor) / (2n * divisor);
  const text = quotient.toString().padStart(quotientDigits + 1, '0');
  return `${text.slice(0, -quotientDigits)}.${text.slice(-quotientDigits)}`.replace(/\.?0+$/, '');
}
