/**
 * The order actor: the checkout saga of one order (flow.ts is its table).
 *
 * 1. Captured only after every line is committed (pending.ts); never captured and voided.
 * 2. An order that ends without a purchase releases every hold it took and voids every authorisation, however late
 *    the answer that names them; then it has no pending messages.
 * 3. Statuses move along the table only; answers and reports may come in any order and any number of times.
 * 4. Every change is pushed to the buyer.
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
  OrderView,
  PlaceOrder,
  ReadOrder,
} from './commands.ts';
import { countedOf } from './counts.ts';
import type { OrderEvent } from './events.ts';
import { evolveOrder } from './evolve.ts';
import { orderFlow } from './flow.ts';
import { isOfAnother } from './moves.ts';
import { orderVersion, restoreOrder, snapshotOrder } from './snapshot.ts';
import { initialOrder, type OrderDecision, type OrderState, type Placed } from './state.ts';
import { orderView } from './view.ts';

const holdsMax = 20;

const handle = dispatch<OrderState, OrderCommands, OrderEvent>({
  PlaceOrder: place,
  ReadOrder: read,
  CancelOrder: cancel,
  ForgetAddress: forget,
  PaymentReported: (state, report, at) =>
    isOfAnother(state, report) ? refuse('not_found') : quietly(reported(state, report, at)),
  Answered: (state, answer, at) => quietly(answered(state, answer, at)),
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

/** The decision about a report, an answer or a Tick: nobody reads its reply. */
function quietly(events: readonly OrderEvent[]): OrderDecision {
  return events.length === 0 ? { code: 'ok', events } : { code: 'ok', events, pushes: pushUpdated };
}

function isSeenBy({ placed }: OrderState, buyerId: string | null): boolean {
  return buyerId === null || buyerId === placed?.buyerId;
}

function place(state: OrderState, command: PlaceOrder, at: Instant): OrderDecision<OrderView> {
  const holds = command.holds.map(({ holdId, sku }) => ({ holdId, sku })).sort(bySku);
  if (state.placed !== null) {
    return isSame(state.placed, command, holds) ? unchanged : refuse('exists_with_different');
  }
  const isDistinct = new Set(holds.map((hold) => hold.holdId)).size === holds.length;
  if (holds.length === 0 || holds.length > holdsMax || !isDistinct || !(command.paymentSeconds > 0))
    return refuse('validation_failed');
  const { type: _, paymentSeconds, ...terms } = command;
  const payByMs = at + paymentSeconds * 1000;
  if (!isInstant(payByMs)) return refuse('validation_failed');
  return {
    code: 'created',
    events: [{ type: 'OrderPlaced', ...terms, holds, payByMs, atMs: at }],
    reply: orderView,
    pushes: pushUpdated,
  };
}

type HoldOfOrder = PlaceOrder['holds'][number];

function bySku(a: HoldOfOrder, b: HoldOfOrder): number {
  if (a.sku !== b.sku) return a.sku < b.sku ? -1 : 1;
  return a.holdId < b.holdId ? -1 : a.holdId > b.holdId ? 1 : 0;
}

/** The gateway mints the order number and the sale sets the time to pay: a repeat may differ in both. */
function isSame(placed: Placed, command: PlaceOrder, holds: readonly HoldOfOrder[]): boolean {
  const { type, payByMs, atMs, orderNumber, ...known } = placed;
  const { paymentSeconds, ...asked } = command;
  return isEqual({ ...asked, holds }, { ...known, type: asked.type, orderNumber: asked.orderNumber });
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
