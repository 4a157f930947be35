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
import type { Scheduler } from './commit.ts';
import type { Partition } from './partition.ts';

export const leaseMs = 500;
const confirmEveryMs = 150;

export interface LeaseEvents {
  /** What was kept back may be let out now. */
  onConfirmed(): void;
  onReplaced(reason: string): void;
  /** The journal ends before a frame that it has acknowledged. */
  onLoss(partition: Partition, newestSeq: number): void;
}

export class Lease {
  readonly #partitions: readonly Partition[];
  readonly #journal: Pick<Journal, 'newest'>;
  readonly #scheduler: Scheduler;
  readonly #events: LeaseEvents;
  #confirmedAtMs = Number.NEGATIVE_INFINITY;
  #isOver = false;

  constructor(
    partitions: readonly Partition[],
    journal: Pick<Journal, 'newest'>,
    scheduler: Scheduler,
    events: LeaseEvents,
  ) {
    this.#partitions = partitions;
    this.#journal = journal;
    this.#scheduler = scheduler;
    this.#events = events;
  }

  get isHeld(): boolean {
    return this.overdueMs <= 0;
  }

  /** For how long there has been no lease; negative while there is one. */
  get overdueMs(): number {
    return this.#scheduler.now() - this.#confirmedAtMs - leaseMs;
  }

  /** The partitions were claimed with a question asked at that time. */
  begin(claimAskedAtMs: number): void {
    this.#confirmedAtMs = claimAskedAtMs;
    void this.#confirm();
  }

  end(): void {
    this.#isOver = true;
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
    const owned = this.#partitions.filter((partition) => partition.isOpen);
    const acked = owned.map((partition) => partition.ackedSeq);
    const newest = await this.#journal.newest(owned.map((partition) => partition.number));
    if (this.#isOver) return;
    for (const [index, partition] of owned.entries()) {
      const { epoch, seq } = newest[index]!;
      if (epoch > partition.epoch) {
        this.#events.onReplaced(
          `partition ${partition.number} was claimed by another process: epoch ${epoch} after ${partition.epoch}`,
        );
        return;
      }
      // Before the first own frame the newest entry may be the mark of the claim.
      const isShort = acked[index]! > partition.claimedSeq && seq < acked[index]!;
      if (epoch < partition.epoch || isShort) this.#events.onLoss(partition, seq);
    }
    this.#confirmedAtMs = askedAtMs;
    this.#events.onConfirmed();
  }
}
