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
          <span class="price">{money(lowestPrice(product))}</span>
          <Stock product={product} />
        </li>
      ))}
    </ul>
  );
}

/** An address, or what a later server knows of the image. */
export function imageOf({ images }: Product): string | null {
  const [first] = images as readonly (string | { readonly url?: string; readonly thumbnailUrl?: string })[];
  if (first === undefined) return null;
  return typeof first === 'string' ? first : (first.thumbnailUrl ?? first.url ?? null);
}

export function lowestPrice({ variants }: Product) {
  return variants.map(({ price }) => price).reduce((a, b) => (b.amount < a.amount ? b : a));
}

/** null: not known of every variant. */
export function availableOf({ variants }: Product): number | null {
  return variants.reduce<number | null>(
    (sum, { available }) => (sum === null || available == null ? null : sum + available),
    0,
  );
}

function Stock({ product }: { readonly product: Product }) {
  const available = availableOf(product);
  if (available === null) return <span class="stock" />;
  if (available <= 0) return <span class="stock quiet">{text.soldOutProduct}</span>;
  if (available <= fewMax) return <span class="stock few">{text.fewLeft(count(available))}</span>;
  return <span class="stock quiet">{text.inStock}</span>;
}
