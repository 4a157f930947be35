/** Suggestions, and the order for one account. */
import { beforeAll, describe, expect, test } from 'vitest';
import { askToSuggest, document, idOf } from '../asking.ts';
import type { Shop } from './shop.ts';

export function describeSuggestions(shop: Shop): void {
  describe('suggestions and interests', () => {
    beforeAll(async () => {
      await shop.clear();
      await shop.has(
        document(1, {
          title: 'Telescope for the theatre',
          brand: 'Stella',
          category: 'Optics > Telescopes',
        }),
        document(2, {
          title: 'Travel telescope',
          brand: 'Stella',
          category: 'Optics > Telescopes',
          rating: 5,
        }),
        document(3, { title: 'Travel tripod', brand: 'New Balance', category: 'Optics > Tripods' }),
      );
    });

    test('words, brands, categories and products that begin with what was typed', async () => {
      const found = await shop.suggest('tel');
      expect(found).toContainEqual({ kind: 'query', text: 'telescope' });
      expect(found).toContainEqual({ kind: 'category', text: 'Optics > Telescopes' });
      expect(found).toContainEqual({ kind: 'product', productId: idOf(2) });
      expect(await shop.suggest('ste')).toContainEqual({ kind: 'brand', text: 'Stella' });
      expect(await shop.suggest('bala')).toContainEqual({ kind: 'brand', text: 'New Balance' });
    });

    test('the better rated product comes first', async () => {
      const products = (await shop.suggest('telesc')).flatMap((one) =>
        one.kind === 'product' ? one.productId : [],
      );
      expect(products).toEqual([idOf(2), idOf(1)]);
    });

    test('with one typing error', async () => {
      expect(await shop.suggest('telsc')).toContainEqual({ kind: 'query', text: 'telescope' });
      expect(await shop.suggest('stela')).toContainEqual({ kind: 'brand', text: 'Stella' });
    });

    test('behind other words only what goes with them', async () => {
      const found = await shop.suggest('travel t');
      const queries = found.flatMap((one) => (one.kind === 'query' ? one.text : []));
      expect(queries).toEqual(expect.arrayContaining(['travel telescope', 'travel tripod']));
      expect(queries).not.toContain('travel theatre');
    });

    test('nothing for nothing, and no more than were asked for', async () => {
      expect(await shop.suggest('')).toEqual([]);
      expect(await shop.suggest('!!!')).toEqual([]);
      expect(await shop.suggest('qqxxzz')).toEqual([]);
      expect((await askToSuggest(shop.engine, 't', 2)).length).toBeLessThanOrEqual(2);
    });

    test('what an account looks at lately comes earlier, and nothing else is found', async () => {
      const plain = await shop.find('travel ');
      expect(plain).toEqual([2, 3]);
      const interests = { brands: ['New Balance'], categories: [] };
      expect(await shop.find('travel ', { interests })).toEqual([3, 2]);
      expect((await shop.find('', { interests }))[0]).toBe(3);
    });
  });
}
