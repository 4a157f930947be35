/** Carts and wishlists of a running server, held against its document. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { DocumentedClient } from './documented.ts';
import { type Person, productBody } from './shop.ts';

/** A cart is filled, changed, given a code and emptied. */
export async function carted(client: DocumentedClient, who: Person, seller: Person): Promise<void> {
  const sku = `C-${randomUUID()}`;
  await client.ask('createProduct', 201, { who: seller, body: productBody([sku], 5) });
  await client.ask('setCartCurrency', 200, { who, body: { currency: 'USD' } });
  const added = await client.ask('addToCart', 200, { who, body: { sku, quantity: 2 } });
  expect(added.body).toMatchObject({ itemCount: 2, items: [{ sku, availability: 'low', available: 5 }] });
  const path = { sku };
  await client.ask('setCartQuantity', 200, { who, path, body: { quantity: 3 } });
  await client.refused('addToCart', 404, 'unknown_sku', { who, body: { sku: 'none', quantity: 1 } });
  await client.refused('addToCart', 409, 'quantity_limit', { who, body: { sku, quantity: 99 } });
  await client.refused('addToCart', 400, 'validation_failed', { who, body: { sku, quantity: 0 } });
  const stale = { who, body: { quantity: 1 }, headers: { 'if-match': '"0"' } };
  await client.refused('setCartQuantity', 412, 'stale_version', { ...stale, path });
  await client.refused('setCartCurrency', 422, 'no_exchange_rate', { who, body: { currency: 'ISK' } });
  const code = `C${randomUUID().slice(0, 8).toUpperCase()}`;
  const coupon = { code, kind: 'percent', value: 10 };
  await client.ask('createCoupon', 201, { who: seller, body: coupon });
  const reduced = await client.ask('addCartCoupon', 200, { who, path: { code } });
  expect(reduced.body.discount.amount).toBe(reduced.body.subtotal.amount / 10);
  await client.refused('addCartCoupon', 404, 'unknown_coupon', { who, path: { code: 'NO-SUCH' } });
  await client.ask('removeCartCoupon', 200, { who, path: { code } });
  const cart = (await client.ask('getCart', 200, { who })).body;
  expect(cart.itemCount).toBe(3);
  const quote = await client.ask('quoteCheckout', 200, { who, body: { cartId: cart.cartId } });
  expect(quote.body.subtotal).toEqual(cart.subtotal);
  await client.refused('getCart', 401, 'unauthenticated');
  await client.ask('removeFromCart', 200, { who, path });
  await client.refused('setCartQuantity', 404, 'not_found', { who, path, body: { quantity: 1 } });
  await client.ask('emptyCart', 200, { who });
  await wished(client, who, sku);
}

async function wished(client: DocumentedClient, who: Person, sku: string): Promise<void> {
  const { wishlistId } = (await client.ask('createWishlist', 201, { who, body: { name: 'Birthday' } })).body;
  await client.ask('addWish', 200, { who, path: { wishlistId, sku }, body: { notifyWhenBack: true } });
  expect((await client.ask('listWishlists', 200, { who })).body.items).toHaveLength(1);
  const { url } = (await client.ask('shareWishlist', 200, { who, path: { wishlistId } })).body;
  const token = url.split('/').at(-1);
  const shared = await client.ask('getSharedWishlist', 200, { path: { token } });
  expect(shared.body).toMatchObject({ name: 'Birthday', items: [{ sku }] });
  await client.refused('getSharedWishlist', 404, 'not_found', { path: { token: 'none' } });
  await client.ask('removeWish', 200, { who, path: { wishlistId, sku } });
  await client.ask('removeWishlist', 204, { who, path: { wishlistId } });
  await client.refused('removeWishlist', 404, 'not_found', { who, path: { wishlistId } });
}
