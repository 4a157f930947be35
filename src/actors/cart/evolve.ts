/** The only writer of the cart actor's state: what each event of the journal means. */
import { unknownEvent } from '../../protocol/decider.ts';
import type { CartEvent } from './events.ts';
import { type CartState, nothing, pendingMessagesOf, quotesMax, rememberedMax } from './state.ts';

export function evolveCart(state: CartState, event: CartEvent): void {
  switch (event.type) {
    case 'CartQuoteSaved':
      state.quotes = latest(state.quotes, { ...quoteOf(event), orderId: null }, quotesMax);
      return;
    case 'CartQuoteUsed':
      state.quotes = state.quotes.map((quote) =>
        quote.quoteId === event.quoteId ? { ...quote, orderId: event.orderId } : quote,
      );
      return;
    case 'CartHandoverTaken':
      state.handovers = state.handovers.filter(({ content }) => content.mergeId !== event.mergeId);
      state.pending = pendingMessagesOf(state);
      return;
    default:
      change(state, event);
      state.version += 1;
      state.changedAtMs = isBlank(state) ? null : event.atMs;
  }
}

type Change = Exclude<CartEvent, { type: 'CartQuoteSaved' | 'CartQuoteUsed' | 'CartHandoverTaken' }>;

/** What the buyer sees of. */
function change(state: CartState, event: Change): void {
  switch (event.type) {
    case 'CartCurrencySet':
      state.currency = event.currency;
      state.rates = event.rates;
      state.isCurrencyChosen = event.isChosen;
      break;
    case 'CartItemAdded':
      add(state, event);
      break;
    case 'CartQuantitySet':
      setQuantity(state, event.sku, event.quantity);
      break;
    case 'CartItemRemoved':
      setQuantity(state, event.sku, 0);
      break;
    case 'CartEmptied':
      Object.assign(state, nothing());
      break;
    case 'CartForgotten':
      Object.assign(state, { ...nothing(), quotes: [], handovers: [], pending: [] });
      break;
    case 'CartCouponAdded':
      state.couponCodes = [...state.couponCodes, event.code];
      break;
    case 'CartCouponRemoved':
      state.couponCodes = state.couponCodes.filter((code) => code !== event.code);
      break;
    case 'CartHandedOver':
      Object.assign(state, nothing());
      state.handovers = [...state.handovers, { toAccountId: event.toAccountId, content: event.content }];
      state.pending = pendingMessagesOf(state);
      break;
    case 'CartMerged':
      for (const line of event.lines) state.lineBySku.set(line.sku, line);
      state.couponCodes = event.couponCodes;
      state.mergeIds = latest(state.mergeIds, event.mergeId, rememberedMax);
      break;
    case 'CartItemsOrdered':
      for (const { sku, quantity } of event.lines)
        setQuantity(state, sku, (state.lineBySku.get(sku)?.quantity ?? 0) - quantity);
      if (state.lineBySku.size === 0) state.couponCodes = [];
      state.orderIds = latest(state.orderIds, event.orderId, rememberedMax);
      break;
    default:
      unknownEvent(event);
  }
}

type Added = Extract<CartEvent, { type: 'CartItemAdded' }>;

function add(state: CartState, { goods, priceAtAdd, quantity, additionId, atMs }: Added): void {
  const known = state.lineBySku.get(goods.sku);
  state.lineBySku.set(
    goods.sku,
    // The price stays the one that the buyer saw first: a change is shown until it is confirmed.
    known === undefined
      ? { ...goods, quantity, priceAtAdd, addedAtMs: atMs }
      : { ...known, ...goods, quantity: known.quantity + quantity },
  );
  if (additionId !== null) state.additionIds = latest(state.additionIds, additionId, rememberedMax);
}

/** None left: the line is gone, and with the last one the currency that the lines gave. */
function setQuantity(state: CartState, sku: string, quantity: number): void {
  const line = state.lineBySku.get(sku);
  if (line === undefined) return;
  if (quantity > 0) {
    state.lineBySku.set(sku, { ...line, quantity });
    return;
  }
  state.lineBySku.delete(sku);
  if (state.lineBySku.size === 0 && !state.isCurrencyChosen) {
    state.currency = null;
    state.rates = {};
  }
}

function isBlank({ lineBySku, couponCodes, isCurrencyChosen }: CartState): boolean {
  return lineBySku.size === 0 && couponCodes.length === 0 && !isCurrencyChosen;
}

function quoteOf({ quoteId, body, expiresAtMs }: Extract<CartEvent, { type: 'CartQuoteSaved' }>) {
  return { quoteId, body, expiresAtMs };
}

function latest<Item>(items: readonly Item[], item: Item, max: number): Item[] {
  return [...items, item].slice(-max);
}
