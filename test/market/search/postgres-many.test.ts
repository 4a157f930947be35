/** The engine in PostgreSQL when more match than it reads one by one: it must answer like one that reads all of them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SearchDocument, type SearchSort, searchSorts } from '../../../src/market/search/engine.ts';
import { PostgresEngine } from '../../../src/market/search/postgres/engine.ts';
import { defaultLimits } from '../../../src/market/search/postgres/plan.ts';
import { PostgresIndex } from '../../../src/market/search/postgres/writer.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';
import { type Asked, ask, document } from './asking.ts';

const count = 3_000;
/** Words of the first third, of every second, of all; ratings, prices and brands in steps that share no divisor with them. */
const made = (n: number): SearchDocument =>
  document(n, {
    title: n % 2 === 0 ? `Lamp ${n}` : `Chair ${n}`,
    description: n < count / 3 ? 'A thing of wood.' : 'A thing of steel.',
    brand: `Maker ${n % 7}`,
    category: `Home > Room ${n % 5}`,
    price: { amount: 500 + ((n * 37) % 20_000), currency: n % 11 === 0 ? 'EUR' : 'USD' },
    rating: ((n * 13) % 51) / 10,
    reviewCount: 1,
    inStock: n % 9 !== 0,
  });

/** Tiny, so that 3,000 are very many. */
const few = { candidates: 100, smallIndex: 0, sample: 150, window: 120 };

let database: TestDatabase;
let bounded: PostgresEngine;
let exact: PostgresEngine;

beforeAll(async () => {
  database = await testDatabase();
  const opened = openDatabase(database.pool);
  const index = new PostgresIndex(opened);
  const documents = Array.from({ length: count }, (_, n) => made(n));
  for (let at = 0; at < count; at += 500) await index.index(documents.slice(at, at + 500));
  bounded = new PostgresEngine(opened, few);
  exact = new PostgresEngine(opened, { ...defaultLimits, smallIndex: count });
}, 60_000);
afterAll(() => database.close());

const filters: readonly Asked['filters'][] = [
  {},
  { brands: ['Maker 3'] },
  { category: 'Home > Room 2', priceMax: 9_000 },
  { priceMin: 2_000, priceMax: 2_400 },
  { ratingMin: 4, inStock: true },
  { inStock: false },
];
const ids = ({ hits }: Awaited<ReturnType<typeof ask>>) => hits.map(({ productId }) => productId);

describe('of very many', () => {
  const sorts = searchSorts.filter((sort): sort is SearchSort => sort !== 'relevance');
  test.each(sorts)('hits by %s are those of all', async (sort) => {
    for (const text of ['lamp ', 'thing ', '', 'lamp wood ']) {
      for (const filter of filters) {
        const asked = { sort, filters: filter ?? {} };
        expect(ids(await ask(bounded, text, asked)), `${text} ${JSON.stringify(filter)}`).toEqual(
          ids(await ask(exact, text, asked)),
        );
      }
    }
  });

  test('by relevance the best rated with the words in their heads come first', async () => {
    const found = await ask(bounded, 'lamp ');
    expect(found.isEstimate).toBe(true);
    expect(ids(found)).toEqual(ids(await ask(exact, 'lamp ')));
    const pages = new Set(ids(found));
    let { next } = found;
    while (next !== null) {
      const page = await ask(bounded, 'lamp ', { after: next });
      for (const id of ids(page)) expect(pages.has(id)).toBe(false);
      for (const id of ids(page)) pages.add(id);
      next = page.next;
    }
    expect(pages.size).toBe(few.window);
  });

  test.each(filters.map((filter) => [filter]))(
    'total and facets are about those of all: %j',
    async (filter) => {
      const about = await ask(bounded, 'thing ', { filters: filter ?? {} });
      const all = await ask(exact, 'thing ', { filters: filter ?? {} });
      expect(all.isEstimate).toBe(false);
      const near = (found: number, of: number) => Math.abs(found - of) <= 0.35 * of + 5 * Math.sqrt(16 * of);
      expect(near(about.total, all.total), `${about.total} of ${all.total}`).toBe(true);
      for (const { value, count: of } of all.facets.brands) {
        const found = about.facets.brands.find((one) => one.value === value)?.count ?? 0;
        expect(near(found, of), `${value}: ${found} of ${of}`).toBe(true);
      }
      for (const [i, { count: of }] of all.facets.priceRanges.entries())
        expect(near(about.facets.priceRanges[i]!.count, of)).toBe(true);
    },
  );
});
