/** Rules of products that a schema cannot state. All refuse with `validation_failed`, naming the field. */
import { invalid } from '../../gateway/handling.ts';
import type { Money } from '../../protocol/money.ts';
import { checkChargeable } from '../pricing/schemas.ts';

interface PricedVariant {
  readonly sku: string;
  readonly price?: Money | undefined;
  readonly compareAtPrice?: Money | null | undefined;
  readonly prices?: readonly Money[] | undefined;
}

/** `currency`: what the prices must be in; null: in what the first one is in. `path` is the JSON pointer of a variant. */
export function checkVariants(
  variants: readonly PricedVariant[],
  currency: string | null = null,
  path = (i: number) => `/variants/${i}`,
): void {
  const common = currency ?? variants.find((variant) => variant.price)?.price?.currency;
  const seen = new Set<string>();
  for (const [i, { sku, price, compareAtPrice, prices = [] }] of variants.entries()) {
    if (seen.has(sku)) invalid(`${path(i)}/sku`, 'must not be named twice');
    seen.add(sku);
    if (price && price.currency !== common)
      invalid(`${path(i)}/price/currency`, 'must be the same for all variants of a product');
    if (compareAtPrice && compareAtPrice.currency !== common)
      invalid(`${path(i)}/compareAtPrice/currency`, 'must be that of the price');
    const listed = prices.map(({ currency }) => currency);
    for (const [n, each] of listed.entries())
      if (each === common || listed.indexOf(each) < n)
        invalid(`${path(i)}/prices/${n}/currency`, 'must be another than that of the price, and given once');
  }
}

/** Refuses what can never be charged; what is free needs no charge. */
export function checkPrices(
  variants: readonly PricedVariant[],
  path = (i: number) => `/variants/${i}`,
): void {
  for (const [i, { price, prices = [] }] of variants.entries()) {
    if (price && price.amount > 0) checkChargeable(`${path(i)}/price`, price);
    for (const [n, each] of prices.entries())
      if (each.amount > 0) checkChargeable(`${path(i)}/prices/${n}`, each);
  }
}

/** Trimmed, in lower case, each once, in the order of their first mention. */
export function normaliseTags(tags: readonly string[]): string[] {
  return [...new Set(tags.map((tag) => tag.normalize('NFC').trim().toLowerCase()))];
}
