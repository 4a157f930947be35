/** Products as pictures with a price. Without a page of its own yet a product is no link. */
import type { Product } from '../../market/catalog/schemas.ts';
import { count, money } from '../format.ts';
import { Picture } from '../parts/picture.tsx';
import { peopleWords } from '../words-people.ts';

export interface ProductPage {
  readonly items: readonly Product[];
  readonly nextCursor: string | null;
}

const text = peopleWords.home;
const fewMax = 10;

export function ProductGrid({ products }: { readonly products: readonly Product[] }) {
  return (
    <ul class="products">
      {products.map((product) => (
        <li key={product.productId}>
          <Picture url={imageOf(product)} title={product.title} />
          <strong>{product.title}</strong>
          <span class="quiet">{product.brand}</span>
          <span class="price">{money(product.priceFrom)}</span>
          <Stock product={product} />
        </li>
      ))}
    </ul>
  );
}

export function imageOf({ images }: Product): string | null {
  return images[0]?.thumbnailUrl ?? null;
}

/** null: not known of every variant, because the product is somebody else's. */
export function availableOf({ variants }: Product): number | null {
  return variants.reduce<number | null>(
    (sum, { available }) => (sum === null || available == null ? null : sum + available),
    0,
  );
}

function Stock({ product }: { readonly product: Product }) {
  const offered = product.variants.filter(({ inStock }) => inStock);
  if (offered.length === 0) return <span class="stock quiet">{text.soldOutProduct}</span>;
  const left = offered.reduce((sum, variant) => sum + (variant.left ?? Number.POSITIVE_INFINITY), 0);
  if (left <= fewMax) return <span class="stock few">{text.fewLeft(count(left))}</span>;
  return <span class="stock quiet">{text.inStock}</span>;
}
