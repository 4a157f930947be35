/** What is written, by version. */
import { beforeEach, describe, expect, test } from 'vitest';
import { document, idOf } from '../asking.ts';
import { numbersOf, type Shop } from './shop.ts';

export function describeWrites(shop: Shop): void {
  describe('what is written', () => {
    beforeEach(() => shop.clear());

    test('an older copy never takes the place of a newer one', async () => {
      await shop.has(document(1, { title: 'Lantern', version: 5 }));
      await shop.has(document(1, { title: 'Candle', version: 4 }));
      expect([await shop.find('lantern '), await shop.find('candle ')]).toEqual([[1], []]);
      await shop.has(document(1, { title: 'Candle', version: 6 }));
      expect([await shop.find('lantern '), await shop.find('candle ')]).toEqual([[], [1]]);
    });

    test('what is taken out is gone, and an older copy does not bring it back', async () => {
      await shop.has(document(1, { title: 'Lantern', version: 1 }), document(2, { title: 'Lantern' }));
      await shop.remove([{ productId: idOf(1), version: 3 }]);
      await shop.has(document(1, { title: 'Lantern', version: 2 }));
      expect(await shop.find('lantern ')).toEqual([2]);
      await shop.has(document(1, { title: 'Lantern', version: 4 }));
      expect((await shop.find('lantern ')).sort()).toEqual([1, 2]);
    });

    test('an older removal takes nothing out', async () => {
      await shop.has(document(1, { title: 'Lantern', version: 3 }));
      await shop.remove([{ productId: idOf(1), version: 2 }]);
      await shop.settle();
      expect(await shop.find('lantern ')).toEqual([1]);
    });

    test('a word that is in nothing any more is unknown again', async () => {
      await shop.has(document(1, { title: 'Lanterm' }), document(2, { title: 'Lantern' }));
      expect(await shop.find('lanterm ')).toEqual([1]);
      await shop.has(document(1, { title: 'Candle', version: 2 }));
      const { hits, corrections } = await shop.ask('lanterm ');
      expect([numbersOf(hits), corrections]).toEqual([[2], [{ word: 'lanterm', meant: 'lantern' }]]);
    });

    test('writing the same again changes nothing', async () => {
      const documents = [document(1, { title: 'Lantern', brand: 'Acme' }), document(2, { title: 'Lantern' })];
      await shop.has(...documents);
      const before = await shop.ask('lantern ');
      await shop.has(...documents);
      expect(await shop.ask('lantern ')).toEqual(before);
    });

    test('the engine says how many there are', async () => {
      await shop.has(document(1), document(2), document(3));
      await shop.remove([{ productId: idOf(2), version: 2 }]);
      await shop.settle();
      expect(await shop.engine.health()).toMatchObject({ isOk: true, documents: 2 });
    });
  });
}
