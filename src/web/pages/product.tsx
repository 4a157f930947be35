/** A product: its pictures, its variants, what is left, and where it is sold. */
import './product.css';
import type { Product } from '../../market/catalog/schemas.ts';
import type { Sale } from '../../market/sales/schemas.ts';
import type { PageProps, Reads } from '../page-module.ts';
import { useAnswer } from '../parts/answer.ts';
import {
  beforeOf,
  type CategoryTree,
  categoriesPath,
  stockOf,
  stockOfAll,
  trailTo,
} from '../parts/catalogue.ts';
import { Cost } from '../parts/cost.tsx';
import { Page } from '../parts/page.tsx';
import { Rating } from '../parts/rating.tsx';
import { StockLine } from '../parts/stock-line.tsx';
import { productThing, trailThing } from '../parts/things.ts';
import { Trail } from '../parts/trail.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { address, go, path } from '../router.ts';
import { words } from '../words.ts';
import { shopWords } from '../words-shop.ts';
import { isNotFound, NotHere } from './not-here.tsx';
import { AddToCart } from './product/add-to-cart.tsx';
import { chosenOf } from './product/choosing.ts';
import { Gallery } from './product/gallery.tsx';
import { Picker, titled } from './product/picker.tsx';
import { dropFor, Where } from './product/where.tsx';
import { attributeHref } from './search/question.ts';

const text = shopWords.product;
const dropsMax = 10;
const descriptionCharsMax = 160;

const productPath = (productId: string) => `/v1/products/${encodeURIComponent(productId)}`;
const dropsPath = (productId: string) =>
  `/v1/sales?product=${encodeURIComponent(productId)}&limit=${dropsMax}`;

/** The product is what the page is about: it comes first. */
export const reads: Reads = ({ productId = '' }) => [
  productPath(productId),
  dropsPath(productId),
  categoriesPath,
];

export default function ProductPage({ params: { productId = '' } }: PageProps) {
  const product = useAnswer<Product>(productPath(productId));
  const drops = useAnswer<{ readonly items: readonly Sale[] }>(dropsPath(productId));
  const tree = useAnswer<CategoryTree>(categoriesPath);
  if (isNotFound(product.error)) return <NotHere />;
  // All at once: what comes later would push down what is being read.
  const isReady = [product, drops, tree].every(({ value, error }) => value !== null || error !== null);
  if (product.value !== null && isReady)
    return <Shown product={product.value} tree={tree.value} drops={drops.value?.items ?? []} />;
  return (
    <Page heading="" title={words.brand} kind="product-page">
      {product.error === null ? (
        <div class="skeleton" />
      ) : (
        <Trouble error={product.error} onRetry={product.reload} />
      )}
    </Page>
  );
}

interface ShownProps {
  readonly product: Product;
  readonly tree: CategoryTree | null;
  readonly drops: readonly Sale[];
}

function Shown({ product, tree, drops }: ShownProps) {
  const { title, variants, brand } = product;
  const chosen = chosenOf(variants, address.value.searchParams.get('sku'))!;
  const trail = trailTo(tree, product.category);
  const here = { name: title, path: `/products/${product.productId}` };
  const about = {
    description: shortened(product.description || title),
    canonical: here.path,
    things: [productThing(product), trailThing(trail, here)],
  };
  return (
    <Page
      heading={title}
      title={`${title} – ${brand || words.brand} – ${stockOfAll(product).words}`}
      kind="product-page"
      about={about}
      above={<Trail trail={trail} />}
    >
      <Gallery images={product.images} title={title} preferred={chosen.images[0]} />
      <div class="buy">
        <p class="made-by">
          {brand !== '' && <a href={`/search?brand=${encodeURIComponent(brand)}`}>{brand}</a>}
          <Rating average={product.ratingAvg} reviews={product.reviewCount} />
        </p>
        <Cost price={chosen.price} before={beforeOf(chosen)} />
        <Picker
          variants={variants}
          chosen={chosen}
          onChoose={({ sku }) => go(`${path.value}?sku=${encodeURIComponent(sku)}`, true)}
        />
        <StockLine stock={stockOf(chosen)} />
        <AddToCart title={title} variant={chosen} />
        <Where drop={dropFor(drops)} sku={chosen.sku} />
        <Description text={product.description} />
        <Details product={product} sku={chosen.sku} />
      </div>
    </Page>
  );
}

function Description({ text: written }: { readonly text: string }) {
  const paragraphs = written.split(/\n+/).filter((line) => line.trim() !== '');
  if (paragraphs.length === 0) return null;
  return (
    <div class="description">
      {paragraphs.map((line, index) => (
        <p key={`${index} ${line}`}>{line}</p>
      ))}
    </div>
  );
}

function Details({ product, sku }: { readonly product: Product; readonly sku: string }) {
  const { seller, attributes, brand } = product;
  const rows: readonly (readonly [name: string, value: string, href?: string | null])[] = [
    ...Object.entries(attributes).map(
      ([name, value]) => [titled(name), shown(value), attributeHref(name, String(value))] as const,
    ),
    ...(brand === '' ? [] : [[text.brand, brand] as const]),
    [text.sku, sku],
    [text.soldBy, text.seller(seller.name, seller.ratingAvg === null ? null : seller.ratingAvg.toFixed(1))],
  ];
  return (
    <section class="details" aria-labelledby="details">
      <h2 id="details">{text.details}</h2>
      <dl>
        {rows.map(([name, value, href]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {href ? (
                <a href={href} aria-label={text.moreWith(name, value)}>
                  {value}
                </a>
              ) : (
                value
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function shown(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? text.yes : text.no;
  return String(value);
}

function shortened(written: string): string {
  const line = written.replace(/\s+/g, ' ').trim();
  if (line.length <= descriptionCharsMax) return line;
  const cut = line.slice(0, descriptionCharsMax).replace(/\s+\S*$/, '');
  return `${cut}…`;
}
