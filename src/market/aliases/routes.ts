/**
 * The one table of other spellings. Each is the route it names, with another path: nothing is decided here. A spelling
 * whose route does not exist (yet) does not exist either.
 */
import { randomUUID } from 'node:crypto';
import { type Alias, aliasRoute } from '../../gateway/alias.ts';
import type { Route } from '../../gateway/route.ts';

/** Names that programs of other shops give to what is asked of a checkout. */
const checkoutNames = { payment_method_id: 'paymentMethod', paymentMethodId: 'paymentMethod' };
/** A product with one variant may be named by its own id. */
const cartNames = { productId: 'sku', product_id: 'sku', itemId: 'sku', item_id: 'sku', qty: 'quantity' };
const searchNames = { term: 'q', size: 'limit' };

const table: readonly Alias[] = [
  { method: 'POST', path: '/register', to: 'register' },
  { method: 'POST', path: '/login', to: 'login' },
  { method: 'GET', path: '/profile', to: 'getMe' },
  { method: 'GET', path: '/me', to: 'getMe' },

  { method: 'GET', path: '/products', to: 'listProducts' },
  { method: 'GET', path: '/products/{productId}', to: 'getProduct' },
  { method: 'POST', path: '/products', to: 'createProduct' },
  { method: 'GET', path: '/api/v1/products', to: 'listProducts' },
  { method: 'GET', path: '/api/v1/products/{productId}', to: 'getProduct' },
  { method: 'POST', path: '/items', to: 'createProduct', reshape: productOfItem },
  { method: 'GET', path: '/items', to: 'search', names: searchNames },
  { method: 'GET', path: '/api/v1/search', to: 'search', names: searchNames },
  { method: 'GET', path: '/inventory/{sku}', to: 'getStock' },

  { method: 'GET', path: '/cart', to: 'getCart' },
  { method: 'POST', path: '/cart', to: 'addToCart', names: cartNames },
  { method: 'POST', path: '/cart/add', to: 'addToCart', names: cartNames },
  { method: 'PATCH', path: '/cart', to: 'setCartQuantity', names: cartNames },
  { method: 'DELETE', path: '/cart/{sku}', to: 'removeFromCart' },
  { method: 'GET', path: '/api/v1/cart', to: 'getCart' },
  { method: 'POST', path: '/api/v1/cart', to: 'addToCart', names: cartNames },
  { method: 'DELETE', path: '/api/v1/cart', to: 'emptyCart' },
  { method: 'GET', path: '/api/v1/cart/items', to: 'getCart' },
  { method: 'POST', path: '/api/v1/cart/items', to: 'addToCart', names: cartNames },
  { method: 'DELETE', path: '/api/v1/cart/items/{sku}', to: 'removeFromCart' },

  { method: 'POST', path: '/reserve-stock', to: 'placeHold' },
  { method: 'POST', path: '/checkout', to: 'checkOut', names: checkoutNames },
  { method: 'POST', path: '/orders', to: 'checkOut', names: checkoutNames },
  { method: 'POST', path: '/api/v1/orders/checkout', to: 'checkOut', names: checkoutNames },
  { method: 'POST', path: '/payments', to: 'checkOut', names: checkoutNames },
  { method: 'POST', path: '/api/payments', to: 'checkOut', names: checkoutNames },
  { method: 'POST', path: '/payments/initiate', to: 'checkOut', names: checkoutNames },
  { method: 'POST', path: '/payments/verify', to: 'getPayment' },
  { method: 'GET', path: '/payments/{paymentId}', to: 'getPayment' },
  { method: 'GET', path: '/orders', to: 'listOrders' },
  { method: 'GET', path: '/orders/{orderId}', to: 'getOrder' },
  { method: 'GET', path: '/order/{orderId}', to: 'getOrder' },
  { method: 'GET', path: '/api/v1/orders/{orderId}', to: 'getOrder' },
];

export function aliasesOf(routes: readonly Route[]): Route[] {
  return table.flatMap((alias) => aliasRoute(routes, alias) ?? []);
}

/** `{name, description, price, quantity}`: the price in whole units of USD, unless it is money. */
function productOfItem(item: Readonly<Record<string, unknown>>): unknown {
  if (item.name === undefined) return item;
  const { name, price, quantity, sku = `item-${randomUUID()}`, category = 'Other', ...more } = item;
  const amount = typeof price === 'number' ? Math.round(price * 100) : price;
  const money = typeof amount === 'number' ? { amount, currency: 'USD' } : amount;
  return { ...more, title: name, category, variants: [{ sku, price: money, stock: quantity }] };
}
