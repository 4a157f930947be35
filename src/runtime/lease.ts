/**
 * The right to answer. Appends are fenced by the journal, but a read or a refusal needs no append: an owner that was
 * replaced, and does not know it, would go on answering from memory. So a shard asks the journal again and again
 * whether it still owns its partitions, and a partition answers only if it was told so within the last `leaseMs`.
 *
 * 1. `leaseMs` runs from the moment of asking, not of the answer: a claim made in between may be missing in it.
 * 2. Whoever takes partitions from another living process waits `leaseMs` after its claim before it opens them: by
 *    then the other one has stopped answering for them, wherever it was stopped, slowed or cut off.
 * 3. A partition whose successor is found ends here, also when it has nothing to append. The others are confirmed by
 *    the same answer: each partition's right is its own.
 * 4. A partition whose journal ends before what was acknowledged is not confirmed until it does not.
 * 5. Durations are measured by each process's monotonic clock: only their rates must agree.
 */
import type { Journal, Newest } from '../protocol/journal.ts';
import type { Scheduler } from '../protocol/scheduler.ts';
import type { Partition } from './partition.ts';

export const leaseMs = 500;
const confirmEveryMs = 150;

export interface LeaseEvents {
  /** What waited for a confirmation may be able to leave. */
  onConfirmed(): void;
  onReplaced(partition: Partition, reason: string): void;
  /** The partition's journal ends with frame `tailSeq`, before one that it has acknowledged. */
  onLoss(partition: Partition, tailSeq: number): Promise<void>;
}

export class Lease {
  readonly #partitions = new Set<Partition>();
  readonly #journal: Pick<Journal, 'newest'>;
  readonly #scheduler: Scheduler;
  readonly #events: LeaseEvents;
  /** The oldest confirmation of any partition. */
  #confirmedAtMs = Number.POSITIVE_INFINITY;
  #unansweredSinceMs: number | null = null;
  #isAsking = false;
  /** The next question follows without a pause. */
  #isHurried = false;
  #endPause: () => void = () => {};

  constructor(journal: Pick<Journal, 'newest'>, scheduler: Scheduler, events: LeaseEvents) {
    this.#journal = journal;
    this.#scheduler = scheduler;
    this.#events = events;
  }

  /** The partitions were claimed with a question asked at that time. */
  watch(partitions: Iterable<Partition>, claimAskedAtMs: number): void {
    for (const partition of partitions) {
      partition.confirmedAtMs = claimAskedAtMs;
      this.#partitions.add(partition);
    }
    this.#noteOldest();
    if (this.#isAsking) this.#hurry();
    else void this.#confirmRepeatedly();
  }

  forget(partition: Partition): void {
    this.#partitions.delete(partition);
    this.#noteOldest();
    if (this.#partitions.size === 0) this.#hurry();
  }

  end(): void {
    for (const partition of this.#partitions) this.forget(partition);
  }

  /** True when every partition may answer. */
  get isHeld(): boolean {
    return this.#isRecent(this.#confirmedAtMs);
  }

  /** Whether the partition may answer. */
  covers(partition: Partition): boolean {
    return this.#isRecent(partition.confirmedAtMs);
  }

  /** For how long there has been no answer, if some partition may not answer any more; else 0. */
  get waitedMs(): number {
    return this.isHeld || this.#unansweredSinceMs === null
      ? 0
      : this.#scheduler.now() - this.#unansweredSinceMs;
  }

  #isRecent(confirmedAtMs: number): boolean {
    return this.#scheduler.now() - confirmedAtMs < leaseMs;
  }

  #noteOldest(): void {
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const { confirmedAtMs } of this.#partitions) oldestMs = Math.min(oldestMs, confirmedAtMs);
    this.#confirmedAtMs = oldestMs;
  }

  async #confirmRepeatedly(): Promise<void> {
    this.#isAsking = true;
    while (this.#partitions.size > 0) {
      this.#isHurried = false;
      await this.#ask().catch(() => {});
      if (!this.#isHurried) await this.#pause();
    }
    this.#unansweredSinceMs = null;
    this.#isAsking = false;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#scheduler.after(confirmEveryMs, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }

  #hurry(): void {
    this.#isHurried = true;
    this.#endPause();
  }

  /** Rejects when the journal does not answer. */
  async #ask(): Promise<void> {
    const askedAtMs = this.#scheduler.now();
    this.#unansweredSinceMs ??= askedAtMs;
    const asked = [...this.#partitions];
    const acked = asked.map(({ ackedSeq }) => ackedSeq);
    const newest = await this.#journal.newest(asked.map(({ number }) => number));
    let isWhole = true;
    for (const [index, partition] of asked.entries()) {
      if (partition.isGone) continue;
      const isConfirmed = await this.#confirm(partition, acked[index]!, newest[index]!);
      if (isConfirmed) partition.confirmedAtMs = askedAtMs;
      isWhole &&= isConfirmed;
    }
    this.#noteOldest();
    if (isWhole) this.#unansweredSinceMs = null;
    this.#events.onConfirmed();
  }

  /** Whether the partition may go on answering. */
  async #confirm(partition: Partition, ackedSeq: number, { epoch, seq }: Newest): Promise<boolean> {
    if (epoch > partition.epoch) {
      this.#events.onReplaced(partition, partition.claimedAway(epoch));
      return true;
    }
    // seq 0: the stream ends with the claim's mark, so compare with the tail known at the claim.
    const isShort = seq === 0 ? ackedSeq > partition.claimedSeq : seq < ackedSeq;
    if (!partition.isOpen || (epoch === partition.epoch && !isShort)) return true;
    // The tail behind a claim's mark is the one known at the claim, too.
    await this.#events.onLoss(partition, seq === 0 && epoch > 0 ? partition.claimedSeq : seq);
    return false;
  }
}
