/**
 * What the sandbox remembers: payment intents, refunds and the answers saved under idempotency keys.
 *
 * Rows are never changed in place, so a saved answer keeps the very row that it showed.
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
  readonly amountRefunded: number;
  readonly decline: Decline | null;
  readonly canceledAtMs: number | null;
  /** Left out in ledgers that are older than disputes. */
  readonly dispute?: Dispute | null;
}

export interface Dispute {
  readonly id: string;
  readonly amount: number;
  readonly createdAtMs: number;
}

export interface Refund {
  readonly id: string;
  readonly intentId: string;
  readonly amount: number;
  readonly createdAtMs: number;
  readonly metadata: Readonly<Record<string, string>>;
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
}

const intentsMax = 1_000_000;
const savedMax = 500_000;
const savedForMs = 24 * 3600 * 1000;

export class Rows {
  readonly #intents: Intent[] = [];
  readonly #indexById = new Map<string, number>();
  readonly #idsByOrder = new Map<string, string[]>();
  readonly #refunds: Refund[] = [];
  readonly #refundsByIntent = new Map<string, Refund[]>();
  readonly #disputedIds = new Set<string>();
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
    return [...this.#disputedIds].map((id) => this.intent(id)!);
  }

  saved(key: string, nowMs: number): SavedAnswer | undefined {
    const saved = this.#savedByKey.get(key);
    if (saved && nowMs - saved.atMs <= savedForMs) return saved;
    this.#savedByKey.delete(key);
    return undefined;
  }

  apply({ intent, refund, saved }: Change): void {
    this.#put(intent);
    if (intent.dispute) this.#disputedIds.add(intent.id);
    if (refund) {
      this.#refunds.push(refund);
      listed(this.#refundsByIntent, intent.id).push(refund);
    }
    if (!saved) return;
    this.#savedByKey.set(saved.key, { ...saved, intent, refund });
    // Keys were set in order of age: the first is the oldest.
    if (this.#savedByKey.size > savedMax) this.#savedByKey.delete(this.#savedByKey.keys().next().value!);
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
