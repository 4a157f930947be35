/**
 * What the sandbox remembers: payment intents, refunds, events and the answers saved under idempotency keys.
 *
 * 1. Rows are never changed in place, so a saved answer and an event keep the very rows that they showed.
 * 2. What happens later by itself (a bank's dispute, a refund that fails) is in the row from the start, with its time: what a
 *    row shows depends on when it is looked at, and a restart in between changes nothing.
 */
import type { Decline } from './cards.ts';

export interface Intent {
  readonly id: string;
  readonly createdAtMs: number;
  readonly amount: number;
  /** Lower case, as the provider writes it. */
  readonly currency: string;
  readonly captureMethod: 'manual' | 'automatic';
  readonly status:
    | 'requires_payment_method'
    | 'requires_confirmation'
    | 'requires_action'
    | 'requires_capture'
    | 'succeeded'
    | 'canceled';
  readonly paymentMethod: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly chargeId: string | null;
  readonly amountCaptured: number;
  /** All that was ever given back, with what failed later. */
  readonly amountRefunded: number;
  /** Of that, what did not reach the buyer, from then on. Left out in ledgers that are older than such refunds. */
  readonly failedRefunds?: readonly { readonly amount: number; readonly atMs: number }[];
  readonly decline: Decline | null;
  readonly canceledAtMs: number | null;
  /** Left out in ledgers that are older than disputes. */
  readonly dispute?: Dispute | null;
}

export interface Dispute {
  readonly id: string;
  readonly amount: number;
  /** Nobody sees it before. */
  readonly createdAtMs: number;
  /** Left out: needs_response. */
  readonly status?: 'needs_response' | 'won' | 'lost';
}

export interface Refund {
  readonly id: string;
  readonly intentId: string;
  readonly amount: number;
  readonly createdAtMs: number;
  /** The buyer's bank sends the money back then. */
  readonly failsAtMs?: number;
  /** Until then it is pending. */
  readonly arrivesAtMs?: number;
  readonly metadata: Readonly<Record<string, string>>;
}

interface EventRow {
  readonly id: string;
  readonly type: string;
  /** Nobody sees it before. */
  readonly createdAtMs: number;
}

/** An event with the rows as they were when it was made. */
export interface StoredEvent extends EventRow {
  readonly intent: Intent;
  readonly refund: Refund | null;
}

interface SavedAnswer {
  readonly key: string;
  readonly fingerprint: string;
  readonly status: number;
  readonly atMs: number;
  readonly intent: Intent;
  readonly refund: Refund | null;
}

/** What one call changed. */
export interface Change {
  readonly intent: Intent;
  readonly refund: Refund | null;
  readonly saved: { key: string; fingerprint: string; status: number; atMs: number } | null;
  /** Left out in ledgers that are older than the list of events. */
  readonly events?: readonly EventRow[];
}

/** What has gone back to the buyer by then. */
export function givenBack({ amountRefunded, failedRefunds = [] }: Intent, nowMs: number): number {
  return failedRefunds.reduce(
    (sum, { amount, atMs }) => (atMs <= nowMs ? sum - amount : sum),
    amountRefunded,
  );
}

/** The intent's dispute, once there is one. */
export function disputeAt({ dispute }: Intent, nowMs: number): Dispute | null {
  return dispute && dispute.createdAtMs <= nowMs ? dispute : null;
}

const intentsMax = 1_000_000;
const savedMax = 500_000;
const savedForMs = 24 * 3600 * 1000;
const eventsMax = 100_000;

export class Rows {
  readonly #intents: Intent[] = [];
  readonly #indexById = new Map<string, number>();
  readonly #idsByOrder = new Map<string, string[]>();
  readonly #refunds: Refund[] = [];
  readonly #refundsByIntent = new Map<string, Refund[]>();
  readonly #intentIdByDispute = new Map<string, string>();
  #events: StoredEvent[] = [];
  readonly #savedByKey = new Map<string, SavedAnswer>();

  /** In the order of their creation. */
  get intents(): readonly Intent[] {
    return this.#intents;
  }

  get isFull(): boolean {
    return this.#intents.length >= intentsMax;
  }

  intent(id: string): Intent | undefined {
    const index = this.#indexById.get(id);
    return index === undefined ? undefined : this.#intents[index];
  }

  /** Position in `intents`. */
  indexOf(id: string): number | undefined {
    return this.#indexById.get(id);
  }

  intentsOfOrder(orderId: string): Intent[] {
    return (this.#idsByOrder.get(orderId) ?? []).map((id) => this.intent(id)!);
  }

  /** Of one intent, or all; in the order of their creation. */
  refunds(intentId: string | null): readonly Refund[] {
    return intentId === null ? this.#refunds : (this.#refundsByIntent.get(intentId) ?? []);
  }

  /** Intents with a dispute, in the order of their disputes. */
  disputed(): Intent[] {
    return [...this.#intentIdByDispute.values()].map((id) => this.intent(id)!);
  }

  disputedBy(disputeId: string): Intent | undefined {
    const id = this.#intentIdByDispute.get(disputeId);
    return id === undefined ? undefined : this.intent(id);
  }

  /** The newest, in the order of their times. */
  get events(): readonly StoredEvent[] {
    return this.#events;
  }

  saved(key: string, nowMs: number): SavedAnswer | undefined {
    const saved = this.#savedByKey.get(key);
    if (saved && nowMs - saved.atMs <= savedForMs) return saved;
    this.#savedByKey.delete(key);
    return undefined;
  }

  /** Answers with the events as they are stored. */
  apply({ intent, refund, saved, events = [] }: Change): StoredEvent[] {
    this.#put(intent);
    if (intent.dispute) this.#intentIdByDispute.set(intent.dispute.id, intent.id);
    if (refund) {
      this.#refunds.push(refund);
      listed(this.#refundsByIntent, intent.id).push(refund);
    }
    if (saved) this.#save({ ...saved, intent, refund });
    const stored = events.map((event) => ({ ...event, intent, refund }));
    for (const event of stored) this.#file(event);
    return stored;
  }

  #save(saved: SavedAnswer): void {
    this.#savedByKey.set(saved.key, saved);
    // Keys were set in order of age: the first is the oldest.
    if (this.#savedByKey.size > savedMax) this.#savedByKey.delete(this.#savedByKey.keys().next().value!);
  }

  /** Nearly always at the end: only what happens later by itself is overtaken. */
  #file(event: StoredEvent): void {
    const place = 1 + this.#events.findLastIndex(({ createdAtMs }) => createdAtMs <= event.createdAtMs);
    this.#events.splice(place, 0, event);
    if (this.#events.length > 1.1 * eventsMax) this.#events = this.#events.slice(-eventsMax);
  }

  #put(intent: Intent): void {
    const index = this.#indexById.get(intent.id);
    if (index !== undefined) {
      this.#intents[index] = intent;
      return;
    }
    this.#indexById.set(intent.id, this.#intents.push(intent) - 1);
    const orderId = intent.metadata.orderId;
    if (orderId !== undefined) listed(this.#idsByOrder, orderId).push(intent.id);
  }
}

function listed<Item>(map: Map<string, Item[]>, key: string): Item[] {
  const list = map.get(key) ?? [];
  if (list.length === 0) map.set(key, list);
  return list;
}
