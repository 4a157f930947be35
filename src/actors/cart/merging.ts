/** One cart becomes part of another: a guest's, when the guest signs in to an account. */
import { type Instant, noEvents, refuse } from '../../protocol/decider.ts';
import { priceIn } from '../../protocol/exchange.ts';
import type { CartContent, CartLine, HandOverCart } from './commands.ts';
import type { CartEvent } from './events.ts';
import {
  type CartDecision,
  type CartState,
  couponCodesMax,
  handoversMax,
  linesMax,
  quantityMax,
  standingAt,
} from './state.ts';

export function handOver(
  state: CartState,
  { toAccountId, mergeId }: HandOverCart,
  at: Instant,
): CartDecision<CartContent | null> {
  const under = state.handovers.find(({ content }) => content.mergeId === mergeId);
  if (under !== undefined) return { code: 'ok', events: noEvents, reply: under.content };
  const { currency, rates, lineBySku, couponCodes } = standingAt(state, at);
  if (currency === null || lineBySku.size === 0) return { code: 'ok', events: noEvents, reply: null };
  if (state.handovers.length >= handoversMax) return refuse('busy');
  const content = { mergeId, currency, rates, lines: [...lineBySku.values()], couponCodes };
  return {
    code: 'ok',
    events: [{ type: 'CartHandedOver', toAccountId, content, atMs: at }],
    reply: content,
  };
}

export function merge(cart: CartState, content: CartContent, at: Instant): readonly CartEvent[] {
  const { mergeId } = content;
  if (cart.mergeIds.includes(mergeId)) return noEvents;
  const isNew = cart.currency === null;
  const currency = cart.currency ?? content.currency;
  const rates = isNew ? content.rates : cart.rates;
  const codes = [...new Set([...cart.couponCodes, ...content.couponCodes])];
  const merged: CartEvent = {
    ...{ type: 'CartMerged', mergeId, lines: linesAfter(cart, currency, rates, content) },
    ...{ couponCodes: codes.slice(0, couponCodesMax), atMs: at },
  };
  return isNew ? [{ type: 'CartCurrencySet', currency, rates, isChosen: false, atMs: at }, merged] : [merged];
}

/** Those that change, as they are afterwards. */
function linesAfter(
  { lineBySku }: CartState,
  currency: string,
  rates: CartContent['rates'],
  { lines }: CartContent,
): CartLine[] {
  let room = linesMax - lineBySku.size;
  return lines.flatMap((line): CartLine[] => {
    const known = lineBySku.get(line.sku);
    if (known !== undefined)
      return [{ ...known, quantity: Math.min(quantityMax, known.quantity + line.quantity) }];
    const priceAtAdd = priceIn(currency, rates, [line.priceAtAdd]);
    if (priceAtAdd === null || room <= 0) return [];
    room -= 1;
    return [{ ...line, priceAtAdd }];
  });
}
