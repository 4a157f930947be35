/**
 * The cart actor: what one account means to buy, and the quotes that it was given.
 *
 * 1. Edits never replace each other's work: adding adds, a line is changed by itself, and an edit that is based on a
 *    version is refused when the cart has another.
 * 2. A repeat of a known addition, merger, quote or order changes nothing.
 * 3. At most 100 lines of 1 to 99 units, 20 codes and 5 quotes, whatever is added, merged or asked.
 * 4. What is handed over is in one of the two carts, or on its way and pending: never in both, never in none.
 * 5. Nothing here holds a unit or promises a price but a quote: stock and prices are looked up when they are shown.
 *
 * A cart that is over has no deadline: it is emptied by the next change, and looks empty until then, so that carts can
 * leave memory.
 */
import {
  type Answered,
  type Decider,
  dispatch,
  type Instant,
  isInstant,
  noEvents,
  refuse,
} from '../../protocol/decider.ts';
import { addToCart, setQuantity } from './adding.ts';
import type {
  AddCoupon,
  CartCommand,
  CartCommands,
  CartOrdered,
  CartView,
  EmptyCart,
  RemoveCoupon,
  RemoveFromCart,
  SaveQuote,
  SetCurrency,
  UseQuote,
} from './commands.ts';
import type { CartEvent } from './events.ts';
import { evolveCart } from './evolve.ts';
import { handOver, merge } from './merging.ts';
import { cartVersion, restoreCart, snapshotCart } from './snapshot.ts';
import {
  type CartDecision,
  type CartState,
  cartView,
  couponCodesMax,
  initialCart,
  isOver,
  quoteCharsMax,
  standingAt,
} from './state.ts';

const nothingDone: CartDecision = { code: 'ok', events: noEvents };

type Change<Command> = (
  cart: CartState,
  command: Command,
  at: Instant,
) => readonly CartEvent[] | ReturnType<typeof refuse>;

/** A change that the buyer sees: of the cart as it stands, based on a version of it. */
function changing<Command extends { readonly versions?: readonly string[] | null }>(change: Change<Command>) {
  return (state: CartState, command: Command, at: Instant): CartDecision<CartView> => {
    const cart = standingAt(state, at);
    const { versions = null } = command;
    if (versions !== null && !versions.includes(String(cart.version)))
      return refuse('stale_version', { version: cart.version });
    const events = change(cart, command, at);
    return 'code' in events ? events : accept(state, events, at);
  };
}

function accept(state: CartState, events: readonly CartEvent[], at: Instant): CartDecision<CartView> {
  if (events.length === 0) return { code: 'ok', events, reply: (after) => cartView(standingAt(after, at)) };
  return { code: 'ok', events: [...endedBefore(state, at), ...events], reply: cartView, pushes: pushUpdated };
}

/** The life of a cart ends before the change that comes after it. */
function endedBefore(state: CartState, at: Instant): readonly CartEvent[] {
  return isOver(state, at) ? [{ type: 'CartEmptied', reason: 'expired', atMs: at }] : noEvents;
}

/** That the cart changed, not what is in it: that is read, with the prices of the moment, where somebody looks. */
function pushUpdated({ accountId, version }: CartState) {
  return [{ topic: `buyer/${accountId}`, type: 'cart.updated', body: { accountId, version } }];
}

function remove({ lineBySku }: CartState, { sku }: RemoveFromCart, at: Instant): readonly CartEvent[] {
  return lineBySku.has(sku) ? [{ type: 'CartItemRemoved', sku, atMs: at }] : noEvents;
}

function empty(cart: CartState, _: EmptyCart, at: Instant): readonly CartEvent[] {
  return cart.changedAtMs === null ? noEvents : [{ type: 'CartEmptied', reason: 'buyer', atMs: at }];
}

function chooseCurrency(cart: CartState, { currency, rates }: SetCurrency, at: Instant) {
  if (cart.lineBySku.size > 0) return cart.currency === currency ? noEvents : refuse('cart_not_empty');
  return [{ type: 'CartCurrencySet' as const, currency, rates, isChosen: true, atMs: at }];
}

function addCode({ couponCodes }: CartState, { code }: AddCoupon, at: Instant) {
  if (couponCodes.includes(code)) return noEvents;
  if (couponCodes.length >= couponCodesMax) return refuse('coupon_not_applicable', { reason: 'too_many' });
  return [{ type: 'CartCouponAdded' as const, code, atMs: at }];
}

function removeCode({ couponCodes }: CartState, { code }: RemoveCoupon, at: Instant): readonly CartEvent[] {
  return couponCodes.includes(code) ? [{ type: 'CartCouponRemoved', code, atMs: at }] : noEvents;
}

function saveQuote(state: CartState, { quoteId, body, expiresAtMs }: SaveQuote, at: Instant): CartDecision {
  if (state.quotes.some((quote) => quote.quoteId === quoteId)) return nothingDone;
  if (!isInstant(expiresAtMs) || JSON.stringify(body).length > quoteCharsMax)
    return refuse('validation_failed');
  return { code: 'ok', events: [{ type: 'CartQuoteSaved', quoteId, body, expiresAtMs, atMs: at }] };
}

function takeQuote(
  state: CartState,
  { quoteId, orderId }: UseQuote,
  at: Instant,
): CartDecision<{ body: unknown }> {
  const quote = state.quotes.find((each) => each.quoteId === quoteId);
  if (quote === undefined) return refuse('not_found');
  const reply = { body: quote.body };
  if (quote.orderId === orderId) return { code: 'ok', events: noEvents, reply };
  if (quote.orderId !== null) return refuse('wrong_state', { orderId: quote.orderId });
  if (quote.expiresAtMs <= at) return refuse('not_found');
  return { code: 'ok', events: [{ type: 'CartQuoteUsed', quoteId, orderId, atMs: at }], reply };
}

/** Units that were taken out meanwhile are out already. */
function ordered(state: CartState, { orderId, lines }: CartOrdered, at: Instant): CartDecision {
  if (state.orderIds.includes(orderId)) return nothingDone;
  return {
    code: 'ok',
    events: [...endedBefore(state, at), { type: 'CartItemsOrdered', orderId, lines, atMs: at }],
    pushes: pushUpdated,
  };
}

function forget({ changedAtMs, quotes, handovers }: CartState, _: object, at: Instant): CartDecision {
  const isBlank = changedAtMs === null && quotes.length === 0 && handovers.length === 0;
  return { code: 'ok', events: isBlank ? noEvents : [{ type: 'CartForgotten', atMs: at }] };
}

function handedOver(state: CartState, { id, code }: Answered, at: Instant): CartDecision {
  const isKnown = state.handovers.some(({ content }) => content.mergeId === id);
  return isKnown && code === 'ok'
    ? { code: 'ok', events: [{ type: 'CartHandoverTaken', mergeId: id, atMs: at }] }
    : nothingDone;
}

export const cartDecider: Decider<CartState, CartCommand, CartEvent> = {
  kind: 'cart',
  version: cartVersion,
  initial: initialCart,
  decide: dispatch<CartState, CartCommands, CartEvent>({
    ReadCart: (state, _, at) => accept(state, noEvents, at),
    AddToCart: changing(addToCart),
    SetQuantity: changing(setQuantity),
    RemoveFromCart: changing(remove),
    EmptyCart: changing(empty),
    SetCurrency: changing(chooseCurrency),
    AddCoupon: changing(addCode),
    RemoveCoupon: changing(removeCode),
    ForgetCart: forget,
    HandOverCart: handOver,
    MergeCart: (state, command, at) => accept(state, merge(standingAt(state, at), command, at), at),
    SaveQuote: saveQuote,
    UseQuote: takeQuote,
    CartOrdered: ordered,
    Tick: () => nothingDone,
    Answered: handedOver,
  }),
  evolve: evolveCart,
  pendingMessages: (state) => state.pending,
  deadline: () => Number.POSITIVE_INFINITY,
  snapshot: snapshotCart,
  restore: restoreCart,
};
