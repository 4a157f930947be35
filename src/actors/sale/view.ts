/** What a sale shows: itself, its numbers, one buyer's place. Estimates only: no decision reads them. */

import type { Instant, Push } from '../../protocol/decider.ts';
import { digestOf } from '../../protocol/digest.ts';
import { admissionEndsAtMs } from './admissions.ts';
import type {
  CurrentSaleView,
  ItemFigures,
  LineView,
  SaleStatusView,
  ServingView,
  TicketStatus,
  TicketView,
  WaitReason,
} from './commands.ts';
import { stockOf } from './facts.ts';
import { type Line, noPlaceIn, outlookFor, placeIn, type Takers } from './line.ts';
import { pendingMessages } from './pending.ts';
import type { ItemState, SaleState } from './state.ts';
import { ticketStatus } from './ticket-table.ts';

const pollSecondsMax = 30;

/** Of all that saleView shows and that is not fixed for ever. */
export function shownVersion(state: SaleState): string {
  const { phase, queueing, isHoldingPaused } = state;
  return digestOf([phase, queueing, isHoldingPaused, stockOf(state)]);
}

export function saleView(state: SaleState, atMs: number): CurrentSaleView {
  const terms = state.terms!;
  return {
    saleId: state.saleId,
    sellerId: terms.sellerId,
    title: terms.title,
    phase: state.phase,
    items: terms.items,
    ...stockOf(state),
    prequeueAtMs: terms.prequeueAtMs,
    startsAtMs: terms.startsAtMs,
    endsAtMs: terms.endsAtMs,
    queueing: state.queueing,
    holdSeconds: terms.holdSeconds,
    paymentSeconds: terms.paymentSeconds,
    createdAtMs: terms.createdAtMs,
    version: shownVersion(state),
    isSettled: pendingMessages(state).length === 0,
    figures: [...state.items.values()].map((item) => figuresOf(state, item)),
    serving: servingView(state, atMs),
  };
}

export function saleStatusView(state: SaleState, atMs: number): SaleStatusView {
  const items = [...state.items.values()];
  return {
    saleId: state.saleId,
    phase: state.phase,
    queueLength: state.tickets.waitingCount,
    activeAdmissions: state.active.size,
    joined: state.tickets.count,
    released: state.released,
    completed: state.completed,
    expired: state.expired,
    left: state.left,
    inflowPerSecond: state.joins.perSecond(atMs) ?? 0,
    outflowPerSecond: state.releases.perSecond(atMs) ?? 0,
    items: items.map(({ sku, quantity, available, held, sold }) => ({
      sku,
      quantity,
      available,
      held,
      sold,
    })),
    oversold: oversoldUnits(state),
  };
}

/** Units held or sold beyond what was set aside: 0, or there is a bug. */
export function oversoldUnits(state: SaleState): number {
  let units = 0;
  for (const item of state.items.values()) units += Math.max(0, item.held + item.sold - item.quantity);
  return units;
}

interface Units {
  available: number;
  held: number;
}

/** Units that could still be sold: free, or held by somebody who may not pay. */
export function unitsInPlay(state: SaleState): Units {
  let available = 0;
  let held = 0;
  for (const item of state.items.values()) {
    available += item.available;
    held += item.held;
  }
  return { available, held };
}

function takersOf(state: SaleState, { available, held }: Units): Takers {
  const units = available + held;
  const { phase, active, pendingItems } = state;
  const isOver = phase === 'sold_out' || phase === 'ended' || (units === 0 && pendingItems === 0);
  return { isOver, admitted: active.size, units };
}

/** What one item has left. After the end nothing is for sale, whatever was not sold. */
function figuresOf(state: SaleState, item: ItemState): ItemFigures {
  const isOver = state.phase === 'ended';
  const left = item.allocation === 'pending' ? item.quantity : item.available;
  const takers = takersOf(state, { available: left, held: item.held });
  const outlook = outlookFor(takers, state.tickets.waitingCount);
  return { sku: item.sku, left: isOver ? 0 : left, onHold: isOver ? 0 : item.held, outlook };
}

/** null where nobody waits in a line that moves: before the start, sold out, ended. */
function waitReasonOf({ phase }: SaleState, { available, held }: Units): WaitReason | null {
  if (phase === 'paused') return 'paused';
  if (phase !== 'active') return null;
  return available === 0 && held > 0 ? 'units_on_hold' : 'release_rate';
}

export function servingView(state: SaleState, atMs: number): ServingView {
  const units = unitsInPlay(state);
  const isOver = state.phase === 'ended';
  return {
    saleId: state.saleId,
    nowServing: state.nowServing,
    queueLength: state.tickets.waitingCount,
    releasedPerSecond: state.releases.perSecond(atMs) ?? 0,
    outlook: outlookFor(takersOf(state, units), state.tickets.waitingCount),
    waitReason: waitReasonOf(state, units),
    left: isOver ? 0 : units.available,
    onHold: isOver ? 0 : units.held,
    asOfMs: atMs,
  };
}

const statusNames: Readonly<Record<number, TicketStatus>> = {
  [ticketStatus.waiting]: 'waiting',
  [ticketStatus.admitted]: 'admitted',
  [ticketStatus.completed]: 'completed',
  [ticketStatus.expired]: 'expired',
  [ticketStatus.left]: 'left',
};

export function ticketView(state: SaleState, number: number, atMs: number): TicketView {
  const { tickets } = state;
  const isWaiting = tickets.status(number) === ticketStatus.waiting;
  const { saleId, nowServing, status, waitReason, line } = lineView(state, atMs);
  return {
    ticketId: tickets.ticketId(number),
    saleId,
    buyerId: tickets.buyerId(number),
    status: isWaiting ? status : statusNames[tickets.status(number)]!,
    ticketNumber: number,
    nowServing,
    queueLength: tickets.waitingCount,
    ...(isWaiting ? placeIn(line, tickets.waitingBefore(number)) : noPlaceIn(line)),
    waitReason: isWaiting ? waitReason : null,
    admission: admissionView(state, number),
    asOfMs: atMs,
  };
}

/** What all have in common who wait. */
export function lineView(state: SaleState, atMs: number): LineView {
  const units = unitsInPlay(state);
  const { saleId, nowServing } = state;
  const isPrequeue =
    state.phase === 'prequeue' || (state.phase === 'paused' && state.pausedFrom === 'prequeue');
  return {
    ...{ saleId, nowServing, status: isPrequeue ? 'prequeued' : 'waiting' },
    waitReason: waitReasonOf(state, units),
    line: { ...takersOf(state, units), ...paceOf(state, atMs) },
    asOfMs: atMs,
  };
}

function admissionView(state: SaleState, number: number): TicketView['admission'] {
  const admission = state.active.get(number);
  return admission ? { expiresAtMs: admissionEndsAtMs(admission), isClaimed: admission.isClaimed } : null;
}

/**
 * How fast the line moves: as was measured, or as was set while nothing has been measured. A wait is not known while the
 * line does not move for another reason than time.
 */
function paceOf(state: SaleState, atMs: number): Omit<Line, keyof Takers> {
  const { phase, queueing } = state;
  const measured = phase === 'active' ? (state.releases.perSecond(atMs) ?? 0) : 0;
  return {
    startsInSeconds: phase === 'prequeue' ? Math.max(0, state.terms!.startsAtMs - atMs) / 1000 : 0,
    perSecond: measured > 0 ? measured : queueing.releasePerSecond,
    isMoving: phase === 'prequeue' || (phase === 'active' && (measured > 0 || state.released === 0)),
    pollSecondsMax: Math.min(pollSecondsMax, queueing.claimSeconds / 4),
  };
}

/**
 * Shown to everybody in the sale when the phase is another one than before, with what follows from it for those in line:
 * a sale that is paused or sold out may not tick again for long.
 */
export function phasePushes(after: SaleState, phaseBefore: SaleState['phase'], at: Instant): Push[] {
  if (after.phase === phaseBefore) return [];
  const topic = `sale/${after.saleId}`;
  return [
    { topic, type: 'sale.phase', body: { saleId: after.saleId, phase: after.phase } },
    { topic, type: 'queue.serving', body: servingView(after, at) },
  ];
}
