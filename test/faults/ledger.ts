/**
 * The outside client's own ledger: what the server has acknowledged, and how every attempt went.
 *
 * 1. An acknowledgement is entered before its buyer acts on it, and its content never changes afterwards: a later
 *    answer that says something else is a contradiction.
 * 2. Outages are windows of time in which a store is known to be away: refusals are timed in them, and nothing new may
 *    be acknowledged to what was sent in them, unless the store may still take a little.
 */

export interface Attempt {
  readonly action: string;
  readonly sentAtMs: number;
  readonly tookMs: number;
  /** 0: no answer. */
  readonly status: number;
  readonly code: string;
  /** It acknowledged something that was not there before. */
  readonly isNew: boolean;
}

export interface TicketEntry {
  readonly buyer: number;
  readonly ticketId: string;
  readonly ticketNumber: number;
}

export interface HoldEntry {
  readonly buyer: number;
  readonly holdId: string;
  readonly sku: string;
  readonly quantity: number;
  readonly expiresAt: string;
  isReleased: boolean;
  orderId: string | null;
}

export interface OrderEntry {
  readonly buyer: number;
  readonly holdId: string;
  readonly orderId: string;
  /** As told last. */
  status: string;
}

/** `silent`: nothing new may be acknowledged. `refusing`: some may, others are refused. `serving`: all goes on. */
export type WindowKind = 'silent' | 'refusing' | 'serving';

export interface Window {
  readonly name: string;
  readonly fromMs: number;
  untilMs: number;
  readonly kind: WindowKind;
}

const attemptsMax = 400_000;

export class Ledger {
  readonly tickets = new Map<number, TicketEntry>();
  readonly holds = new Map<string, HoldEntry>();
  readonly orders = new Map<string, OrderEntry>();
  readonly attempts: Attempt[] = [];
  readonly contradictions: string[] = [];
  readonly windows: Window[] = [];
  /** Admissions, holds, releases, orders and tickets that the server said yes to. */
  acknowledgements = 0;
  releases = 0;
  /** Called in the very moment in which a new acknowledgement has been read. */
  onYes: ((action: string) => void) | null = null;

  note(attempt: Attempt): void {
    if (this.attempts.length < attemptsMax) this.attempts.push(attempt);
    if (!attempt.isNew) return;
    this.acknowledgements++;
    this.onYes?.(attempt.action);
  }

  ticket(entry: TicketEntry): void {
    const known = this.tickets.get(entry.buyer);
    if (!known) this.tickets.set(entry.buyer, entry);
    else this.#same('ticket', known, entry, ['ticketId', 'ticketNumber']);
  }

  hold(entry: Omit<HoldEntry, 'isReleased' | 'orderId'>): HoldEntry {
    const known = this.holds.get(entry.holdId);
    if (known) {
      this.#same('hold', known, entry, ['sku', 'quantity', 'expiresAt']);
      return known;
    }
    const fresh = { ...entry, isReleased: false, orderId: null };
    this.holds.set(entry.holdId, fresh);
    return fresh;
  }

  order(hold: HoldEntry, orderId: string, status: string): void {
    if (hold.orderId !== null && hold.orderId !== orderId)
      this.contradictions.push(`hold ${hold.holdId}: order ${hold.orderId}, then ${orderId}`);
    hold.orderId = orderId;
    const { buyer, holdId } = hold;
    const known = this.orders.get(orderId);
    if (!known) this.orders.set(orderId, { buyer, holdId, orderId, status });
    else if (known.status === 'confirmed' && status !== 'confirmed')
      this.contradictions.push(`order ${orderId}: confirmed, then ${status}`);
    else known.status = status;
  }

  openWindow(name: string, kind: WindowKind): Window {
    const window = { name, fromMs: performance.now(), untilMs: Number.POSITIVE_INFINITY, kind };
    this.windows.push(window);
    return window;
  }

  /** Attempts that were sent and answered while the window was open. */
  within(window: Window): Attempt[] {
    return this.attempts.filter(
      ({ sentAtMs, tookMs }) => sentAtMs >= window.fromMs && sentAtMs + tookMs < window.untilMs,
    );
  }

  #same<Entry>(what: string, known: Entry, now: Partial<Entry>, fields: readonly (keyof Entry)[]): void {
    for (const field of fields)
      if (known[field] !== now[field])
        this.contradictions.push(`${what}: ${String(field)} was ${known[field]}, then ${now[field]}`);
  }
}

/** The value below which this share of the numbers lies; 0 without numbers. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
