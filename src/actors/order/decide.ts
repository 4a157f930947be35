/**
 * The order actor: the checkout saga of one order (flow.ts is its table).
 *
 * 1. Captured only after every line is committed (pending.ts); never captured and voided.
 * 2. An order that ends without a purchase releases every hold it took and voids every authorisation, however late
 *    the answer that names them; then it has no pending messages.
 * 3. Statuses move along the table only; answers and reports may come in any order and any number of times.
 * 4. Every change that the buyer sees is pushed, but for the steps of a cart's single lines.
 */
import {
  type Decider,
  dispatch,
  type Instant,
  isInstant,
  noEvents,
  type RuntimeCommand,
  refuse,
} from '../../protocol/decider.ts';
import { answered, failed, reported } from './answers.ts';
import type {
  CancelOrder,
  ForgetAddress,
  OrderCommand,
  OrderCommands,
  OrderTerms,
  OrderView,
  PlaceOrder,
  ReadOrder,
} from './commands.ts';
import { countedOf } from './counts.ts';
import type { OrderEvent } from './events.ts';
import { evolveOrder } from './evolve.ts';
import { isSeen } from './facts.ts';
import { orderFlow } from './flow.ts';
import { isOfAnother } from './moves.ts';
import { orderVersion, restoreOrder, snapshotOrder } from './snapshot.ts';
import { initialOrder, type OrderDecision, type OrderState, type Placed } from './state.ts';
import { orderView } from './view.ts';

const holdsMax = 20;
const itemsMax = 100;
const couponsMax = 40;

const handle = dispatch<OrderState, OrderCommands, OrderEvent>({
  PlaceOrder: place,
  ReadOrder: read,
  CancelOrder: cancel,
  ForgetAddress: forget,
  PaymentReported: (state, report, at) =>
    isOfAnother(state, report) ? refuse('not_found') : quietly(reported(state, report, at)),
  Answered: (state, answer, at) => quietly(answered(state, answer, at), state.placed?.items !== undefined),
  Tick: (state, _tick, at) =>
    quietly(deadline(state) <= at ? [failed('expired', 'hold_expired', at)] : noEvents),
});

function decide(state: OrderState, command: OrderCommand | RuntimeCommand, at: Instant) {
  if (state.placed === null && command.type !== 'PlaceOrder') return refuse('not_found');
  return handle(state, command, at);
}

/** The order as it is after the events, or as it is. */
const unchanged: OrderDecision<OrderView> = { code: 'ok', events: noEvents, reply: orderView };

function pushUpdated(state: OrderState) {
  const body = orderView(state);
  return [{ topic: `buyer/${body.buyerId}`, type: 'order.updated', body }];
}

/**
 * The decision about a report, an answer or a Tick: nobody reads its reply. A cart has many lines: `isBrief` tells nobody of the steps
 * of each, because what is told holds them all.
 */
function quietly(events: readonly OrderEvent[], isBrief = false): OrderDecision {
  const isTold = events.some((event) => isSeen(event) && !(isBrief && isStepOfLine(event)));
  return isTold ? { code: 'ok', events, pushes: pushUpdated } : { code: 'ok', events };
}

function isStepOfLine({ type }: OrderEvent): boolean {
  return type === 'LineTaken' || type === 'LineCommitted' || type === 'LineReleased';
}

function isSeenBy({ placed }: OrderState, buyerId: string | null): boolean {
  return buyerId === null || buyerId === placed?.buyerId;
}

function place(state: OrderState, command: PlaceOrder, at: Instant): OrderDecision<OrderView> {
  const { type: _, paymentSeconds, ...asked } = command;
  const terms = inOrder(asked);
  if (state.placed !== null) return isSame(state.placed, terms) ? unchanged : refuse('exists_with_different');
  const payByMs = at + paymentSeconds * 1000;
  if (!isPlaceable(terms) || !(paymentSeconds > 0) || !isInstant(payByMs)) return refuse('validation_failed');
  return {
    code: 'created',
    events: [{ type: 'OrderPlaced', ...terms, payByMs, atMs: at }],
    reply: orderView,
    pushes: pushUpdated,
  };
}

/** Lines by SKU: in whichever order they were sent, they are the same order. */
function inOrder(terms: OrderTerms): OrderTerms {
  const holds = terms.holds.map(({ holdId, sku }) => ({ holdId, sku })).sort(bySku);
  const { items } = terms;
  return items === undefined ? { ...terms, holds } : { ...terms, holds, items: [...items].sort(bySku) };
}

function isPlaceable({ holds, items = [], quote, coupons = [] }: OrderTerms): boolean {
  const holdIds = new Set([...holds, ...items].map(({ holdId }) => holdId));
  const isDistinct = holdIds.size === holds.length + items.length && new Set(coupons).size === coupons.length;
  const isBounded = holds.length <= holdsMax && items.length <= itemsMax && coupons.length <= couponsMax;
  if (!isDistinct || !isBounded || holdIds.size === 0) return false;
  if (quote === undefined) return coupons.length === 0;
  return quote.lines.length === holdIds.size && quote.lines.every(({ holdId }) => holdIds.has(holdId));
}

type LineOfOrder = OrderTerms['holds'][number];

function bySku(a: LineOfOrder, b: LineOfOrder): number {
  if (a.sku !== b.sku) return a.sku < b.sku ? -1 : 1;
  return a.holdId < b.holdId ? -1 : a.holdId > b.holdId ? 1 : 0;
}

/** The gateway mints the order number and the sale sets the time to pay: a repeat may differ in both. */
function isSame(placed: Placed, terms: OrderTerms): boolean {
  const { type: _, payByMs: __, atMs: ___, ...known } = placed;
  return isEqual(terms, { ...known, orderNumber: terms.orderNumber });
}

/** Null and left out are the same. */
function isEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return (a ?? null) === (b ?? null);
  return Object.keys({ ...a, ...b }).every((name) => isEqual(Reflect.get(a, name), Reflect.get(b, name)));
}

function read(state: OrderState, { buyerId }: ReadOrder): OrderDecision<OrderView> {
  return isSeenBy(state, buyerId) ? unchanged : refuse('not_found');
}

function cancel(
  state: OrderState,
  { buyerId, versions = null }: CancelOrder,
  at: Instant,
): OrderDecision<OrderView> {
  if (!isSeenBy(state, buyerId)) return refuse('not_found');
  if (versions !== null && !versions.includes(String(state.version))) return refuse('stale_version');
  switch (orderFlow[state.status].cancel) {
    case 'refuse':
      return refuse('wrong_state');
    case 'repeat':
      return unchanged;
    case 'undo':
      // The money is with the buyer's bank: what is given back now would be given twice.
      if (state.disputed !== null) return refuse('wrong_state');
      return {
        code: 'ok',
        events: [failed('cancelled', 'ok', at)],
        reply: orderView,
        pushes: pushUpdated,
      };
  }
}

function forget(state: OrderState, { buyerId }: ForgetAddress, at: Instant): OrderDecision {
  if (!isSeenBy(state, buyerId)) return refuse('not_found');
  const { shippingAddress } = state.placed!;
  const isForgotten = 'sealed' in shippingAddress && shippingAddress.sealed === null;
  return { code: 'ok', events: isForgotten ? noEvents : [{ type: 'AddressForgotten', atMs: at }] };
}

/** When the time to pay ends, while that still matters. */
function deadline(state: OrderState): number {
  const isTimed = state.placed !== null && orderFlow[state.status].isTimed;
  return isTimed ? state.placed!.payByMs : Number.POSITIVE_INFINITY;
}

export const orderDecider: Decider<OrderState, OrderCommand, OrderEvent> = {
  kind: 'order',
  version: orderVersion,
  initial: initialOrder,
  decide,
  evolve: evolveOrder,
  pendingMessages: (state) => state.pending,
  deadline: (state, at) => Math.max(deadline(state), at + 1),
  snapshot: snapshotOrder,
  restore: restoreOrder,
  counts: countedOf,
};
