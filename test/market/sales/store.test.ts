import { expect, test } from 'vitest';
import { listSales } from '../../../src/market/sales/store.ts';
import { away, rejection } from '../away.ts';

test('the list of sales is busy when the database cannot be reached', async () => {
  expect(await rejection(away((database) => listSales(database, {})))).toBe('busy');
});
