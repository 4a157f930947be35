/** The index made anew beside the one that is searched, and searches of more than can be counted. */
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SearchDocument, SearchSort } from '../../../src/market/search/engine.ts';
import { PostgresEngine } from '../../../src/market/search/postgres/engine.ts';
import { reindexPostgres } from '../../../src/market/search/postgres/reindex.ts';
import { PostgresIndex } from '../../../src/market/search/postgres/writer.ts';
import { openDatabase } from '../../../src/persistence/database.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';
import { ask, document, idOf } from './asking.ts';
import { numbersOf } from './conformance/shop.ts';

let database: TestDatabase;
/** One session, as the command has it. */
let session: pg.Pool;
let engine: PostgresEngine;
let index: PostgresIndex;

beforeAll(async () => {
  database = await testDatabase();
  session = new pg.Pool({ connectionString: database.url, max: 1 });
  engine = new PostgresEngine(openDatabase(database.pool));
  index = new PostgresIndex(openDatabase(database.pool));
});
afterAll(async () => {
  await session.end();
  await database.close();
});
beforeEach(async () => {
  await database.pool.query('TRUNCATE search_documents, search_lexicon, search_suggestions');
});

const lanterns = (count: number, change: (n: number) => Partial<SearchDocument> = () => ({})) =>
  Array.from({ length: count }, (_, i) =>
    document(i + 1, {
      title: 'Lantern',
      rating: i % 5,
      price: { amount: 100 * (i % 7), currency: 'USD' },
      ...change(i + 1),
    }),
  );

async function rowsOf(sql: string): Promise<string[]> {
  return (await database.pool.query({ text: sql, rowMode: 'array' })).rows.map((row) => row.join(' '));
}
const indexNames = () =>
  rowsOf(`SELECT indexname FROM pg_indexes WHERE tablename LIKE 'search\\_%' ORDER BY 1`);
const lexicon = () =>
  rowsOf('SELECT lexeme, documents, is_word FROM search_lexicon WHERE documents <> 0 ORDER BY 1');
const suggestions = () =>
  rowsOf('SELECT key, kind, text, documents FROM search_suggestions WHERE documents <> 0 ORDER BY 1, 2, 3');

describe('a reindex', () => {
  test('gives what the consumer’s writes had given, and the same indexes, again and again', async () => {
    const documents = lanterns(120, (n) => ({
      brand: `Brand ${n % 9}`,
      category: `Light > Kind ${n % 4}`,
      tags: [`tag${n}`],
    }));
    await index.index(documents);
    const before = [
      await indexNames(),
      await lexicon(),
      await suggestions(),
      (await ask(engine, 'lantern ')).facets,
    ];
    for (let run = 0; run < 2; run++) {
      expect(await reindexPostgres(openDatabase(session), batches(documents))).toBe(120);
      const after = [
        await indexNames(),
        await lexicon(),
        await suggestions(),
        (await ask(engine, 'lantern ')).facets,
      ];
      expect(after).toEqual(before);
    }
  });

  test('has no gap: searches go on, and what is written meanwhile is there afterwards', async () => {
    const documents = lanterns(300);
    await index.index(documents);
    let isOver = false;
    let searched = 0;
    const searching = (async () => {
      for (; !isOver; searched++) {
        const { total } = await ask(engine, 'lantern ');
        expect(total).toBeGreaterThanOrEqual(298);
      }
    })();
    await reindexPostgres(
      openDatabase(session),
      batches(documents, async (n) => {
        if (n !== 1) return;
        // Some that were read already, one that is to come, and one that is new.
        await index.index([document(1, { title: 'Candle', version: 5 }), document(400, { title: 'Candle' })]);
        await index.index([document(299, { title: 'Lantern', brand: 'Late', version: 5 })]);
        await index.remove([{ productId: idOf(2), version: 5 }]);
      }),
    );
    isOver = true;
    await searching;
    expect(searched).toBeGreaterThan(0);
    expect(numbersOf((await ask(engine, 'candle ')).hits).sort()).toEqual([1, 400]);
    expect((await ask(engine, 'lantern ')).total).toBe(298);
    expect((await ask(engine, 'lantern ', { filters: { brands: ['Late'] } })).total).toBe(1);
  });

  test('that was broken off is no hindrance', async () => {
    await index.index(lanterns(3));
    const broken = (async function* () {
      yield lanterns(2);
      throw new Error('the server went down');
    })();
    await expect(reindexPostgres(openDatabase(session), broken)).rejects.toThrow('went down');
    expect((await ask(engine, 'lantern ')).total).toBe(3);
    expect(await reindexPostgres(openDatabase(session), batches(lanterns(3)))).toBe(3);
    expect((await ask(engine, 'lantern ')).total).toBe(3);
  });

  async function* batches(
    documents: readonly SearchDocument[],
    between: (n: number) => Promise<void> = async () => {},
  ) {
    for (let n = 0; n * 100 < documents.length; n++) {
      yield documents.slice(n * 100, (n + 1) * 100);
      await between(n);
    }
  }
});

describe('a search of more than can be counted', () => {
  const few = { candidates: 20, smallIndex: 0, sample: 60, window: 100 };
  let hurried: PostgresEngine;
  beforeEach(async () => {
    hurried = new PostgresEngine(openDatabase(database.pool), few);
    await index.index(
      lanterns(240, (n) => ({
        brand: n % 3 === 0 ? 'Acme' : 'Lux',
        category: 'Light > Old',
        productId: spread(n),
      })),
    );
    await index.index([document(900, { title: 'Candle', description: 'A lantern is no candle.' })]);
  });
  /** Samples go by the end of an id. */
  const spread = (n: number) =>
    `prd_01939f2a-7c00-7abc-8def-${n.toString(16).padStart(8, '0')}${((n * 7) % 65_536).toString(16).padStart(4, '0')}`;

  test('says that it estimates, and is not far off', async () => {
    const { total, isEstimate, facets } = await ask(hurried, 'lantern ');
    expect(isEstimate).toBe(true);
    expect(total).toBeGreaterThan(160);
    expect(total).toBeLessThan(330);
    const share = facets.brands.find(({ value }) => value === 'Acme')!.count / total;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.55);
    expect(facets.categories).toContainEqual({ value: 'Light', count: facets.categories[0]!.count });
  });

  test.each<SearchSort>(['newest', 'price_asc', 'price_desc', 'rating'])(
    'has the same pages by %s as one that counts',
    async (sort) => {
      const exact = (await ask(engine, 'lantern ', { sort, limit: 100 })).hits;
      const first = await ask(hurried, 'lantern ', { sort, limit: 60 });
      const second = await ask(hurried, 'lantern ', { sort, limit: 40, after: first.next });
      expect([...first.hits, ...second.hits].map(({ productId }) => productId)).toEqual(
        exact.map(({ productId }) => productId),
      );
    },
  );

  test('has the best by relevance first, and ends', async () => {
    const found: string[] = [];
    let after = null;
    do {
      const page = await ask(hurried, 'lantern ', { limit: 30, after });
      found.push(...page.hits.map(({ productId }) => productId));
      after = page.next;
    } while (after !== null);
    expect(new Set(found).size).toBe(found.length);
    expect(found.length).toBeGreaterThanOrEqual(100);
    expect(found).not.toContain(idOf(900));
  });

  test('counts a narrow filter exactly, and everything without one from a sample', async () => {
    const narrow = await ask(hurried, 'lantern ', {
      filters: { priceMin: 600, priceMax: 600, ratingMin: 4 },
    });
    expect(narrow.total).toBe(
      (await ask(engine, 'lantern ', { filters: { priceMin: 600, priceMax: 600, ratingMin: 4 } })).total,
    );
    expect((await ask(hurried, '')).hits).toEqual((await ask(engine, '')).hits);
  });
});
