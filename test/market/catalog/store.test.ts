import { expect, test } from 'vitest';
import { pageOfProducts } from '../../../src/market/catalog/store.ts';
import { away, rejection } from '../away.ts';

test('the catalogue is busy when the database cannot be reached', async () => {
  expect(await rejection(away(({ query }) => pageOfProducts(query, { categoryIds: null })))).toBe('busy');
});
