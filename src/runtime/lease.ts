/**
 * The right to answer. Appends are fenced by the journal, but a read or a refusal needs no append: a shard that was
 * replaced, and does not know it, would go on answering from memory. So an owner asks the journal again and again
 * whether it still is the owner, and lets nothing out unless it was told so within the last `leaseMs`.
 *
 * 1. A confirmation counts from when it was asked for. A claim that came after that moment is answered later.
 * 2. Whoever takes partitions from another living process waits `leaseMs` after its claim before it opens them: by
 *    then the other one has stopped answering, wherever it was stopped, slowed or cut off.
 * 3. An owner that learns of its successor ends, also when it has nothing to append.
 * 4. Durations are measured by each process's monotonic clock: only their rates must agree.
 */
import type { Journal } from '../protocol/journal.ts';
import type { Scheduler } from '../protocol/scheduler.ts';
import type { Partition } from './partition.ts';

export const leaseMs = 500;
const confirmEveryMs = 150;

export interface LeaseEvents<Held> {
  /** It is certain that nobody else can have taken over. */
  release(held: Held): void;
  onReplaced(reason: string): void;
  /** The journal ends with frame `tailSeq`, before one that it has acknowledged. Nothing is let out until it does not. */
  onLoss(partition: Partition, tailSeq: number): Promise<void>;
}

/** `Held`: what waits to be let out, in its order. */
export class Lease<Held> {
  readonly held: Held[] = [];
  readonly #partitions: readonly Partition[];
  readonly #journal: Pick<Journal, 'newest'>;
  readonly #scheduler: Scheduler;
  readonly #events: LeaseEvents<Held>;
  #confirmedAtMs = Number.NEGATIVE_INFINITY;
  #unansweredSinceMs: number | null = null;
  #isOver = false;

  constructor(
    partitions: readonly Partition[],
    journal: Pick<Journal, 'newest'>,
    scheduler: Scheduler,
    events: LeaseEvents<Held>,
  ) {
    this.#partitions = partitions;
    this.#journal = journal;
    this.#scheduler = scheduler;
    this.#events = events;
  }

  /** The partitions were claimed with a question asked at that time. */
  begin(claimAskedAtMs: number): void {
    this.#confirmedAtMs = claimAskedAtMs;
    void this.#confirm();
  }

  end(): void {
    this.#isOver = true;
  }

  /** Lets it out, now or once the lease is confirmed. */
  pass(held: Held): void {
    this.held.push(held);
    this.#release();
  }

  /** For how long there has been no answer, if there is no lease any more; else 0. */
  get waitedMs(): number {
    return this.isHeld || this.#unansweredSinceMs === null
      ? 0
      : this.#scheduler.now() - this.#unansweredSinceMs;
  }

  get isHeld(): boolean {
    return this.#scheduler.now() - this.#confirmedAtMs < leaseMs;
  }

  #release(): void {
    while (this.held.length > 0 && this.isHeld) this.#events.release(this.held.shift()!);
  }

  async #confirm(): Promise<void> {
    while (!this.#isOver) {
      await this.#ask().catch(() => {});
      await new Promise<void>((resolve) => this.#scheduler.after(confirmEveryMs, resolve));
    }
  }

  /** Rejects when the journal does not answer. */
  async #ask(): Promise<void> {
    const askedAtMs = this.#scheduler.now();
    this.#unansweredSinceMs ??= askedAtMs;
    const owned = this.#partitions.filter((partition) => partition.epoch > 0);
    const acked = owned.map((partition) => partition.ackedSeq);
    const newest = await this.#journal.newest(owned.map((partition) => partition.number));
    if (this.#isOver) return;
    let isWhole = true;
    for (const [index, partition] of owned.entries()) {
      const { epoch, seq } = newest[index]!;
      if (epoch > partition.epoch) {
        this.#events.onReplaced(
          `partition ${partition.number} was claimed by another process: epoch ${epoch} after ${partition.epoch}`,
        );
        return;
      }
      // Before the first own frame the newest entry may be the mark of the claim.
      const isShort = seq === 0 ? acked[index]! > partition.claimedSeq : seq < acked[index]!;
      if (!partition.isOpen || (epoch === partition.epoch && !isShort)) continue;
      isWhole = false;
      // Behind the mark of a claim the tail is what it was when the claim was made.
      await this.#events.onLoss(partition, seq === 0 && epoch > 0 ? partition.claimedSeq : seq);
    }
    if (!isWhole || this.#isOver) return;
    this.#confirmedAtMs = askedAtMs;
    this.#unansweredSinceMs = null;
    this.#release();
  }
}
