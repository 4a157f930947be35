/** What the pages tell search engines, in the words of schema.org. */
import type { Product, Variant } from '../../market/catalog/schemas.ts';
import type { CategoryNode } from '../../market/categories/schemas.ts';
import { digitsOf } from '../format.ts';
import { address } from '../router.ts';
import { shopWords } from '../words-shop.ts';

const context = 'https://schema.org';
const variantsMax = 100;
const availability = { high: 'InStock', low: 'LimitedAvailability', none: 'SoldOut' } as const;

/** An address of this shop, or of elsewhere, as a whole one. */
function whole(url: string): string {
  return new URL(url, address.value.origin).href;
}

function decimal({ amount, currency }: Variant['price']): string {
  const digits = digitsOf(currency);
  return (amount / 10 ** digits).toFixed(digits);
}

/** `here`: what the trail leads to. */
export function trailThing(
  trail: readonly CategoryNode[],
  here: { readonly name: string; readonly path: string },
) {
  const steps = [
    { name: shopWords.product.home, path: '/' },
    ...trail.map(({ name, slug }) => ({ name, path: `/category/${encodeURIComponent(slug)}` })),
    here,
  ];
  return {
    '@context': context,
    '@type': 'BreadcrumbList',
    itemListElement: steps.map(({ name, path }, index) => ({
      ...{ '@type': 'ListItem', position: index + 1, name, item: whole(path) },
    })),
  };
}

export function productThing(product: Product) {
  const url = whole(`/products/${product.productId}`);
  const { images, brand, reviewCount, ratingAvg, category } = product;
  const offers = product.variants.slice(0, variantsMax).map((variant) => ({
    '@type': 'Offer',
    sku: variant.sku,
    url,
    price: decimal(variant.price),
    priceCurrency: variant.price.currency,
    availability: `${context}/${availability[variant.stockLevel]}`,
    seller: { '@type': 'Organization', name: product.seller.name },
  }));
  return {
    '@context': context,
    '@type': 'Product',
    name: product.title,
    description: product.description,
    category,
    url,
    sku: product.variants[0]?.sku,
    ...(images.length > 0 && { image: images.map((image) => whole(image.url)) }),
    ...(brand !== '' && { brand: { '@type': 'Brand', name: brand } }),
    ...(reviewCount > 0 && {
      aggregateRating: { '@type': 'AggregateRating', ratingValue: ratingAvg, reviewCount },
    }),
    offers,
  };
}

/** Of a page with many of them. */
export function listThing(products: readonly Product[]) {
  return {
    '@context': context,
    '@type': 'ItemList',
    itemListElement: products.map(({ productId, title }, index) => ({
      ...{ '@type': 'ListItem', position: index + 1, name: title, url: whole(`/products/${productId}`) },
    })),
  };
}
