/** The table of other spellings: each is the route that it stands for, and takes what other programs send. */
import { expect, test } from 'vitest';
import { loadRoutes } from '../../../src/features.ts';
import { type Match, Router } from '../../../src/gateway/router.ts';

const routes = await loadRoutes();
const router = new Router(routes);
const found = (target: string) => {
  const [method, path] = target.split(' ') as [string, string];
  return router.find(method, path) as Match;
};
const bodyOf = (target: string, body: unknown) => found(target).compiled.checkBody(body);

test.each([
  ['POST /register', 'POST /v1/auth/register'],
  ['POST /login', 'POST /v1/auth/login'],
  ['GET /profile', 'GET /v1/me'],
  ['GET /me', 'GET /v1/me'],
  ['GET /products', 'GET /v1/products'],
  ['GET /products/prd_1', 'GET /v1/products/prd_1'],
  ['POST /products', 'POST /v1/products'],
  ['GET /api/v1/products', 'GET /v1/products'],
  ['GET /api/v1/products/prd_1', 'GET /v1/products/prd_1'],
  ['POST /items', 'POST /v1/products'],
  ['GET /items', 'GET /v1/search'],
  ['GET /api/v1/search', 'GET /v1/search'],
  ['GET /inventory/SKU-1', 'GET /v1/inventory/SKU-1'],
  ['GET /cart', 'GET /v1/cart'],
  ['POST /cart', 'POST /v1/cart/items'],
  ['POST /cart/add', 'POST /v1/cart/items'],
  ['PATCH /cart', 'PUT /v1/cart/items/A'],
  ['DELETE /cart/A', 'DELETE /v1/cart/items/A'],
  ['GET /api/v1/cart', 'GET /v1/cart'],
  ['POST /api/v1/cart', 'POST /v1/cart/items'],
  ['DELETE /api/v1/cart', 'DELETE /v1/cart'],
  ['GET /api/v1/cart/items', 'GET /v1/cart'],
  ['POST /api/v1/cart/items', 'POST /v1/cart/items'],
  ['DELETE /api/v1/cart/items/A', 'DELETE /v1/cart/items/A'],
  ['POST /reserve-stock', 'POST /v1/sales/s/holds'],
  ['POST /checkout', 'POST /v1/checkout'],
  ['POST /orders', 'POST /v1/checkout'],
  ['POST /api/v1/orders/checkout', 'POST /v1/checkout'],
  ['POST /payments', 'POST /v1/checkout'],
  ['POST /api/payments', 'POST /v1/checkout'],
  ['POST /payments/initiate', 'POST /v1/checkout'],
  ['POST /payments/verify', 'GET /v1/payments/pi_1'],
  ['GET /payments/pi_1', 'GET /v1/payments/pi_1'],
  ['GET /orders', 'GET /v1/orders'],
  ['GET /orders/ord_1', 'GET /v1/orders/ord_1'],
  ['GET /order/ord_1', 'GET /v1/orders/ord_1'],
  ['GET /api/v1/orders/ord_1', 'GET /v1/orders/ord_1'],
])('%s is %s', (alias, canonical) => {
  const [spelled, meant] = [found(alias), found(canonical)];
  expect(spelled.compiled.route.isDeprecated).toBe(true);
  expect(meant.compiled.route.isDeprecated).toBeUndefined();
  const { operationId } = meant.compiled.route;
  expect(spelled.compiled.route.operationId).toMatch(new RegExp(`^${operationId}_`));
  expect(spelled.compiled.route.replies).toBe(meant.compiled.route.replies);
  expect(spelled.compiled.route.who).toBe(meant.compiled.route.who);
  if (alias.startsWith('GET')) expect(spelled.params).toEqual(meant.params);
});

test('an item is a product with one variant', () => {
  const item = { name: 'Lamp', description: 'Shines.', price: 19.99, quantity: 3 };
  expect(bodyOf('POST /items', item)).toEqual({
    title: 'Lamp',
    description: 'Shines.',
    category: 'Other',
    variants: [{ sku: expect.stringMatching(/^item-/), price: { amount: 1999, currency: 'USD' }, stock: 3 }],
  });
  expect(() => bodyOf('POST /items', { ...item, price: '19.99' })).toThrow('does not match');
  expect(() => bodyOf('POST /items', { name: 'Lamp' })).toThrow('does not match');
});

test('what goes into a cart may be called by other names', () => {
  for (const [target, body] of [
    ['POST /cart/add', { item_id: 'PS-1', qty: 2 }],
    ['POST /api/v1/cart/items', { product_id: 'PS-1', quantity: 2 }],
    ['PATCH /cart', { itemId: 'PS-1', quantity: 2 }],
  ] as const)
    expect(bodyOf(target, body)).toEqual({ sku: 'PS-1', quantity: 2 });
  expect(() => bodyOf('POST /cart', { sku: 'PS-1', productId: 'PS-2', quantity: 1 })).toThrow(
    'does not match',
  );
});

test('a search is asked as other programs ask it', () => {
  const query = found('GET /api/v1/search').compiled.readQuery(
    'q=tea&filters[price_min]=5&filters[brand]=Luma',
  );
  expect(query).toMatchObject({ q: 'tea', priceMin: 5, brand: ['Luma'] });
  expect(found('GET /items').compiled.readQuery('term=tea&size=3')).toMatchObject({ q: 'tea', limit: 3 });
});

test('a checkout is taken as other programs write it', () => {
  const address = { name: 'Ada', line1: '1 Main', city: 'X', postal_code: '12345', country: 'US' };
  const body = {
    hold_ids: ['3f0e8f6a-2a34-4c3e-9a52-6f0c9d1b7e44'],
    shipping_address: address,
    payment_method_id: 'pm_card_visa',
    shipping_method: 'standard',
  };
  expect(bodyOf('POST /api/v1/orders/checkout', body)).toMatchObject({
    holdIds: body.hold_ids,
    shippingAddress: { postalCode: '12345' },
    paymentMethod: 'pm_card_visa',
    shippingMethod: 'standard',
  });
});
