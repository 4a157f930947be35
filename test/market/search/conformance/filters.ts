/** Filters, and facets that leave out their own. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Asked, document } from '../asking.ts';
import { type Shop, usd } from './shop.ts';

/** What the filters below are tried on. */
async function stock(shop: Shop): Promise<void> {
  await shop.clear();
  const phone = {
    title: 'Phone',
    category: 'Electronics > Phones',
    attributes: { colour: 'Black', ports: 1 },
  };
  const radio = { title: 'Radio', category: 'Electronics > Audio', attributes: { colour: 'red' } };
  await shop.has(
    document(1, { ...phone, brand: 'Acme', price: usd(2_000), rating: 4.5 }),
    document(2, { ...phone, brand: 'Acme', price: usd(5_000), rating: 3.9, inStock: false }),
    document(3, { ...phone, brand: 'Nova, Inc.', price: usd(9_999), rating: 2 }),
    document(4, { ...radio, brand: 'Acme', price: usd(2_500), rating: 4 }),
    document(5, { ...radio, brand: '', price: { amount: 2_500, currency: 'EUR' }, rating: 0 }),
    document(6, {
      title: 'Phone stand',
      category: 'Electronics',
      brand: 'Holz',
      price: usd(1_000),
      rating: 5,
    }),
    document(7, {
      title: 'Electronics tester',
      category: 'Electronics 2',
      brand: 'Holz',
      price: usd(900),
    }),
  );
}

export function describeFilters(shop: Shop): void {
  describe('filters', () => {
    beforeAll(() => stock(shop));

    test.each<[string, NonNullable<Asked['filters']>, number[]]>([
      ['a category and its branches', { category: 'Electronics' }, [1, 2, 3, 4, 5, 6]],
      ['a branch', { category: 'Electronics > Phones' }, [1, 2, 3]],
      ['brands', { brands: ['Nova, Inc.', 'Holz'] }, [3, 6, 7]],
      ['a lowest price, included', { priceMin: 2_500 }, [2, 3, 4]],
      ['a highest price, included', { priceMax: 2_000 }, [1, 6, 7]],
      ['a price range', { priceMin: 1_000, priceMax: 2_500 }, [1, 4, 6]],
      ['a rating', { ratingMin: 4 }, [1, 4, 6]],
      ['a rating between the steps', { ratingMin: 4.2 }, [1, 6]],
      ['what is in stock', { inStock: true }, [1, 3, 4, 5, 6, 7]],
      ['what is not', { inStock: false }, [2]],
      ['an attribute, in any case', { attributes: { colour: 'black' } }, [1, 2, 3]],
      ['a number as an attribute', { attributes: { ports: '1' } }, [1, 2, 3]],
      ['several at once', { category: 'Electronics', brands: ['Acme'], ratingMin: 4 }, [1, 4]],
      ['what nothing has', { brands: ['Nobody'] }, []],
    ])('%s', async (_, filters, numbers) => {
      expect((await shop.find('', { filters })).sort()).toEqual(numbers);
      const { total } = await shop.ask('', { filters });
      expect(total).toBe(numbers.length);
    });

    test('words and filters together', async () => {
      expect((await shop.find('phone ', { filters: { brands: ['Acme'] } })).sort()).toEqual([1, 2]);
    });
  });
}

export function describeFacets(shop: Shop): void {
  describe('facets', () => {
    beforeAll(() => stock(shop));

    test('facets count what was found', async () => {
      const { facets, total, isEstimate } = await shop.ask('');
      expect([total, isEstimate]).toEqual([7, false]);
      expect(facets).toEqual({
        brands: [
          { value: 'Acme', count: 3 },
          { value: 'Holz', count: 2 },
          { value: 'Nova, Inc.', count: 1 },
        ],
        categories: [
          { value: 'Electronics', count: 6 },
          { value: 'Electronics > Phones', count: 3 },
          { value: 'Electronics > Audio', count: 2 },
          { value: 'Electronics 2', count: 1 },
        ],
        priceRanges: [
          { from: null, to: 2_500, count: 3 },
          { from: 2_500, to: 5_000, count: 1 },
          { from: 5_000, to: 10_000, count: 2 },
          { from: 10_000, to: null, count: 0 },
        ],
        ratings: [
          { value: 4, count: 3 },
          { value: 3, count: 4 },
          { value: 2, count: 5 },
          { value: 1, count: 5 },
        ],
        inStock: [
          { value: true, count: 6 },
          { value: false, count: 1 },
        ],
      });
    });

    test('a facet leaves out its own filter and obeys the others', async () => {
      const { facets, total } = await shop.ask('phone ', { filters: { brands: ['Acme'], priceMax: 6_000 } });
      expect(total).toBe(2);
      // Whatever the brand, but no more than 60 dollars.
      expect(facets.brands).toEqual([
        { value: 'Acme', count: 2 },
        { value: 'Holz', count: 1 },
      ]);
      // Whatever the price, but of Acme.
      expect(facets.priceRanges.map(({ count }) => count)).toEqual([1, 0, 1, 0]);
      expect(facets.categories).toEqual([
        { value: 'Electronics', count: 2 },
        { value: 'Electronics > Phones', count: 2 },
      ]);
      expect(facets.inStock).toEqual([
        { value: true, count: 1 },
        { value: false, count: 1 },
      ]);
    });
  });
}

export function describeFilteredFacets(shop: Shop): void {
  describe('facets of one filter each, and of others', () => {
    beforeAll(() => stock(shop));

    test('each facet that is filtered by', async () => {
      const filters = { category: 'Electronics > Phones', ratingMin: 4, inStock: true };
      const { facets, total } = await shop.ask('', { filters });
      expect(total).toBe(1);
      expect(facets.categories).toEqual([
        { value: 'Electronics', count: 3 },
        { value: 'Electronics > Audio', count: 1 },
        { value: 'Electronics > Phones', count: 1 },
      ]);
      expect(facets.ratings.map(({ count }) => count)).toEqual([1, 1, 2, 2]);
      expect(facets.inStock).toEqual([{ value: true, count: 1 }]);
    });

    test('another currency has its own prices', async () => {
      const { facets } = await shop.ask('', { currency: 'EUR' });
      expect(facets.priceRanges.map(({ count }) => count)).toEqual([0, 1, 0, 0]);
      expect(await shop.find('', { currency: 'EUR', sort: 'price_asc' })).toEqual([5]);
      expect(await shop.find('', { currency: 'EUR', filters: { priceMin: 1 } })).toEqual([5]);
    });

    test('facets of a search that finds nothing are empty', async () => {
      const { facets } = await shop.ask('qqxxzzkkjj ');
      expect([facets.brands, facets.categories, facets.ratings, facets.inStock]).toEqual([[], [], [], []]);
      expect(facets.priceRanges.map(({ count }) => count)).toEqual([0, 0, 0, 0]);
    });
  });
}
