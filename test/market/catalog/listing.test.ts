/** Lists over ten thousand products: what is in them, and that no query of the shop reads a large table whole. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importProducts } from '../../../src/market/catalog/bulk-store.ts';
import { readChanges } from '../../../src/market/catalog/change-store.ts';
import { exportSkus } from '../../../src/market/catalog/export-store.ts';
import { countListed, type Listing, listByCursor, listByPage } from '../../../src/market/catalog/listing.ts';
import { listPrices } from '../../../src/market/catalog/price-store.ts';
import { Registration } from '../../../src/market/catalog/registration.ts';
import type { ProductSort } from '../../../src/market/catalog/schemas.ts';
import { Catalog, summariesOf } from '../../../src/market/catalog/store.ts';
import { findBranch, findSlug, removeCategory } from '../../../src/market/categories/store.ts';
import { listOrders } from '../../../src/market/orders/store.ts';
import { listSales } from '../../../src/market/sales/store.ts';
import { type Database, openDatabase, type Query } from '../../../src/persistence/database.ts';
import { FeedReader, FeedTail } from '../../../src/persistence/feed.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';
import { fill, id, productCount } from './ten-thousand.ts';

let store: TestDatabase;
let database: Database;
let all: Plain[];
beforeAll(async () => {
  store = await testDatabase();
  database = openDatabase(store.pool);
  await fill(store.pool);
  all = (
    await store.pool.query(
      `SELECT p.product_id, p.seller_id, p.brand, p.tags, c.path, p.price_amount::float8 AS price, p.currency,
         p.in_stock, p.status, p.title_key, p.rating::float8 AS rating
       FROM products p JOIN categories c USING (category_id)`,
    )
  ).rows;
});
afterAll(() => store.close());

interface Plain {
  readonly product_id: string;
  readonly seller_id: string;
  readonly brand: string;
  readonly tags: string[];
  readonly path: string;
  readonly price: number;
  readonly currency: string;
  readonly in_stock: boolean;
  readonly status: string;
  readonly title_key: string;
  readonly rating: number;
}

const sortKeys: Readonly<Record<ProductSort, (row: Plain) => number | string>> = {
  newest: () => 0,
  price_asc: ({ price }) => price,
  price_desc: ({ price }) => price,
  title: ({ title_key: key }) => key,
  rating: ({ rating }) => rating,
};

/** The same list by plain means. */
function naive(filter: Omit<Listing, 'categoryIds'> & { path?: string | undefined }): string[] {
  const { path, brand, tag, seller, priceMin, priceMax, inStock, sort = 'newest' } = filter;
  const isPriced = priceMin !== undefined || priceMax !== undefined;
  const found = all.filter(
    (row) =>
      row.status === 'active' &&
      (path === undefined || row.path === path || row.path.startsWith(`${path} > `)) &&
      (brand === undefined || brand.split(',').includes(row.brand)) &&
      (tag === undefined || row.tags.includes(tag)) &&
      (seller === undefined || row.seller_id === seller) &&
      (!isPriced || row.currency === 'USD') &&
      row.price >= (priceMin ?? 0) &&
      row.price <= (priceMax ?? Number.POSITIVE_INFINITY) &&
      (inStock === undefined || row.in_stock === inStock),
  );
  const key = sortKeys[sort];
  const direction = sort === 'price_asc' || sort === 'title' ? 1 : -1;
  const compare = (a: number | string, b: number | string) => (a < b ? -1 : a > b ? 1 : 0);
  return found
    .sort((a, b) => direction * (compare(key(a), key(b)) || compare(a.product_id, b.product_id)))
    .map((row) => row.product_id);
}

async function listingOf({ path, ...filter }: Parameters<typeof naive>[0]): Promise<Listing> {
  const branch = path === undefined ? null : await findBranch(database.query, path);
  return { ...filter, categoryIds: path === undefined ? null : (branch?.categoryIds ?? []) };
}

const sorts = Object.keys(sortKeys) as ProductSort[];
const anyFilter = fc.record(
  {
    path: fc.constantFrom('Root 1', 'Root 2 > Leaf 12', 'Root 9'),
    brand: fc.constantFrom('Brand 0', 'Brand 1,Brand 4', 'None'),
    tag: fc.constantFrom('all', 'tag7'),
    seller: fc.constantFrom(id('acc', 3), id('acc', 50)),
    priceMin: fc.integer({ min: 0, max: 1_000 }),
    priceMax: fc.integer({ min: 0, max: 1_000 }),
    inStock: fc.boolean(),
    sort: fc.constantFrom(...sorts),
  },
  { requiredKeys: ['sort'] },
);

describe('a list', () => {
  test('has what fits all filters, in its order, by cursor as by page', async () => {
    await fc.assert(
      fc.asyncProperty(anyFilter, fc.integer({ min: 1, max: 100 }), async (filter, limit) => {
        const expected = naive(filter);
        const listing = { ...(await listingOf(filter)), limit };
        const ids = (rows: readonly { product_id: string }[]) => rows.map((row) => row.product_id);
        const first = await listByCursor(database.query, listing);
        expect(ids(first.rows)).toEqual(expected.slice(0, limit));
        expect(first.nextCursor === null).toBe(expected.length <= limit);
        if (first.nextCursor !== null) {
          const second = await listByCursor(database.query, { ...listing, cursor: first.nextCursor });
          expect(ids(second.rows)).toEqual(expected.slice(limit, 2 * limit));
        }
        const page = Math.max(1, Math.min(500, Math.ceil(expected.length / limit)));
        const last = await listByPage(database.query, listing, page);
        expect(ids(last)).toEqual(expected.slice((page - 1) * limit, page * limit));
        expect(await countListed(database.query, listing)).toBe(expected.length);
      }),
      { numRuns: 60, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: false },
    );
  });

  test('keeps its place while products before and behind it come and go', async () => {
    const listing = { categoryIds: null, sort: 'price_asc', limit: 50 } as const;
    const first = await listByCursor(database.query, listing);
    const [gone, kept] = [first.rows[3]!.product_id, first.rows.at(-1)!];
    await store.pool.query(`UPDATE products SET status = 'archived' WHERE product_id = $1`, [gone]);
    const second = await listByCursor(database.query, { ...listing, cursor: first.nextCursor! });
    await store.pool.query(`UPDATE products SET status = 'active' WHERE product_id = $1`, [gone]);
    const expected = naive({ sort: 'price_asc' });
    const at = expected.indexOf(kept.product_id) + 1;
    expect(second.rows.map((row) => row.product_id)).toEqual(expected.slice(at, at + 50));
  });
});

test('pages by number are counted two at a time; the hundred next wait, and more are told to try again', async () => {
  const { promise, resolve } = Promise.withResolvers<never[]>();
  let running = 0;
  const slow: Query = () => {
    running += 1;
    return promise;
  };
  const asked = Array.from({ length: 105 }, () =>
    listByPage(slow, { categoryIds: null }, 500).then(
      () => 'answered',
      ({ code }) => code,
    ),
  );
  expect(await Promise.race(asked)).toBe('busy');
  expect(running).toBe(2);
  resolve([]);
  const outcomes = await Promise.all(asked);
  expect(outcomes.filter((outcome) => outcome === 'busy')).toHaveLength(3);
  expect(outcomes.filter((outcome) => outcome === 'answered')).toHaveLength(102);
});

// ----------------------------------------------------------------

/** Tables that a shop has few rows in whatever it sells. */
const small = new Set([
  ...['categories', 'category_slugs', 'accounts', 'sellers', 'feed_checkpoints', 'compliance_rules'],
]);

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** Large tables that a plan reads from end to end. */
function scanned(node: PlanNode): string[] {
  const own = node['Node Type'] === 'Seq Scan' && !small.has(node['Relation Name']!);
  return [...(own ? [node['Relation Name']!] : []), ...(node.Plans ?? []).flatMap(scanned)];
}

/** Runs the work and explains every statement of it: with its values and, when it is prepared, without. */
async function scansOf(work: (database: Database) => Promise<unknown>): Promise<string[]> {
  const found: string[] = [];
  const explain = async (options: string, text: string, values: readonly unknown[]) => {
    const { rows } = await store.pool.query(`EXPLAIN (FORMAT JSON${options}) ${text}`, [...values]);
    for (const table of scanned(rows[0]['QUERY PLAN'][0].Plan)) found.push(`${table}${options}: ${text}`);
  };
  const query: Query = async (text, values = [], name) => {
    if (/^\s*(?:SELECT|WITH|UPDATE|INSERT|DELETE)/.test(text)) {
      await explain('', text, values);
      if (name !== undefined) await explain(', GENERIC_PLAN', text, []);
    }
    return database.query(text, values, name);
  };
  await work({ query, transaction: (inside) => inside(query) });
  return found;
}

const some = Array.from({ length: 20 }, (_, n) => n * 37 + 1);
const imported = (prefix: string, title: string) =>
  some.map((n) => ({
    ...{ title, category: 'Root 1' },
    variants: [{ sku: `${prefix}-${n}`, price: { amount: n, currency: 'USD' }, stock: 1 }],
  }));
const works: readonly [string, (database: Database) => Promise<unknown>][] = [
  [
    'products by id',
    (on) =>
      summariesOf(
        on.query,
        some.map((n) => id('prd', n)),
      ),
  ],
  ['one product', (on) => catalogOn(on).read(id('prd', 1), null)],
  ['what SKUs are called', (on) => catalogOn(on).entriesOf(some.map((n) => `S-${n}`))],
  ['prices', (on) => listPrices(on, id('prd', 1), {})],
  ['provenance', (on) => readChanges(on, id('prd', 1), 0, 20)],
  ['a category', (on) => findSlug(on.query, 'root-1')],
  ['removing a category', (on) => removeCategory(on.query, id('acc', 1), id('cat', 7)).catch(() => {})],
  ['registering', (on) => registrationOn(on).registerPending()],
  ['a variant in use', (on) => registrationOn(on).isInUse(on.query, 'S-2')],
  ['an import of new products', (on) => importProducts(on.query, id('acc', 3), imported('N', 'New'))],
  ['an import of changes', (on) => importProducts(on.query, id('acc', 3), imported('N', 'Newer'))],
  ['an export', (on) => exportSkus(on.query, id('acc', 3), '', 20)],
  ['orders of a buyer', (on) => listOrders(on, { buyerId: id('acc', 3) })],
  ['sales', (on) => listSales(on, {})],
  ['sales of a seller', (on) => listSales(on, { seller: id('acc', 3) })],
  ['the feed of a consumer', (on) => new FeedReader(on, 'reader', ['item']).next(100)],
  ['the feed of a gateway', (on) => new FeedTail(on, ['item', 'shelf']).next(100)],
];

const registrationOn = (on: Database) =>
  new Registration(
    on,
    async () => ({ code: 'not_found', body: null }),
    () => {},
  );
const catalogOn = (on: Database) => new Catalog(on, registrationOn(on));

describe('no large table is read whole', () => {
  test.each(works)('for %s', async (_, work) => {
    expect(await scansOf(work)).toEqual([]);
  });

  const filters: readonly Parameters<typeof naive>[0][] = [
    ...[{}, { path: 'Root 1' }, { path: 'Root 2 > Leaf 12' }, { brand: 'Brand 0' }, { tag: 'tag7' }],
    ...[{ seller: id('acc', 3) }, { priceMin: 300, priceMax: 400 }, { inStock: true }, { inStock: false }],
    { path: 'Root 1', brand: 'Brand 0', inStock: true, priceMin: 200 },
  ];
  test.each(filters.map((filter) => [JSON.stringify(filter), filter] as const))(
    'for a list of %s in any order, wherever the page',
    async (_, filter) => {
      for (const sort of sorts) {
        const listing = await listingOf({ ...filter, sort });
        const scans = await scansOf(async (on) => {
          const { nextCursor } = await listByCursor(on.query, listing);
          if (nextCursor !== null) await listByCursor(on.query, { ...listing, cursor: nextCursor });
          await listByPage(on.query, listing, 3);
        });
        expect([sort, scans]).toEqual([sort, []]);
      }
    },
  );

  test('and the test sees one when there is one', async () => {
    expect(
      await scansOf((on) => on.query('SELECT 1 FROM products WHERE description = $1', ['x'])),
    ).toHaveLength(1);
    expect(all).toHaveLength(productCount);
  });
});
