/** What a product of the sample shop is, and the ways to write its variants. */

const price = (amount: number) => ({ amount, currency: 'USD' });

export interface SampleVariant {
  readonly sku: string;
  readonly options: Readonly<Record<string, string>>;
  readonly price: { readonly amount: number; readonly currency: string };
  readonly compareAtPrice?: { readonly amount: number; readonly currency: string };
  readonly stock: number;
}

export interface SampleProduct {
  /** Names of drawings, each with its palette: see `palette.ts`. */
  readonly pictures: readonly string[];
  readonly title: string;
  readonly description: string;
  readonly brand: string;
  readonly category: string;
  readonly tags: readonly string[];
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly variants: readonly SampleVariant[];
}

interface Amounts {
  readonly amount: number;
  /** What it cost before. */
  readonly before?: number;
}

const costing = ({ amount, before }: Amounts) => ({
  price: price(amount),
  ...(before === undefined ? {} : { compareAtPrice: price(before) }),
});

const codeOf = (value: string) => value.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '-');

/** One variant. */
export function only(sku: string, amounts: Amounts, stock: number): SampleVariant[] {
  return [{ sku, options: {}, ...costing(amounts), stock }];
}

/** One variant a value of the option: its SKU ends with the value. `stock`: of each, or of all alike. */
export function by(
  option: string,
  values: readonly string[],
  sku: string,
  amounts: Amounts,
  stock: number | readonly number[],
): SampleVariant[] {
  return values.map((value, index) => ({
    sku: `${sku}-${codeOf(value)}`,
    options: { [option]: value },
    ...costing(amounts),
    stock: typeof stock === 'number' ? stock : (stock[index] ?? 0),
  }));
}

/** One variant a pair of values. `stock`: of each value of the first option, those of the second one. */
export function byTwo(
  [first, second]: readonly [string, string],
  [firstValues, secondValues]: readonly [readonly string[], readonly string[]],
  sku: string,
  amounts: Amounts,
  stock: readonly (readonly number[])[],
): SampleVariant[] {
  return firstValues.flatMap((a, i) =>
    secondValues.map((b, j) => ({
      sku: `${sku}-${codeOf(a)}-${codeOf(b)}`,
      options: { [first]: a, [second]: b },
      ...costing(amounts),
      stock: stock[i]?.[j] ?? 0,
    })),
  );
}
