/**
 * Decisions about holds: a buyer places, reads and voids one; an order attaches, commits, releases or retakes it.
 *
 * 1. A repeat is recognised before anything else and answered with the hold as it is now.
 * 2. A hold whose deadline has come is over, whether or not the Tick has been here: nothing revives it.
 * 3. Once attached, only that order resolves it; once resolved, nothing but the order's own return changes it.
 */
import type { Code } from '../protocol/codes.ts';
import type {
  AttachHold,
  CommitHold,
  PlaceHold,
  ReadHold,
  ReleaseHold,
  RetakeHold,
  VoidHold,
} from '../protocol/commands.ts';
import type { Decision } from '../protocol/decider.ts';
import type { SkuEvent } from '../protocol/events.ts';
import { levelPushes } from './sku-level.ts';
import type { Allotment, Hold, SkuState } from './sku-state.ts';
import { freeOf, holdView, isOver } from './sku-state.ts';

export type SkuDecision = Decision<SkuState, SkuEvent>;

const noEvents: readonly SkuEvent[] = [];

export function refuse(code: Code, reply: object | null = null): SkuDecision {
  return { code, events: noEvents, reply };
}

function unchanged(state: SkuState, hold: Hold, code: Code, at: number): SkuDecision {
  return { code, events: noEvents, reply: holdView(state, hold, at) };
}

/** One event about a hold; `units` become free again in its sale. */
function resolve(state: SkuState, hold: Hold, event: SkuEvent, units: number, at: number): SkuDecision {
  return {
    code: 'ok',
    events: [event],
    reply: (after) => holdView(after, hold, at),
    pushes: levelPushes(state, hold.allotment, units),
  };
}

export function placeHold(state: SkuState, command: PlaceHold, at: number): SkuDecision {
  const { holdId, saleId, buyerId, quantity } = command;
  const known = state.holdById.get(holdId);
  if (known !== undefined) {
    const isSame =
      known.buyerId === buyerId && known.quantity === quantity && known.allotment.saleId === saleId;
    return isSame ? unchanged(state, known, 'ok', at) : refuse('exists_with_different');
  }
  if (!Number.isSafeInteger(quantity) || quantity < 1) return refuse('validation_failed');
  const allotment = state.allotmentBySale.get(saleId);
  if (allotment === undefined) return refuse('unknown_sku');
  if (command.admissionExpiresAtMs <= at) return refuse('admission_expired');
  const refusal = refusalOf(allotment, buyerId, quantity, 0);
  if (refusal !== null) return refusal;
  const expiresAtMs = at + allotment.holdSeconds * 1000;
  return {
    code: 'created',
    events: [
      {
        type: 'HoldPlaced',
        holdId,
        saleId,
        buyerId,
        ticketNumber: command.ticketNumber,
        quantity,
        expiresAtMs,
        atMs: at,
      },
    ],
    reply: {
      holdId,
      saleId,
      sku: state.sku,
      buyerId,
      quantity,
      unitPrice: allotment.price,
      state: 'held',
      expiresAtMs,
      title: state.title,
      sellerId: state.registration!.sellerId,
      productId: state.registration!.productId,
      orderId: null,
    },
    pushes: levelPushes(state, allotment, -quantity),
  };
}

/** The buyer's limit first, then the stock. `dying` units of this buyer are about to become free. */
function refusalOf(
  allotment: Allotment,
  buyerId: string,
  quantity: number,
  dying: number,
): SkuDecision | null {
  const owned = (allotment.unitsByBuyer.get(buyerId) ?? 0) - dying;
  if (owned + quantity > allotment.purchaseLimit)
    return refuse('purchase_limit', { limit: allotment.purchaseLimit, owned });
  const available = allotment.isOpen ? freeOf(allotment) + dying : 0;
  if (quantity <= available) return null;
  return refuse(available === 0 ? 'sold_out' : 'insufficient_stock', { available });
}

export function readHold(state: SkuState, command: ReadHold, at: number): SkuDecision {
  const hold = state.holdById.get(command.holdId);
  if (hold === undefined || (command.buyerId !== null && command.buyerId !== hold.buyerId))
    return refuse('not_found');
  return unchanged(state, hold, 'ok', at);
}

export function voidHold(state: SkuState, command: VoidHold, at: number): SkuDecision {
  const hold = state.holdById.get(command.holdId);
  if (hold === undefined || hold.buyerId !== command.buyerId) return refuse('not_found');
  if (hold.state === 'voided' || hold.state === 'expired') return unchanged(state, hold, 'ok', at);
  if (hold.state === 'committed') return refuse('wrong_state');
  if (isOver(hold, at)) return resolve(state, hold, ending('HoldExpired', hold, at), hold.quantity, at);
  if (hold.state === 'committing') return refuse('hold_in_use');
  return resolve(state, hold, ending('HoldVoided', hold, at), hold.quantity, at);
}

export function ending(type: 'HoldVoided' | 'HoldExpired', hold: Hold, at: number): SkuEvent {
  return { type, holdId: hold.holdId, quantity: hold.quantity, atMs: at };
}

export function attachHold(state: SkuState, command: AttachHold, at: number): SkuDecision {
  const { holdId, orderId, untilMs } = command;
  const hold = state.holdById.get(holdId);
  if (hold === undefined || hold.buyerId !== command.buyerId) return refuse('not_found');
  if (hold.state === 'voided' || hold.state === 'expired' || isOver(hold, at)) return refuse('hold_expired');
  if (hold.state !== 'held')
    return hold.orderId === orderId ? unchanged(state, hold, 'ok', at) : refuse('hold_in_use');
  // An order that is too late already would only take the hold to its grave.
  if (untilMs <= at) return refuse('hold_expired');
  return resolve(
    state,
    hold,
    { type: 'HoldAttached', holdId, orderId, expiresAtMs: untilMs, atMs: at },
    0,
    at,
  );
}

export function commitHold(state: SkuState, command: CommitHold, at: number): SkuDecision {
  const hold = state.holdById.get(command.holdId);
  if (hold === undefined) return refuse('not_found');
  if (hold.state === 'voided' || hold.state === 'expired' || isOver(hold, at)) return refuse('hold_expired');
  // Never attached: there is nothing of this order to commit.
  if (hold.state === 'held') return refuse('not_found');
  if (hold.orderId !== command.orderId) return refuse('hold_in_use');
  if (hold.state === 'committed') return unchanged(state, hold, 'ok', at);
  const event: SkuEvent = {
    type: 'HoldCommitted',
    holdId: hold.holdId,
    quantity: hold.quantity,
    atMs: at,
  };
  return resolve(state, hold, event, 0, at);
}

export function releaseHold(state: SkuState, command: ReleaseHold, at: number): SkuDecision {
  const hold = state.holdById.get(command.holdId);
  if (hold === undefined || hold.orderId !== command.orderId) return refuse('ok');
  if (hold.state === 'committing')
    return resolve(state, hold, ending('HoldVoided', hold, at), hold.quantity, at);
  if (hold.state !== 'committed') return unchanged(state, hold, 'ok', at);
  const event: SkuEvent = {
    type: 'UnitsReturned',
    holdId: hold.holdId,
    quantity: hold.quantity,
    atMs: at,
  };
  return resolve(state, hold, event, hold.quantity, at);
}

export function retakeHold(state: SkuState, command: RetakeHold, at: number): SkuDecision {
  const { holdId, orderId, untilMs } = command;
  const old = state.holdById.get(command.replaces);
  const known = state.holdById.get(holdId);
  if (known !== undefined) {
    const isSame =
      known.orderId === orderId &&
      (old === undefined ||
        (old !== known &&
          old.buyerId === known.buyerId &&
          old.quantity === known.quantity &&
          old.allotment === known.allotment));
    return isSame ? unchanged(state, known, 'ok', at) : refuse('exists_with_different');
  }
  if (old === undefined || old.orderId !== orderId) return refuse('not_found');
  const isDying = isOver(old, at);
  // Only a dead hold is replaced: a live or committed one still has its units.
  if (!isDying && old.state !== 'expired' && old.state !== 'voided') return refuse('not_found');
  if (untilMs <= at) return refuse('hold_expired');
  const { allotment, buyerId, quantity, ticketNumber } = old;
  const dying = isDying ? quantity : 0;
  const refusal = refusalOf(allotment, buyerId, quantity, dying);
  if (refusal !== null) return refusal;
  const placed: SkuEvent = {
    type: 'HoldPlaced',
    holdId,
    saleId: allotment.saleId,
    buyerId,
    ticketNumber,
    quantity,
    expiresAtMs: untilMs,
    atMs: at,
    orderId,
  };
  return {
    code: 'created',
    events: isDying ? [ending('HoldExpired', old, at), placed] : [placed],
    reply: (after) => holdView(after, after.holdById.get(holdId)!, at),
    pushes: levelPushes(state, allotment, dying - quantity),
  };
}
