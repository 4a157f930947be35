import { expect, test } from 'vitest';
import { listOrders } from '../../../src/market/orders/store.ts';
import { away, rejection } from '../away.ts';

test('the list of orders is busy when the database cannot be reached', async () => {
  const buyerId = 'acc_018f0000-0000-7000-8000-000000000001';
  expect(await rejection(away((database) => listOrders(database, { buyerId })))).toBe('busy');
});
