/**
 * The live view of one sale on one gateway: who watches, what was last shown to everybody, and to each.
 *
 * 1. What everybody sees is one broadcast: on change, and again once `repeatMs` have passed without one.
 * 2. A client computes its place from the last ticket it got: `usersAhead - (nowServing now - nowServing then)`,
 *    never below 0. A ticket is sent only when the exact one differs from that: when people ahead left, mostly.
 * 3. Exact places are read in batches, the more rarely the further back, one batch at a time.
 */

import type { Phase, ServingView, TicketView } from '../../actors/sale/commands.ts';
import type { LiveSocket } from '../../gateway/live/socket.ts';

const repeatMs = 4_000;
/** So many frames may follow in one turn of the event loop. */
const batchMax = 200;
/** How often an exact place is read, by the people ahead. */
const cadences: readonly (readonly [usersAheadMax: number, everyMs: number])[] = [
  [100, 1_000],
  [1_000, 5_000],
  [10_000, 10_000],
  [Number.POSITIVE_INFINITY, 30_000],
];
/** For buyers who do not wait: a push about them may have been lost, or they joined elsewhere. */
const settledMs = 30_000;
const ticketlessMs = 10_000;

type Shown = Pick<
  TicketView,
  'ticketId' | 'status' | 'outlook' | 'waitReason' | 'usersAhead' | 'nowServing'
> & {
  /** When the admission ends, 0 without one. */
  readonly admittedUntilMs: number;
};

/** One buyer who watches the sale, on however many sockets. */
interface Watch {
  readonly view: LiveView;
  readonly accountId: string;
  readonly sockets: LiveSocket[];
  /** What the client computes from. */
  shown: Shown | null;
  dueAtMs: number;
}

export interface LiveView {
  readonly saleId: string;
  phase: Phase;
  serving: ServingView;
  broadcastAtMs: number;
  readonly watchByAccount: Map<string, Watch>;
  isReading: boolean;
}

export function createView(phase: Phase, serving: ServingView, nowMs: number): LiveView {
  return {
    saleId: serving.saleId,
    phase,
    serving,
    broadcastAtMs: nowMs,
    watchByAccount: new Map(),
    isReading: false,
  };
}

export function addWatcher(view: LiveView, accountId: string, socket: LiveSocket, nowMs: number): Watch {
  let watch = view.watchByAccount.get(accountId);
  if (!watch) {
    watch = { view, accountId, sockets: [], shown: null, dueAtMs: nowMs + ticketlessMs };
    view.watchByAccount.set(accountId, watch);
  }
  if (!watch.sockets.includes(socket)) watch.sockets.push(socket);
  return watch;
}

export function removeWatcher(watch: Watch, socket: LiveSocket): void {
  const at = watch.sockets.indexOf(socket);
  if (at >= 0) watch.sockets.splice(at, 1);
  if (watch.sockets.length === 0) watch.view.watchByAccount.delete(watch.accountId);
}

/** Takes in what the sale says; whether it is news for the watchers. */
export function seeServing(view: LiveView, serving: ServingView): boolean {
  const before = view.serving;
  if (serving.asOfMs < before.asOfMs) return false;
  view.serving = serving;
  return (
    serving.nowServing !== before.nowServing ||
    serving.queueLength !== before.queueLength ||
    serving.releasedPerSecond !== before.releasedPerSecond ||
    serving.outlook !== before.outlook ||
    serving.waitReason !== before.waitReason ||
    serving.left !== before.left ||
    serving.onHold !== before.onHold
  );
}

export function isRepeatDue(view: LiveView, nowMs: number): boolean {
  return nowMs - view.broadcastAtMs >= repeatMs;
}

/** Buyers whose exact place is due. Their next due time is set now, so that a failed batch is not asked at once again. */
export function takeDue(view: LiveView, nowMs: number): string[] {
  const due: string[] = [];
  for (const watch of view.watchByAccount.values()) {
    if (watch.dueAtMs > nowMs) continue;
    watch.dueAtMs = nowMs + cadence(watch.shown);
    if (due.push(watch.accountId) === batchMax) break;
  }
  return due;
}

/** Remembers what a client now knows, having been sent it or having computed the same. */
export function markShown(watch: Watch, ticket: TicketView, nowMs: number): void {
  watch.shown = shownOf(ticket);
  watch.dueAtMs = nowMs + cadence(watch.shown);
}

function shownOf(ticket: TicketView): Shown {
  const { ticketId, status, outlook, waitReason, usersAhead, nowServing, admission } = ticket;
  const admittedUntilMs = admission?.expiresAtMs ?? 0;
  return { ticketId, status, outlook, waitReason, usersAhead, nowServing, admittedUntilMs };
}

/** Whether the client would compute something else than this exact ticket from what it was shown: invariant 2. */
export function isNews(watch: Watch, ticket: TicketView): boolean {
  const { shown } = watch;
  if (shown === null || shown.ticketId !== ticket.ticketId || shown.status !== ticket.status) return true;
  if (ticket.waitReason !== shown.waitReason) return true;
  if (ticket.status !== 'waiting') return (ticket.admission?.expiresAtMs ?? 0) !== shown.admittedUntilMs;
  const computed = Math.max(0, shown.usersAhead - (ticket.nowServing - shown.nowServing));
  return ticket.usersAhead !== computed || ticket.outlook !== shown.outlook;
}

/** When a phase begins everybody's status may be another one: read all again, spread over their cadence. */
export function readAllSoon(view: LiveView, nowMs: number): void {
  for (const watch of view.watchByAccount.values()) {
    const everyMs = Math.min(cadence(watch.shown), ticketlessMs);
    watch.dueAtMs = Math.min(watch.dueAtMs, nowMs + Math.random() * everyMs);
  }
}

function cadence(shown: Watch['shown']): number {
  if (shown === null) return ticketlessMs;
  if (shown.status !== 'waiting' && shown.status !== 'prequeued') return settledMs;
  return cadences.find(([usersAheadMax]) => shown.usersAhead <= usersAheadMax)![1];
}
