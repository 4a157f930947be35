/** What the cart actor remembers, and how it looks to its buyer. */
import type { Sent } from '../../protocol/command.ts';
import { type Decision, type Instant, message, type PendingMessage } from '../../protocol/decider.ts';
import { type CartContent, type CartLine, type CartView, type ExchangeRates, mergeCart } from './commands.ts';
import type { CartEvent } from './events.ts';

export const linesMax = 100;
export const quantityMax = 99;
export const couponCodesMax = 20;
export const quotesMax = 5;
export const quoteCharsMax = 64 * 1024;
/** Ids of additions, and of mergers and orders, whose repeats are known. */
export const rememberedMax = 20;
/** What may be on its way to other carts at once. */
export const handoversMax = 5;
/** A cart is kept for so long after its last change. */
const lifeMs = 30 * 24 * 3_600_000;

export interface Quote {
  readonly quoteId: string;
  readonly body: unknown;
  readonly expiresAtMs: number;
  /** The one that it serves, once there is one. */
  readonly orderId: string | null;
}

interface Handover {
  readonly toAccountId: string;
  readonly content: CartContent;
}

export interface CartState {
  readonly accountId: string;
  currency: string | null;
  /** By the buyer: it outlives the last line. */
  isCurrencyChosen: boolean;
  rates: ExchangeRates;
  /** By SKU, in the order of adding. */
  lineBySku: Map<string, CartLine>;
  couponCodes: readonly string[];
  version: number;
  /** Of the last change that its buyer sees; null while there is nothing to forget. */
  changedAtMs: number | null;
  /** The latest last. */
  additionIds: readonly string[];
  mergeIds: readonly string[];
  orderIds: readonly string[];
  quotes: readonly Quote[];
  handovers: readonly Handover[];
  pending: readonly PendingMessage<Sent<typeof mergeCart>>[];
}

export type CartDecision<Reply = null> = Decision<CartState, CartEvent, Reply>;

export function initialCart(accountId: string): CartState {
  return {
    ...nothing(),
    accountId,
    version: 0,
    additionIds: [],
    mergeIds: [],
    orderIds: [],
    quotes: [],
    handovers: [],
    pending: [],
  };
}

/** What is in a cart that is empty and whose buyer chose nothing. */
export function nothing() {
  return {
    currency: null,
    isCurrencyChosen: false,
    rates: {},
    lineBySku: new Map<string, CartLine>(),
    couponCodes: [],
    changedAtMs: null,
  };
}

/** Whether the cart's life is over; it is emptied by whatever changes it next. */
export function isOver({ changedAtMs }: CartState, at: Instant): boolean {
  return changedAtMs !== null && changedAtMs + lifeMs <= at;
}

/** The cart as it is at that time. */
export function standingAt(state: CartState, at: Instant): CartState {
  return isOver(state, at) ? { ...state, ...nothing(), version: state.version + 1 } : state;
}

export function cartView(state: CartState): CartView {
  const { accountId, currency, rates, couponCodes, version, changedAtMs } = state;
  return {
    accountId,
    currency,
    rates,
    lines: [...state.lineBySku.values()],
    couponCodes,
    version,
    expiresAtMs: changedAtMs === null ? null : changedAtMs + lifeMs,
  };
}

/** What it has for others goes to them until they have it. */
export function pendingMessagesOf({ handovers }: Pick<CartState, 'handovers'>): CartState['pending'] {
  return handovers.map(({ toAccountId, content }) =>
    message(content.mergeId, mergeCart, toAccountId, { type: 'MergeCart', ...content }),
  );
}
