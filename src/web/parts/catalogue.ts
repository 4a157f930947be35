/** Products as the pages show them: their picture, their price, what is left. */
import type { Product, Variant } from '../../market/catalog/schemas.ts';
import type { CategoryNode } from '../../market/categories/schemas.ts';
import { count } from '../format.ts';
import { shopWords } from '../words-shop.ts';

export const productsPath = '/v1/products';
export const categoriesPath = '/v1/categories';

const text = shopWords.product;

export interface ProductPage {
  readonly items: readonly Product[];
  readonly nextCursor: string | null;
}

export interface NumberedPage {
  readonly items: readonly Product[];
  readonly total: number;
  readonly page: number;
  readonly totalPages: number;
}

export interface CategoryTree {
  readonly items: readonly CategoryNode[];
}

/** Of a card. */
export function imageOf({ images }: Pick<Product, 'images'>): string | null {
  return images[0]?.thumbnailUrl ?? null;
}

interface Priced {
  readonly amount: number;
  readonly currency: string;
}

/** The lowest price, what it was before, and whether other variants cost more. */
export function priceOf({ priceFrom, variants }: Pick<Product, 'priceFrom' | 'variants'>) {
  const cheapest = variants.find(({ price }) => price.amount === priceFrom.amount);
  const isLowest = variants.some(({ price }) => price.amount !== priceFrom.amount);
  return { price: priceFrom, before: beforeOf(cheapest), isLowest };
}

/** null: it never cost more. */
export function beforeOf(variant: Pick<Variant, 'price' | 'compareAtPrice'> | undefined): Priced | null {
  const before = variant?.compareAtPrice ?? null;
  return before !== null && before.amount > variant!.price.amount ? before : null;
}

export type StockKind = 'in' | 'few' | 'out';

export interface Stock {
  readonly kind: StockKind;
  readonly words: string;
  /** null: nothing more is known, or worth saying. */
  readonly more: string | null;
}

/** Of a variant. */
export function stockOf({ stockLevel, left }: Pick<Variant, 'stockLevel' | 'left'>): Stock {
  if (stockLevel === 'none') return { kind: 'out', words: text.soldOut, more: null };
  if (stockLevel === 'high') return { kind: 'in', words: text.inStock, more: null };
  return { kind: 'few', words: text.fewLeft, more: left === undefined ? null : text.onlyLeft(count(left)) };
}

/** Of a product: what the variant says of which there is most. */
export function stockOfAll({ variants }: Pick<Product, 'variants'>): Stock {
  const inStock = variants.filter(({ stockLevel }) => stockLevel !== 'none');
  if (inStock.length === 0) return { kind: 'out', words: text.soldOut, more: null };
  if (inStock.some(({ stockLevel }) => stockLevel === 'high'))
    return { kind: 'in', words: text.inStock, more: null };
  const isKnown = inStock.every(({ left }) => left !== undefined);
  const left = inStock.reduce((sum, variant) => sum + (variant.left ?? 0), 0);
  return { kind: 'few', words: text.fewLeft, more: isKnown ? text.onlyLeft(count(left)) : null };
}

/** From the root to the category of this path, as far as the tree has it. */
export function trailTo(tree: CategoryTree | null, categoryPath: string): readonly CategoryNode[] {
  const trail: CategoryNode[] = [];
  let level = tree?.items ?? [];
  for (;;) {
    const next = level.find(({ path }) => path === categoryPath || categoryPath.startsWith(`${path} > `));
    if (next === undefined) return trail;
    trail.push(next);
    level = next.children;
  }
}

/** `Electronics > Phones` -> `Phones`. */
export function lastLevel(categoryPath: string): string {
  return categoryPath.split(' > ').at(-1)!;
}

/** null: not known of every variant, because the product is somebody else's. */
export function availableOf({ variants }: Pick<Product, 'variants'>): number | null {
  return variants.reduce<number | null>(
    (sum, { available }) => (sum === null || available == null ? null : sum + available),
    0,
  );
}
