/** What tests of carts put into them. */
import type { AddToCart } from '../../../src/actors/cart/commands.ts';

export const goods = (sku: string) => ({
  ...{ sku, productId: `prd_${sku}`, sellerId: 'acc_seller', title: `Title of ${sku}`, imageUrl: null },
});

export function add(sku: string, quantity = 1, change: Partial<AddToCart> = {}): AddToCart {
  return {
    ...{ type: 'AddToCart', additionId: null, goods: goods(sku), quantity, rates: {} },
    prices: [{ amount: 1_000, currency: 'USD' }],
    ...change,
  };
}

export const dayMs = 24 * 3_600_000;
