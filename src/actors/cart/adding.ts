/** Putting things into the cart, and how many of them. */
import { type Instant, noEvents, refuse } from '../../protocol/decider.ts';
import { priceIn } from '../../protocol/exchange.ts';
import type { AddToCart, SetQuantity } from './commands.ts';
import type { CartEvent } from './events.ts';
import { type CartState, linesMax, quantityMax } from './state.ts';

export function addToCart(cart: CartState, command: AddToCart, at: Instant) {
  const { additionId, goods, prices, quantity } = command;
  if (additionId !== null && cart.additionIds.includes(additionId)) return noEvents;
  const [own] = prices;
  if (own === undefined || !isQuantity(quantity)) return refuse('validation_failed');
  const started: CartEvent[] = [];
  let { currency, rates } = cart;
  if (currency === null) {
    ({ currency } = own);
    ({ rates } = command);
    started.push({ type: 'CartCurrencySet', currency, rates, isChosen: false, atMs: at });
  }
  const priceAtAdd = priceIn(currency, rates, prices);
  if (priceAtAdd === null) return refuse('no_exchange_rate', { from: own.currency, to: currency });
  const known = cart.lineBySku.get(goods.sku);
  if ((known?.quantity ?? 0) + quantity > quantityMax)
    return refuse('quantity_limit', { limit: quantityMax });
  if (known === undefined && cart.lineBySku.size >= linesMax) return refuse('cart_full', { limit: linesMax });
  const added: CartEvent = { type: 'CartItemAdded', goods, priceAtAdd, quantity, additionId, atMs: at };
  return [...started, added];
}

export function setQuantity({ lineBySku }: CartState, { sku, quantity }: SetQuantity, at: Instant) {
  if (!isQuantity(quantity)) return refuse('validation_failed');
  const line = lineBySku.get(sku);
  if (line === undefined) return refuse('not_found');
  if (quantity > quantityMax) return refuse('quantity_limit', { limit: quantityMax });
  if (line.quantity === quantity) return noEvents;
  return [{ type: 'CartQuantitySet' as const, sku, quantity, atMs: at }];
}

function isQuantity(quantity: number): boolean {
  return Number.isSafeInteger(quantity) && quantity > 0;
}
