/**
 * What the page knows of a drop, and how it changes by what the API answers and what the live connection says: one
 * reducer, pure. Fields that an older server leaves out are null here; states that it does not know yet stay texts.
 *
 * Answers and frames come in any order, because they travel separately: what is older never takes the place of what is
 * newer. `asOf` and `version` say which is, or the state (nobody stands in line again with a number that came up, no
 * hold that has ended lives again), or when it was heard or asked for, by this tab's monotonic clock.
 */
import type { Order } from '../../../market/orders/schemas.ts';
import type { Sale as WireSale } from '../../../market/sales/schemas.ts';
import type { Hold as WireHold, Ticket as WireTicket } from '../../../market/waiting-room/schemas.ts';

type Item = WireSale['items'][number] & {
  readonly title?: string | null;
  readonly imageUrl?: string | null;
  readonly left?: number | null;
  readonly onHold?: number | null;
};
export type Sale = Omit<WireSale, 'items'> & {
  readonly items: readonly Item[];
  readonly seedCommitment?: string;
};
export type Hold = WireHold;
export type { Item, Order };

type WaitReason = 'release_rate' | 'units_on_hold' | 'paused' | null;

export type Ticket = Omit<WireTicket, 'status'> & {
  readonly status: string;
  readonly waitReason?: WaitReason | undefined;
};

export interface Serving {
  readonly nowServing: number;
  readonly queueLength: number;
  readonly releasedPerSecond: number;
  readonly outlook: WireTicket['outlook'];
  readonly waitReason?: WaitReason | undefined;
  readonly left?: number;
  readonly onHold?: number;
  readonly asOf: string;
}

export type Notice =
  | { readonly kind: 'declined'; readonly declineCode: string | null; readonly isCard: boolean }
  | { readonly kind: 'ranOut' }
  | { readonly kind: 'taken' }
  | { readonly kind: 'few'; readonly available: number }
  | { readonly kind: 'limit'; readonly limit: number }
  | { readonly kind: 'holdsPaused' }
  | { readonly kind: 'trouble'; readonly error: unknown };

export interface DropState {
  readonly sale: Sale | null;
  /** When the read of it began. */
  readonly saleReadMs: number;
  readonly phase: string | null;
  readonly phaseHeardMs: number;
  /** Whether it is known if this person has a place. */
  readonly isPlaceKnown: boolean;
  readonly ticket: Ticket | null;
  readonly serving: Serving | null;
  readonly servingHeardMs: number;
  /** Those that live. */
  readonly holds: readonly Hold[];
  /** The ids of those that ended last. */
  readonly overHolds: readonly string[];
  /** The last one of this drop, unless it failed. */
  readonly order: Order | null;
  /** The last one that failed. */
  readonly failedOrder: Pick<Order, 'orderId' | 'version'> | null;
  /** A checkout was sent and has not been answered. */
  readonly isPaying: boolean;
  /** When units were asked for in vain: nothing is left until something comes back. null: they were not. */
  readonly noneLeftMs: number | null;
  readonly notice: Notice | null;
}

const never = Number.NEGATIVE_INFINITY;

export const unknownDrop: DropState = {
  ...{ sale: null, saleReadMs: never, phase: null, phaseHeardMs: never, isPlaceKnown: false },
  ...{ ticket: null, serving: null, servingHeardMs: never, holds: [], overHolds: [] },
  ...{ order: null, failedOrder: null, isPaying: false, noneLeftMs: null, notice: null },
};

export type News =
  | { readonly type: 'sale'; readonly sale: Sale; readonly readSinceMs: number }
  | { readonly type: 'phase'; readonly phase: string; readonly atMs: number }
  | { readonly type: 'serving'; readonly serving: Serving; readonly atMs: number }
  | { readonly type: 'ticket'; readonly ticket: Ticket | null }
  | { readonly type: 'granted'; readonly ticketId: string; readonly admission: Ticket['admission'] }
  | { readonly type: 'passed'; readonly ticketId: string }
  | { readonly type: 'hold'; readonly hold: Hold }
  /** The server knows none of this id, so far. */
  | { readonly type: 'holdUnknown'; readonly holdId: string }
  | { readonly type: 'holdOver'; readonly holdId: string }
  | { readonly type: 'order'; readonly order: Order }
  | { readonly type: 'paying'; readonly isPaying: boolean }
  | { readonly type: 'stock'; readonly hasUnits: boolean }
  | { readonly type: 'noneLeft'; readonly atMs: number }
  | { readonly type: 'notice'; readonly notice: Notice | null }
  /** Another account. */
  | { readonly type: 'stranger' };

/** For how long what was heard counts more than what was read: the read may come from a cache. */
const readLagMs = 2_000;
const overHoldsMax = 100;

export function reduce(state: DropState, news: News): DropState {
  switch (news.type) {
    case 'sale':
      return withSale(state, news.sale, news.readSinceMs);
    case 'phase':
      return news.atMs < state.phaseHeardMs
        ? state
        : { ...state, phase: news.phase, phaseHeardMs: news.atMs };
    case 'serving':
      return isOlder(news.serving, state.serving)
        ? state
        : { ...state, serving: news.serving, servingHeardMs: news.atMs };
    case 'ticket':
      return withTicket(state, news.ticket);
    case 'granted':
      return state.ticket?.ticketId === news.ticketId && isLive(state.ticket)
        ? { ...state, ticket: admitted(state.ticket, news.admission) }
        : state;
    case 'passed':
      return state.ticket?.ticketId === news.ticketId && isLive(state.ticket)
        ? { ...state, ticket: { ...state.ticket, status: 'expired', admission: null } }
        : state;
    case 'hold':
      return withHold(state, news.hold);
    case 'holdUnknown':
      return { ...state, holds: without(state.holds, news.holdId) };
    case 'holdOver':
      return over(state, [news.holdId]);
    case 'order':
      return withOrder(state, news.order);
    case 'paying':
      return { ...state, isPaying: news.isPaying, notice: news.isPaying ? null : state.notice };
    case 'stock':
      return news.hasUnits ? { ...state, noneLeftMs: null } : state;
    case 'noneLeft':
      return { ...state, noneLeftMs: news.atMs, notice: { kind: 'taken' } };
    case 'notice':
      return { ...state, notice: news.notice };
    case 'stranger': {
      const { sale, saleReadMs, phase, phaseHeardMs } = state;
      return { ...unknownDrop, sale, saleReadMs, phase, phaseHeardMs };
    }
  }
}

function withSale(state: DropState, sale: Sale, readSinceMs: number): DropState {
  if (readSinceMs < state.saleReadMs) return state;
  const isNewerThan = (heardMs: number) => readSinceMs - readLagMs > heardMs;
  const hasUnits = sale.items.some(({ left }) => (left ?? 0) > 0);
  const isFound = state.noneLeftMs !== null && hasUnits && isNewerThan(state.noneLeftMs);
  const { serving } = state;
  return {
    ...state,
    sale,
    saleReadMs: readSinceMs,
    phase: isNewerThan(state.phaseHeardMs) ? sale.phase : state.phase,
    noneLeftMs: isFound ? null : state.noneLeftMs,
    serving: serving && isNewerThan(state.servingHeardMs) ? { ...serving, ...figuresOf(sale) } : serving,
  };
}

/** What a sale says of its stock: newer than the last broadcast of a lost connection. */
function figuresOf(sale: Sale): Partial<Serving> {
  const left = sumOf(sale.items.map((item) => item.left));
  const onHold = sumOf(sale.items.map((item) => item.onHold));
  return left === null || onHold === null ? {} : { left, onHold };
}

function sumOf(figures: readonly (number | null | undefined)[]): number | null {
  return figures.some((figure) => figure == null)
    ? null
    : figures.reduce<number>((total, one) => total + one!, 0);
}

function isOlder(one: { readonly asOf: string }, than: { readonly asOf: string } | null): boolean {
  return than !== null && Date.parse(one.asOf) < Date.parse(than.asOf);
}

/** A ticket goes through them in this order. */
const rankByStatus: Readonly<Record<string, number>> = {
  ...{ prequeued: 0, waiting: 0, admitted: 1, completed: 2, expired: 2, left: 2 },
};
/** Whoever has one stands in line or is inside. */
export const isLive = ({ status }: Ticket) => (rankByStatus[status] ?? 2) < 2;

/** Of two admissions the one that ends later is the newer one: a turn is made longer, never shorter. */
function admitted(ticket: Ticket, admission: Ticket['admission']): Ticket {
  const before = ticket.admission;
  const isOld =
    before !== null && admission !== null && Date.parse(admission.expiresAt) < Date.parse(before.expiresAt);
  return { ...ticket, status: 'admitted', admission: isOld ? before : admission };
}

function withTicket(state: DropState, ticket: Ticket | null): DropState {
  const before = state.ticket;
  if (ticket === null || before === null || before.ticketId !== ticket.ticketId) {
    // Whoever joined again elsewhere has another ticket; one that is over does not take the place of one that lives.
    if (
      ticket !== null &&
      before !== null &&
      (isOlder(ticket, before) || (isLive(before) && !isLive(ticket)))
    )
      return state;
    const isOther = before !== null && before.ticketId !== ticket?.ticketId;
    const kept = isOther ? { ...state, holds: [], order: null, notice: null, noneLeftMs: null } : state;
    return { ...kept, ticket, isPlaceKnown: true };
  }
  const isBehind = (rankByStatus[ticket.status] ?? 2) < (rankByStatus[before.status] ?? 0);
  if (isOlder(ticket, before) || isBehind) return state;
  const isSame = ticket.status === 'admitted' && before.status === 'admitted';
  const { admission } = isSame ? admitted(before, ticket.admission) : ticket;
  return { ...state, ticket: { ...ticket, admission }, isPlaceKnown: true };
}

const without = (holds: readonly Hold[], id: string) => holds.filter(({ holdId }) => holdId !== id);

function over(state: DropState, ids: readonly string[]): DropState {
  const overHolds = [...new Set([...state.overHolds, ...ids])].slice(-overHoldsMax);
  return { ...state, overHolds, holds: state.holds.filter(({ holdId }) => !ids.includes(holdId)) };
}

function withHold(state: DropState, hold: Hold): DropState {
  const before = state.holds.find(({ holdId }) => holdId === hold.holdId);
  const isKnown = before !== undefined;
  if (hold.state === 'held' || hold.state === 'committing') {
    // An order that takes a hold makes its time longer.
    const isLate =
      isKnown &&
      ((before.state === 'committing' && hold.state === 'held') ||
        Date.parse(hold.expiresAt) < Date.parse(before.expiresAt));
    if (isLate || state.overHolds.includes(hold.holdId)) return state;
    // In its place: what is shown does not change its order.
    const holds = isKnown
      ? state.holds.map((each) => (each.holdId === hold.holdId ? hold : each))
      : [...state.holds, hold];
    return { ...state, holds, noneLeftMs: null, notice: isKnown ? state.notice : null };
  }
  const ranOut = hold.state === 'expired' && isKnown && !state.isPaying;
  return { ...over(state, [hold.holdId]), notice: ranOut ? { kind: 'ranOut' } : state.notice };
}

const restless = ['pending', 'authorizing', 'committing'];
export const isRestless = ({ status }: Order) => restless.includes(status);

function withOrder(state: DropState, order: Order): DropState {
  const { failedOrder } = state;
  const isSame = state.order?.orderId === order.orderId;
  const isOld =
    (isSame && order.version < state.order!.version) ||
    (failedOrder?.orderId === order.orderId && order.version <= failedOrder.version) ||
    (!isSame && state.order !== null && Date.parse(order.createdAt) < Date.parse(state.order.createdAt));
  if (isOld) return state;
  const taken = order.lines.map(({ holdId }) => holdId);
  const isOurs = isSame || state.holds.some(({ holdId }) => taken.includes(holdId));
  if (order.status === 'payment_failed' || order.status === 'expired') {
    // One that failed long ago is no news.
    if (!isOurs) return state;
    return {
      ...over(state, taken),
      order: null,
      failedOrder: order,
      isPaying: false,
      notice: failureNotice(order.failure?.code ?? null, order.failure?.declineCode ?? null),
    };
  }
  if (order.status === 'cancelled' && !isOurs) return state;
  const next = { ...state, order, isPaying: false, notice: null };
  return isRestless(order) ? next : { ...over(next, taken), holds: [] };
}

export function failureNotice(code: string | null, declineCode: string | null): Notice {
  if (code === 'hold_expired') return { kind: 'ranOut' };
  if (code === 'sold_out' || code === 'insufficient_stock') return { kind: 'taken' };
  return { kind: 'declined', declineCode, isCard: code === 'payment_declined' };
}

// ---------------------------------------------------------------- what is shown

export type Screen =
  | 'loading'
  | 'before'
  | 'place'
  | 'turn'
  | 'held'
  | 'paying'
  | 'receipt'
  | 'bought'
  | 'soldOut'
  | 'passed'
  | 'left'
  | 'ended'
  | 'unknown';

export function screenOf(state: DropState): Screen {
  const { sale, phase, ticket, order, holds } = state;
  if (sale === null || phase === null || !state.isPlaceKnown) return 'loading';
  if (state.isPaying || (order !== null && isRestless(order))) return 'paying';
  if (order !== null) return 'receipt';
  if (holds.some((hold) => hold.state === 'held')) return 'held';
  if (holds.length > 0) return 'paying';
  if (ticket === null) return withoutTicket(phase);
  switch (ticket.status) {
    case 'waiting':
    case 'prequeued':
      return phase === 'ended' ? 'ended' : phase === 'sold_out' ? 'soldOut' : 'place';
    case 'admitted':
      return phase === 'ended'
        ? 'ended'
        : phase === 'sold_out' || state.noneLeftMs !== null
          ? 'soldOut'
          : 'turn';
    case 'completed':
      return 'bought';
    case 'expired':
      return phase === 'ended' && state.notice === null ? 'ended' : 'passed';
    case 'left':
      return 'left';
    default:
      return 'unknown';
  }
}

function withoutTicket(phase: string): Screen {
  if (phase === 'ended') return 'ended';
  return phase === 'sold_out' ? 'soldOut' : 'before';
}

/** People before this one now: the queue has moved since the ticket was counted. Never below 0. */
export function aheadOf({ ticket, serving }: DropState): number {
  if (ticket === null) return 0;
  const moved = serving === null || isOlder(serving, ticket) ? 0 : serving.nowServing - ticket.nowServing;
  return Math.max(0, ticket.usersAhead - Math.max(0, moved));
}

/** Seconds until this one's turn; null: not known. */
export function waitOf(state: DropState, ahead: number): number | null {
  const { ticket, serving, phase } = state;
  if (ticket === null || phase === 'paused') return null;
  // Time alone brings nothing then.
  if (waitReasonOf(state) === 'units_on_hold') return null;
  const rate = serving?.releasedPerSecond ?? 0;
  if (phase === 'active' && rate > 0) return Math.ceil((ahead + 1) / rate);
  return ticket.waitTimeKnown ? ticket.waitTimeSeconds : null;
}

export function waitReasonOf({ phase, ticket, serving }: DropState): WaitReason {
  if (phase === 'paused') return 'paused';
  if (ticket === null) return null;
  const newest = serving !== null && !isOlder(serving, ticket) ? serving : ticket;
  return newest.waitReason ?? null;
}

export interface Stock {
  readonly quantity: number;
  /** null: the server does not say. */
  readonly left: number | null;
  readonly onHold: number | null;
}

/** Of all items together. */
export function stockOf({ sale, serving }: DropState): Stock {
  const items = sale?.items ?? [];
  return {
    quantity: items.reduce((total, item) => total + item.quantity, 0),
    left: serving?.left ?? sumOf(items.map(({ left }) => left)),
    onHold: serving?.onHold ?? sumOf(items.map(({ onHold }) => onHold)),
  };
}
