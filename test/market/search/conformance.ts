/**
 * What every search engine must do alike. An engine's own test file opens it and calls `describeEngine`; the routes add
 * nothing to what is found here.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import { describeFacets, describeFilteredFacets, describeFilters } from './conformance/filters.ts';
import { describeRelevance } from './conformance/judged.ts';
import { describeOrders, describeStablePages } from './conformance/pages.ts';
import { type OpenEngine, Shop } from './conformance/shop.ts';
import { describeSuggestions } from './conformance/suggestions.ts';
import {
  describeMeanings,
  describeSpellings,
  describeTypingErrors,
  describeWords,
} from './conformance/words.ts';
import { describeWrites } from './conformance/writes.ts';

const parts = [
  ...[describeWords, describeSpellings, describeMeanings, describeTypingErrors],
  ...[describeFilters, describeFacets, describeFilteredFacets],
  ...[describeOrders, describeStablePages, describeWrites, describeSuggestions, describeRelevance],
];

export function describeEngine(name: string, open: () => Promise<OpenEngine>): void {
  describe(name, () => {
    const shop = new Shop();
    beforeAll(() => shop.open(open), 60_000);
    afterAll(() => shop.close());
    for (const part of parts) part(shop);
  });
}
