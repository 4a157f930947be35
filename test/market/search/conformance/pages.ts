/** Orders, and pages of them while other things change. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { CursorState, SearchAnswer, SearchDocument } from '../../../../src/market/search/engine.ts';
import { type Asked, document } from '../asking.ts';
import { numbersOf, type Shop, usd } from './shop.ts';

const many = (from: number, to: number, change: (n: number) => Partial<SearchDocument> = () => ({})) =>
  Array.from({ length: to - from }, (_, i) => document(from + i, { title: 'Lantern', ...change(from + i) }));

/** All pages, with something done between them. */
async function walk(
  shop: Shop,
  text: string,
  asked: Asked,
  between: (page: number) => Promise<void> = async () => {},
): Promise<number[]> {
  const found: number[] = [];
  let after: CursorState | null = null;
  for (let page = 0; page < 50; page++) {
    const { hits, next }: SearchAnswer = await shop.ask(text, { ...asked, after });
    found.push(...numbersOf(hits));
    after = next;
    if (after === null) return found;
    await between(page);
  }
  throw new Error('the pages do not end');
}

export function describeOrders(shop: Shop): void {
  describe('orders and pages', () => {
    beforeEach(() => shop.clear());

    test('without words the newest come first', async () => {
      await shop.has(...many(1, 6));
      expect(await shop.find('')).toEqual([5, 4, 3, 2, 1]);
    });

    test.each<[Asked['sort'], number[]]>([
      ['newest', [4, 3, 2, 1]],
      ['price_asc', [3, 1, 4, 2]],
      ['price_desc', [2, 4, 1, 3]],
      ['rating', [1, 3, 4, 2]],
    ])('%s', async (sort, order) => {
      const prices = [0, 200, 400, 100, 300];
      const ratings = [0, 5, 1, 4, 3];
      await shop.has(...many(1, 5, (n) => ({ price: usd(prices[n]!), rating: ratings[n]! })));
      expect(await shop.find('lantern ', { sort: sort! })).toEqual(order);
      expect(await walk(shop, 'lantern ', { sort: sort!, limit: 1 })).toEqual(order);
    });

    test.each<Asked['sort']>(['relevance', 'newest', 'price_asc', 'price_desc', 'rating'])(
      'pages by %s have everything once, and the same order as one page',
      async (sort) => {
        await shop.has(...many(1, 48, (n) => ({ rating: n % 5, price: usd(100 * (n % 7)) })));
        const whole = await shop.find('lantern ', { sort: sort!, limit: 100 });
        expect(whole).toHaveLength(47);
        expect(await walk(shop, 'lantern ', { sort: sort!, limit: 10 })).toEqual(whole);
      },
    );
  });
}

export function describeStablePages(shop: Shop): void {
  describe('pages while things change', () => {
    beforeEach(() => shop.clear());

    test.each<Asked['sort']>(['relevance', 'newest', 'price_asc', 'rating'])(
      'pages by %s neither repeat nor leave out what does not change, while other things do',
      async (sort) => {
        await shop.has(...many(100, 140, (n) => ({ rating: n % 5, price: usd(100 * (n % 7)) })));
        let next = 1;
        const found = await walk(shop, 'lantern', { sort: sort!, limit: 7 }, async (page) => {
          if (next < 95)
            await shop.has(...many(next, next + 5, (n) => ({ rating: n % 6, price: usd(90 * n) })));
          await shop.has(document(200 + page, { title: 'Lanternfish' }));
          next += 5;
        });
        const standing = found.filter((n) => n >= 100 && n < 200).sort((a, b) => a - b);
        expect(standing).toEqual(Array.from({ length: 40 }, (_, i) => 100 + i));
      },
    );

    test('a corrected search goes on as it began, even when its word becomes one', async () => {
      await shop.has(...many(1, 13));
      const found = await walk(shop, 'lantrn ', { limit: 5 }, () =>
        shop.has(document(50, { title: 'Lantrn' })),
      );
      expect(found.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => 1 + i));
    });

    test('whatever stands in the place of a cursor is refused', async () => {
      await shop.has(...many(1, 5));
      for (const after of [[], ['x'], [1, 2, 3], [0, 'prd'], [{}], [9, 9, 9, 9, 9, 9]] as CursorState[])
        await expect(shop.ask('lantern', { after })).rejects.toMatchObject({ code: 'validation_failed' });
    });
  });
}
