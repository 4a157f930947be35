/** A category: what is below it, and its products, page by page under addresses of their own. */
import './category.css';
import type { CategoryNode } from '../../market/categories/schemas.ts';
import { count } from '../format.ts';
import type { PageProps, Reads } from '../page-module.ts';
import { useAnswer, useLastAnswer } from '../parts/answer.ts';
import { Branches } from '../parts/branches.tsx';
import {
  type CategoryTree,
  categoriesPath,
  type NumberedPage,
  productsPath,
  trailTo,
} from '../parts/catalogue.ts';
import { Page } from '../parts/page.tsx';
import { ProductGrid } from '../parts/product-grid.tsx';
import { Sorter } from '../parts/sorter.tsx';
import { listThing, trailThing } from '../parts/things.ts';
import { Trail } from '../parts/trail.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { address, go } from '../router.ts';
import { words } from '../words.ts';
import { shopWords } from '../words-shop.ts';
import { isNotFound, NotHere } from './not-here.tsx';

const text = shopWords.category;
const productsMax = 24;
const pagesMax = 500;
const sorts = ['newest', 'price_asc', 'price_desc', 'rating', 'title'];

interface Shelf {
  readonly sort: string;
  /** Counts from 1. */
  readonly page: number;
}

function shelfIn(query: URLSearchParams): Shelf {
  const sort = query.get('sort') ?? '';
  const page = Number(query.get('page') ?? 1);
  return {
    sort: sorts.includes(sort) ? sort : 'newest',
    page: Number.isInteger(page) && page >= 1 && page <= pagesMax ? page : 1,
  };
}

function shelfHref(slug: string, { sort, page }: Shelf): string {
  const query = new URLSearchParams({
    ...(sort !== 'newest' && { sort }),
    ...(page !== 1 && { page: String(page) }),
  });
  return `/category/${encodeURIComponent(slug)}${query.size === 0 ? '' : `?${query}`}`;
}

const categoryPath = (slug: string) => `${categoriesPath}/${encodeURIComponent(slug)}`;
const shelfPath = (slug: string, { sort, page }: Shelf) =>
  `${productsPath}?category=${encodeURIComponent(slug)}&sort=${sort}&page=${page}&limit=${productsMax}`;

/** The category is what the page is about: it comes first. */
export const reads: Reads = ({ slug = '' }, query) => [
  categoryPath(slug),
  shelfPath(slug, shelfIn(query)),
  categoriesPath,
];

export default function CategoryPage({ params: { slug = '' } }: PageProps) {
  const shelf = shelfIn(address.value.searchParams);
  const category = useAnswer<CategoryNode>(categoryPath(slug));
  const products = useLastAnswer<NumberedPage>(shelfPath(slug, shelf));
  const tree = useAnswer<CategoryTree>(categoriesPath);
  if (isNotFound(category.error)) return <NotHere />;
  // All at once: what comes later would push down what is being read.
  const isReady = [category, products, tree].every(({ value, error }) => value !== null || error !== null);
  const error = category.error ?? products.error;
  if (!isReady || category.value === null || products.value === null)
    return (
      <Page heading="" title={words.brand} kind="category">
        {error === null ? <div class="skeleton" /> : <Trouble error={error} onRetry={category.reload} />}
      </Page>
    );
  return <Shown category={category.value} tree={tree.value} products={products.value} shelf={shelf} />;
}

interface ShownProps {
  readonly category: CategoryNode;
  readonly tree: CategoryTree | null;
  readonly products: NumberedPage;
  readonly shelf: Shelf;
}

function Shown({ category, tree, products, shelf }: ShownProps) {
  const { name, slug, path } = category;
  const trail = trailTo(tree, path).filter((each) => each.slug !== slug);
  const total = text.products(products.total, count(products.total));
  const here = { name, path: shelfHref(slug, { ...shelf, sort: 'newest' }) };
  const about = {
    description: text.about(name, total),
    canonical: here.path,
    isUnlisted: shelf.sort !== 'newest',
    things: [
      trailThing(trail, { name, path: shelfHref(slug, { sort: 'newest', page: 1 }) }),
      listThing(products.items),
    ],
  };
  const title = shelf.page === 1 ? name : `${name}, ${text.page(count(shelf.page))}`;
  return (
    <Page
      heading={name}
      title={`${title} – ${total} – ${words.brand}`}
      kind="category"
      about={about}
      above={<Trail trail={trail} here={name} />}
      aside={<p class="quiet">{total}</p>}
    >
      {category.children.length > 0 && <Branches categories={category.children} label={text.under} />}
      <div class="shelf-head">
        <a href={`/search?category=${encodeURIComponent(slug)}`}>{text.filter}</a>
        <Sorter
          {...{ action: `/category/${encodeURIComponent(slug)}`, kept: [], sorts, value: shelf.sort }}
          onSort={(sort) => go(shelfHref(slug, { sort, page: 1 }), false, true)}
        />
      </div>
      {products.items.length === 0 ? (
        <div class="empty">
          <p>{text.empty}</p>
          <a class="button" href="/">
            {text.all}
          </a>
        </div>
      ) : (
        <ProductGrid products={products.items} label={name} eager={4} />
      )}
      <Pages slug={slug} shelf={shelf} total={products.totalPages} />
    </Page>
  );
}

interface PagesProps {
  readonly slug: string;
  readonly shelf: Shelf;
  readonly total: number;
}

function Pages({ slug, shelf, total }: PagesProps) {
  if (total <= 1) return null;
  const { page } = shelf;
  return (
    <nav class="pages" aria-label={text.pages}>
      {page > 1 && (
        <a class="button" rel="prev" href={shelfHref(slug, { ...shelf, page: page - 1 })}>
          {text.before}
        </a>
      )}
      <span>{text.pageOf(count(page), count(total))}</span>
      {page < Math.min(total, pagesMax) && (
        <a class="button" rel="next" href={shelfHref(slug, { ...shelf, page: page + 1 })}>
          {text.after}
        </a>
      )}
    </nav>
  );
}
