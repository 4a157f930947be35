/** What a sale shows: itself, its numbers, one buyer's place. Estimates only: no decision reads them. */

import type { Instant, Push } from '../../protocol/decider.ts';
import { digestOf } from '../../protocol/digest.ts';
import { admissionEndsAtMs } from './admissions.ts';
import type {
  CurrentSaleView,
  ItemFigures,
  Outlook,
  SaleStatusView,
  ServingView,
  TicketStatus,
  TicketView,
  WaitReason,
} from './commands.ts';
import { stockOf } from './facts.ts';
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

/**
 * The chance of whoever has `ahead` people in front, counting those admitted now. `likely`: there is a unit for each
 * of them; `uncertain`: only if a third of them does not buy.
 */
function outlookFor(state: SaleState, ahead: number, { available, held }: Units): Outlook {
  if (state.phase === 'sold_out' || state.phase === 'ended') return 'sold_out';
  const units = available + held;
  if (units === 0 && state.pendingItems === 0) return 'sold_out';
  const takers = ahead + state.active.size;
  if (takers < units) return 'likely';
  return takers < units * 1.5 ? 'uncertain' : 'unlikely';
}

/** What one item has left. After the end nothing is for sale, whatever was not sold. */
function figuresOf(state: SaleState, item: ItemState): ItemFigures {
  const isOver = state.phase === 'ended';
  const left = item.allocation === 'pending' ? item.quantity : item.available;
  const outlook = outlookFor(state, state.tickets.waitingCount, { available: left, held: item.held });
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
    outlook: outlookFor(state, state.tickets.waitingCount, units),
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
  const usersAhead = isWaiting ? tickets.waitingBefore(number) : 0;
  const wait = waitTime(state, isWaiting, usersAhead, atMs);
  const units = unitsInPlay(state);
  const isPrequeue =
    state.phase === 'prequeue' || (state.phase === 'paused' && state.pausedFrom === 'prequeue');
  return {
    ticketId: tickets.ticketId(number),
    saleId: state.saleId,
    buyerId: tickets.buyerId(number),
    status: isWaiting && isPrequeue ? 'prequeued' : statusNames[tickets.status(number)]!,
    ticketNumber: number,
    nowServing: state.nowServing,
    usersAhead,
    queueLength: tickets.waitingCount,
    ...wait,
    outlook: outlookFor(state, usersAhead, units),
    waitReason: isWaiting ? waitReasonOf(state, units) : null,
    admission: admissionView(state, number),
    pollAfterSeconds: pollAfter(state, wait.waitTimeSeconds),
    asOfMs: atMs,
  };
}

/** A fifth of the wait; never so long that whoever polls could sleep through the time to claim an admission. */
function pollAfter(state: SaleState, waitTimeSeconds: number): number {
  const longest = Math.min(pollSecondsMax, state.queueing.claimSeconds / 4);
  return Math.max(1, Math.floor(Math.min(longest, waitTimeSeconds / 5)));
}

function admissionView(state: SaleState, number: number): TicketView['admission'] {
  const admission = state.active.get(number);
  return admission ? { expiresAtMs: admissionEndsAtMs(admission), isClaimed: admission.isClaimed } : null;
}

/**
 * Seconds until this ticket's turn: people ahead over the measured rate of release, or over the rate that was set
 * while nothing has been measured. Not known while the queue does not move for another reason than time.
 */
function waitTime(
  state: SaleState,
  isWaiting: boolean,
  usersAhead: number,
  atMs: number,
): { waitTimeSeconds: number; waitTimeKnown: boolean } {
  if (!isWaiting) return { waitTimeSeconds: 0, waitTimeKnown: true };
  const untilStart = state.phase === 'prequeue' ? Math.max(0, state.terms!.startsAtMs - atMs) / 1000 : 0;
  const measured = state.phase === 'active' ? (state.releases.perSecond(atMs) ?? 0) : 0;
  const rate = measured > 0 ? measured : state.queueing.releasePerSecond;
  const isMoving =
    state.phase === 'prequeue' || (state.phase === 'active' && (measured > 0 || state.released === 0));
  return { waitTimeSeconds: Math.ceil(untilStart + (usersAhead + 1) / rate), waitTimeKnown: isMoving };
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
