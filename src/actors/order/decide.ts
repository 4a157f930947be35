/**
 * The order actor: the checkout saga of one order (order-flow.ts is its table).
 *
 * 1. Captured only after every line is committed; never captured and voided.
 * 2. An order that ends without a purchase releases every hold it took and voids every authorisation, however late
 *    the answer that tells of them; then it owes nothing.
 * 3. Statuses move along the table only; answers and reports may come in any order and any number of times.
 * 4. The buyer is told of every change.
 */

import type { Decider, Decision, RuntimeCommand } from '../../protocol/decider.ts';
import { answered, failed, reported } from './answers.ts';
import type { OrderCommand, PlaceOrder } from './commands.ts';
import { countedOf } from './counts.ts';
import type { OrderEvent } from './events.ts';
import { orderFlow } from './flow.ts';
import type { OrderState, Placed } from './state.ts';
import { evolveOrder, initialOrder, orderVersion, restoreOrder, snapshotOrder } from './state.ts';
import { orderView } from './view.ts';

export type { OrderState } from './state.ts';

type OrderDecision = Decision<OrderState, OrderEvent>;

const holdsMax = 20;

function decide(state: OrderState, command: OrderCommand | RuntimeCommand, at: number): OrderDecision {
  if (command.type === 'PlaceOrder') return place(state, command, at);
  if (state.placed === null) return { code: 'not_found', events: [], reply: null };
  switch (command.type) {
    case 'ReadOrder':
      if (!isSeenBy(state.placed, command.buyerId)) return { code: 'not_found', events: [], reply: null };
      return { code: 'ok', events: [], reply: orderView };
    case 'CancelOrder':
      return cancel(state, state.placed, command.buyerId, at);
    case 'PaymentReported':
      return quietly(reported(state, command, at));
    case 'Answered':
      return quietly(answered(state, command, at));
    case 'Tick':
      return quietly(deadline(state) <= at ? [failed('expired', 'hold_expired', at)] : []);
  }
}

function pushUpdated(state: OrderState) {
  const body = orderView(state);
  return [{ topic: `buyer/${body.buyerId}`, type: 'order.updated', body }];
}

/** A change that nobody waits for. */
function quietly(events: readonly OrderEvent[]): OrderDecision {
  return events.length === 0 ? { code: 'ok', events } : { code: 'ok', events, pushes: pushUpdated };
}

function isSeenBy(placed: Placed, buyerId: string | null): boolean {
  return buyerId === null || buyerId === placed.buyerId;
}

function place(state: OrderState, command: PlaceOrder, at: number): OrderDecision {
  const holds = command.holds.map(({ holdId, sku }) => ({ holdId, sku })).sort(bySku);
  if (state.placed !== null) {
    if (!isSame(state.placed, command, holds))
      return { code: 'exists_with_different', events: [], reply: null };
    return { code: 'ok', events: [], reply: orderView };
  }
  const isDistinct = new Set(holds.map((hold) => hold.holdId)).size === holds.length;
  if (holds.length === 0 || holds.length > holdsMax || !isDistinct || !(command.paymentSeconds > 0))
    return { code: 'validation_failed', events: [], reply: null };
  const { orderNumber, buyerId, shippingAddress, shippingMethod, paymentMethod } = command;
  return {
    code: 'created',
    events: [
      {
        type: 'OrderPlaced',
        orderNumber,
        buyerId,
        holds,
        shippingAddress,
        shippingMethod,
        paymentMethod,
        payByMs: at + command.paymentSeconds * 1000,
        atMs: at,
      },
    ],
    reply: orderView,
    pushes: pushUpdated,
  };
}

type HoldOfOrder = PlaceOrder['holds'][number];

function bySku(a: HoldOfOrder, b: HoldOfOrder): number {
  if (a.sku !== b.sku) return a.sku < b.sku ? -1 : 1;
  return a.holdId < b.holdId ? -1 : a.holdId > b.holdId ? 1 : 0;
}

/** The order number is minted by whoever forwards the request, and the time to pay is the sale's: neither tells buyers apart. */
function isSame(placed: Placed, command: PlaceOrder, holds: readonly HoldOfOrder[]): boolean {
  return (
    placed.buyerId === command.buyerId &&
    placed.shippingMethod === command.shippingMethod &&
    placed.paymentMethod === command.paymentMethod &&
    placed.holds.length === holds.length &&
    placed.holds.every(({ holdId, sku }, i) => holdId === holds[i]!.holdId && sku === holds[i]!.sku) &&
    isSameAddress(placed.shippingAddress, command.shippingAddress)
  );
}

function isSameAddress(a: Placed['shippingAddress'], b: Placed['shippingAddress']): boolean {
  const names = ['name', 'line1', 'line2', 'city', 'state', 'postalCode', 'country'] as const;
  return names.every((name) => a[name] === b[name]);
}

function cancel(state: OrderState, placed: Placed, buyerId: string | null, at: number): OrderDecision {
  if (!isSeenBy(placed, buyerId)) return { code: 'not_found', events: [], reply: null };
  switch (orderFlow[state.status].cancel) {
    case 'refuse':
      return { code: 'wrong_state', events: [], reply: null };
    case 'repeat':
      return { code: 'ok', events: [], reply: orderView };
    case 'undo':
      return {
        code: 'ok',
        events: [failed('cancelled', 'ok', at)],
        reply: orderView,
        pushes: pushUpdated,
      };
  }
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
