/** Carts while tables are away, and on the sockets of their buyer. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../gateway/live-client.ts';
import { openShop, type Shop, type Visitor } from '../../gateway/shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.stop());

const add = (who: Visitor, sku: string, quantity: number) =>
  shop.request(who, 'POST /v1/cart/items', { sku, quantity });

test('a SKU that the tables do not have is what its actor says', async () => {
  const seller = await shop.visitor('seller');
  const sku = await shop.stock(seller, 30, 2_500);
  const { status, body } = await add(await shop.visitor(), sku, 2);
  expect(status).toBe(200);
  expect(body.items).toMatchObject([
    {
      sku,
      title: 'Console',
      sellerId: seller.accountId,
      unitPrice: { amount: 2_500 },
      available: 30,
      availability: 'ok',
    },
  ]);
});

test('every device of the account sees the same cart, and nobody else’s does', async () => {
  const seller = await shop.visitor('seller');
  const sku = await shop.stock(seller, 30);
  const [buyer, stranger] = [await shop.visitor(), await shop.visitor()];
  const devices = await Promise.all(
    [buyer, buyer, stranger].map(async ({ token }) => {
      const client = await connect(shop.gateway.port);
      client.send({ type: 'authenticate', accessToken: token });
      await client.frame(({ type }) => type === 'ready');
      return client;
    }),
  );
  const [phone, desk, other] = devices;
  await add(buyer, sku, 1);
  const { body: cart } = await add(buyer, sku, 2);
  for (const device of [phone, desk]) {
    const frame = await device!.frame(({ type, itemCount }) => type === 'cart.updated' && itemCount === 3);
    expect(frame).toEqual({ type: 'cart.updated', ...cart });
  }
  await add(stranger, sku, 7);
  await other!.frame(({ type, itemCount }) => type === 'cart.updated' && itemCount === 7);
  expect(other!.frames.some(({ itemCount }) => itemCount === 3)).toBe(false);
  for (const device of devices) device.close();
});
