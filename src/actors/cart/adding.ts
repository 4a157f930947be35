/** Putting things into the cart, and how many of them. */
import { type Instant, noEvents, refuse } from '../../protocol/decider.ts';
import { exchanged } from '../../protocol/exchange.ts';
import type { Money } from '../../protocol/money.ts';
import type { AddToCart, ExchangeRates, SetQuantity } from './commands.ts';
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

/** A price in that currency where there is one, else the first one exchanged; null when no rate leads there. */
export function priceIn(currency: string, rates: ExchangeRates, prices: readonly Money[]): Money | null {
  const listed = prices.find((price) => price.currency === currency);
  if (listed !== undefined) return listed;
  const rate = rates[prices[0]!.currency];
  return rate === undefined ? null : exchanged(prices[0]!, rate, currency);
}
