/** Products as pictures with a title, a price and what is left, each a link to its page. */
import './product-grid.css';
import type { ComponentChildren } from 'preact';
import type { Product } from '../../market/catalog/schemas.ts';
import { imageOf, priceOf, stockOfAll } from './catalogue.ts';
import { Cost } from './cost.tsx';
import { Picture } from './picture.tsx';
import { Rating } from './rating.tsx';
import { StockLine } from './stock-line.tsx';

interface ProductGridProps {
  readonly products: readonly Product[];
  readonly label: string;
  readonly kind?: string;
  /** Those at the top of the page are loaded at once. */
  readonly eager?: number;
  /** In place of the title: the same with what was searched for marked. */
  readonly titleOf?: (product: Product) => ComponentChildren;
}

export function ProductGrid({ products, label, kind = '', eager = 0, titleOf }: ProductGridProps) {
  return (
    <ul class={`products ${kind}`} aria-label={label}>
      {products.map((product, index) => (
        <li key={product.productId} class="product">
          <Picture url={imageOf(product)} title={product.title} isEager={index < eager} />
          <a href={`/products/${product.productId}`}>{titleOf?.(product) ?? product.title}</a>
          <span class="quiet">{product.brand}</span>
          <Cost {...priceOf(product)} />
          <Rating average={product.ratingAvg} reviews={product.reviewCount} />
          <StockLine stock={stockOfAll(product)} isShort />
        </li>
      ))}
    </ul>
  );
}
