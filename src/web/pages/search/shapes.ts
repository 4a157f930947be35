/** The answer of `/v1/search`, as far as the page shows it. */
import type { Product } from '../../../market/catalog/schemas.ts';

interface Counted<Value> {
  readonly value: Value;
  readonly count: number;
}

export interface Facets {
  readonly brands: readonly Counted<string>[];
  /** By path. */
  readonly categories: readonly Counted<string>[];
  readonly priceRanges: readonly {
    readonly from: number | null;
    readonly to: number | null;
    readonly count: number;
  }[];
  readonly ratings: readonly Counted<number>[];
  readonly inStock: readonly Counted<boolean>[];
}

type Found = Product & { readonly highlights: { readonly title?: string | null } };

export interface SearchPage {
  readonly items: readonly Found[];
  readonly total: number;
  readonly facets: Facets;
  readonly didYouMean: string | null;
  readonly nextCursor: string | null;
}
