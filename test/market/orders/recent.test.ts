import { expect, test } from 'vitest';
import type { OrderView } from '../../../src/actors/order/commands.ts';
import { RecentOrders } from '../../../src/market/orders/recent.ts';

const order = (orderId: string, version: number, buyerId = 'acc_1') =>
  ({ orderId, version, buyerId }) as unknown as OrderView;
const idsOf = (recent: RecentOrders, buyerId = 'acc_1') => recent.of(buyerId).map(({ orderId }) => orderId);

test('a buyer with many orders has the latest hundred here, and an order that changes again is one of them', () => {
  const recent = new RecentOrders();
  recent.see(order('ord_other', 1, 'acc_2'));
  for (let n = 0; n < 100; n++) recent.see(order(`ord_${n}`, 1));
  recent.see(order('ord_0', 2));
  recent.see(order('ord_100', 1));
  expect(recent.of('acc_1')).toHaveLength(100);
  expect(idsOf(recent)).toEqual(expect.arrayContaining(['ord_0', 'ord_2', 'ord_100']));
  expect(idsOf(recent)).not.toContain('ord_1');
  expect(idsOf(recent, 'acc_2')).toEqual(['ord_other']);
});

test('an older version that comes late changes nothing', () => {
  const recent = new RecentOrders();
  recent.see(order('ord_1', 3));
  recent.see(order('ord_1', 2));
  expect(recent.of('acc_1')).toEqual([order('ord_1', 3)]);
});
