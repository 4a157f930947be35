/**
 * Exact arithmetic with money: whole minor units times decimal rates, by way of whole numbers of any size. Nothing here is ever
 * a fraction of a double.
 *
 * 1. A product is rounded once, half away from zero.
 * 2. The shares of a spread add up to exactly what was spread, whatever the order of the parts.
 */
import { currencies } from '../../protocol/currencies.ts';
import { type Money, money } from '../../protocol/money.ts';

/** A rate as a fraction of whole numbers. */
interface Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** `"0.0625"` -> 625 / 10000. */
function ratioOf(decimal: string): Ratio {
  const [whole = '', fraction = ''] = decimal.split('.');
  return { numerator: BigInt(whole + fraction), denominator: 10n ** BigInt(fraction.length) };
}

/** The amount times the ratio, rounded half away from zero. */
export function scaled(amount: number, { numerator, denominator }: Ratio): number {
  const product = BigInt(amount) * numerator;
  const magnitude = product < 0n ? -product : product;
  const rounded = (2n * magnitude + denominator) / (2n * denominator);
  return Number(product < 0n ? -rounded : rounded);
}

/** Hundredths of a percent of the amount. */
export function shareOf(amount: number, basisPoints: number): number {
  return scaled(amount, { numerator: BigInt(basisPoints), denominator: 10_000n });
}

/** What the exclusive or contained tax of an amount is at this rate. */
export function taxOf(amount: number, rate: string, inclusive: boolean): number {
  const { numerator, denominator } = ratioOf(rate);
  return scaled(amount, { numerator, denominator: inclusive ? denominator + numerator : denominator });
}

/** To the nearest multiple of the step of the currency's charges; half a step goes up. */
export function roundedToStep({ amount, currency }: Money): Money {
  const step = currencies.get(currency)?.step ?? 1;
  return money(Math.floor((amount + step / 2) / step) * step, currency);
}

/**
 * Shares of `amount` by value, none above its value; `amount` is at most the sum of the values. What is left by rounding down
 * goes to the largest, then to the next; of equal ones to the first by name.
 */
export function spread(
  amount: number,
  parts: readonly { readonly name: string; readonly value: number }[],
): number[] {
  const total = BigInt(parts.reduce((sum, { value }) => sum + value, 0));
  if (total === 0n) return parts.map(() => 0);
  const shares = parts.map(({ value }) => Number((BigInt(amount) * BigInt(value)) / total));
  let left = amount - shares.reduce((sum, share) => sum + share, 0);
  const largestFirst = parts
    .map(({ name, value }, at) => ({ name, value, at }))
    .sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1));
  for (const { value, at } of largestFirst) {
    const more = Math.min(left, value - shares[at]!);
    shares[at]! += more;
    left -= more;
  }
  return shares;
}
