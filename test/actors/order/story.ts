/** An order for two holds, and its story so far at each of the saga's stations. */

import type { PlaceOrder } from '../../../src/actors/order/commands.ts';
import { orderDecider } from '../../../src/actors/order/decide.ts';
import type { HoldView } from '../../../src/actors/sku/commands.ts';
import type { Code } from '../../../src/protocol/codes.ts';
import { given } from '../given.ts';

export const placedAt = 1_000_000;
export const payByMs = placedAt + 300_000;
export const dayMs = 24 * 3_600_000;
export const usd = (amount: number) => ({ amount, currency: 'USD' });

export const placeOrder: PlaceOrder = {
  type: 'PlaceOrder',
  orderNumber: 'DB-1',
  buyerId: 'ann',
  holds: [
    { holdId: 'h2', sku: 'PS-2' },
    { holdId: 'h1', sku: 'PS-1' },
  ],
  shippingAddress: {
    name: 'Ann',
    line1: 'Main St 1',
    city: 'Springfield',
    postalCode: '12345',
    country: 'US',
  },
  shippingMethod: 'standard',
  paymentMethod: 'pm_card_visa',
  paymentSeconds: 300,
};

export function hold(holdId: string, sku: string, change: Partial<HoldView> = {}): HoldView {
  return {
    holdId,
    saleId: 'sal_1',
    sku,
    buyerId: 'ann',
    quantity: 1,
    unitPrice: usd(49_900),
    state: 'committing',
    expiresAtMs: payByMs + 30_000,
    title: 'Console',
    sellerId: 'acc_seller',
    productId: 'prd_1',
    orderId: 'ord_1',
    ...change,
  };
}

export const answered = (step: string, code: Code = 'ok', body: unknown = null) =>
  ({ type: 'Answered', id: `ord_1:${step}`, code, body }) as const;

export const cancel = { type: 'CancelOrder', buyerId: 'ann' } as const;
export const authorized = answered('authorize', 'ok', { paymentId: 'pi_1' });

export function placed(change: Partial<PlaceOrder> = {}) {
  return given(orderDecider, 'ord_1')
    .when({ ...placeOrder, ...change }, placedAt)
    .then({ code: 'created' });
}

/** The story so far, at each of the saga's stations. */
export function authorizing(change: Partial<PlaceOrder> = {}) {
  return placed(change)
    .when(answered('attach:h2', 'ok', hold('h2', 'PS-2', { quantity: 2 })), placedAt + 1)
    .then({ code: 'ok' })
    .when(answered('attach:h1', 'ok', hold('h1', 'PS-1')), placedAt + 2)
    .then({ code: 'ok' });
}
export function committing() {
  return authorizing()
    .when(authorized, placedAt + 3)
    .then({ code: 'ok' });
}
export function capturing() {
  return committing()
    .when(answered('commit:h1'), placedAt + 4)
    .then({ code: 'ok' })
    .when(answered('commit:h2'), placedAt + 5)
    .then({ code: 'ok' });
}
export function confirmed() {
  return capturing()
    .when(answered('capture'), placedAt + 6)
    .then({ code: 'ok' });
}
