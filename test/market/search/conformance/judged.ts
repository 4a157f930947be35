/** What people mean by what they type. */
import { describe, expect, test } from 'vitest';
import { judgedCatalogue, keyOf } from '../judged-catalogue.ts';
import { judgedQueries } from '../judged-queries.ts';
import { relevanceOf } from '../relevance.ts';
import type { Shop } from './shop.ts';

export function describeRelevance(shop: Shop): void {
  describe('relevance', () => {
    test('the judged queries find what people mean', async () => {
      await shop.clear();
      await shop.has(...judgedCatalogue);
      const { mean, byQuery } = await relevanceOf(shop.engine);
      console.info(`${shop.engine.name}: nDCG@10 ${mean.toFixed(3)} over ${byQuery.length} judged queries`);
      expect(byQuery.length).toBeGreaterThanOrEqual(60);
      expect(mean).toBeGreaterThanOrEqual(0.85);
    });

    test('every judgement is about a product that there is', () => {
      const known = new Set(judgedCatalogue.map(({ productId }) => keyOf(productId)));
      expect(
        judgedQueries.flatMap(({ gradeByKey }) => [...gradeByKey.keys()]).filter((key) => !known.has(key)),
      ).toEqual([]);
    });
  });
}
