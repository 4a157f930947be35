/**
 * The commit stage, straight: seal -> append -> lease check -> release. Replies of decisions, pushes and messages
 * leave only in `#release`; `busy` may be said at any time, and a message that has left may be sent again by the outbox
 * as long as its partition may answer.
 *
 * 1. Nothing of a batch leaves before the batch is durable (group-commit.ts), and not before each partition that speaks
 *    in it may answer (lease.ts). This holds for replies to mere reads as well.
 * 2. Batches leave in the order in which they were decided.
 * 3. When a partition ends here, all who wait for it are answered `busy` at once and everything else that it had to
 *    say is dropped, wherever its batch was under way. What the other partitions say leaves as if nothing had happened.
 * 4. Nobody waits longer than `stallMs` for a silent journal: the answer is `busy`, the outcome is found by asking again.
 * 5. A weak journal that has lost acknowledged frames gets them again; when they are not there, the shard must not go on.
 */
import type { Push } from '../protocol/decider.ts';
import type { Journal } from '../protocol/journal.ts';
import type { Log } from '../protocol/log.ts';
import type { Scheduler } from '../protocol/scheduler.ts';
import {
  type Batch,
  everySpeaker,
  GroupCommit,
  giveUpReplies,
  type SealedFrame,
  withdraw,
} from './group-commit.ts';
import { Lease } from './lease.ts';
import type { Outgoing } from './outbox.ts';
import type { Partition } from './partition.ts';
import { RecentFrames } from './recent-frames.ts';
import type { ShardStatistics } from './statistics.ts';

export interface CommitStageDeps {
  readonly journal: Journal;
  readonly scheduler: Scheduler;
  readonly statistics: ShardStatistics;
  readonly log: Log;
  readonly stallMs: number;
  readonly push: (push: Push) => void;
  readonly send: (outgoing: Outgoing) => void;
  readonly onDurable: (partition: number, seq: number) => void;
  /** There is room for more in the open batch. */
  readonly onLanded: () => void;
  readonly onReplaced: (partition: Partition, reason: string) => void;
  /** The shard must not go on. */
  readonly onFatal: (reason: string) => void;
}

export class CommitStage {
  readonly #deps: CommitStageDeps;
  readonly #commit: GroupCommit;
  readonly #lease: Lease;
  readonly #stall: JournalStallDetector;
  readonly #recent = new RecentFrames();
  /** Durable, in their order, until the lease lets them go. */
  readonly #held: Batch[] = [];
  #isOver = false;

  constructor(deps: CommitStageDeps) {
    this.#deps = deps;
    const { journal, scheduler, onReplaced } = deps;
    this.#commit = new GroupCommit(journal, scheduler, {
      onDurable: (batch, frames, tookMs) => this.#land(batch, frames, tookMs),
      onReplaced,
      onFatal: deps.onFatal,
    });
    this.#lease = new Lease(journal, scheduler, {
      onConfirmed: () => this.#releaseHeld(),
      onReplaced,
      onLoss: (partition, tailSeq) => this.#restore(partition, tailSeq),
    });
    this.#stall = new JournalStallDetector(this.#commit, this.#lease, deps.stallMs, deps.log);
  }

  /** The batch that is being filled. */
  get open(): Batch {
    return this.#commit.open;
  }

  /** How long the journal has not answered. */
  get silentMs(): number {
    return this.#stall.ms;
  }

  get isStalled(): boolean {
    return this.#stall.isStalled;
  }

  /** Whether what is in the partition's memory may be shown, and what was released once may be said again. */
  mayAnswer(partition: Partition): boolean {
    return this.#lease.covers(partition);
  }

  /** From now on it is asked who owns these partitions; they were claimed with a question asked at that time. */
  watch(partitions: readonly Partition[], claimAskedAtMs: number): void {
    this.#lease.watch(partitions, claimAskedAtMs);
  }

  /** Sends the open batch on its way when the one before has landed. */
  seal(): void {
    this.#commit.seal();
  }

  /** Whether something of the partition is under way here. */
  concerns(partition: Partition): boolean {
    if (partition.records.length > 0 || partition.seq !== partition.ackedSeq) return true;
    return !this.#batches().every((batch) => everySpeaker(batch, (speaker) => speaker !== partition));
  }

  /** The partition has ended here. */
  forget(partition: Partition): void {
    this.#lease.forget(partition);
    this.#recent.forget(partition.number);
    this.#commit.forget(partition);
    for (const batch of this.#batches()) withdraw(batch, partition);
  }

  /** Answers `busy` to all who wait for a reply. */
  giveUpReplies(): void {
    for (const batch of this.#batches()) giveUpReplies(batch);
  }

  /** To be called every now and then: tells operators of a journal that does not answer. */
  noteStall(): void {
    this.#stall.note();
  }

  /** Nothing leaves any more, and nothing is written that is not on its way to the journal already. */
  end(): void {
    this.#isOver = true;
    this.#commit.end();
    this.#lease.end();
  }

  #batches(): Batch[] {
    const { inFlight, open } = this.#commit;
    return inFlight ? [...this.#held, inFlight, open] : [...this.#held, open];
  }

  #land(batch: Batch, frames: readonly SealedFrame[], tookMs: number): void {
    const { journal, statistics, onDurable, onLanded } = this.#deps;
    if (frames.length > 0) statistics.committed(frames, tookMs);
    if (!journal.isDurable) for (const { frame } of frames) this.#recent.keep(frame);
    this.#held.push(batch);
    this.#releaseHeld();
    for (const { frame } of frames) onDurable(frame.partition, frame.seq);
    onLanded();
  }

  #releaseHeld(): void {
    while (this.#held.length > 0 && this.#mayLeave(this.#held[0]!)) this.#release(this.#held.shift()!);
  }

  #mayLeave(batch: Batch): boolean {
    if (this.#isOver) return false;
    return this.#lease.isHeld || everySpeaker(batch, (partition) => this.#lease.covers(partition));
  }

  #release(batch: Batch): void {
    const { push, send } = this.#deps;
    for (const { reply, code, body } of batch.replies) reply(code, body);
    for (const each of batch.pushes) push(each);
    for (const outgoing of batch.outgoing) send(outgoing);
  }

  async #restore(partition: Partition, tailSeq: number): Promise<void> {
    const { journal, statistics, log, onFatal } = this.#deps;
    const { number, ackedSeq } = partition;
    if (await this.#recent.restore(journal, partition, tailSeq)) {
      statistics.restored(ackedSeq - tailSeq);
      const lost = { partition: number, fromSeq: tailSeq + 1, toSeq: ackedSeq };
      log('error', 'the journal had lost acknowledged frames; they were written again', lost);
    } else {
      onFatal(`the journal of partition ${number} ends at ${tailSeq}: ${ackedSeq} was acknowledged`);
    }
  }
}

// ----------------------------------------------------------------
// A journal that does not answer: to an append, or to the question whether this process still is the owner. Commands
// are refused soon; operators are told when it lasts (one line) and when it is over (one more).

/** Operators are not told of a shorter silence. */
const toldAfterMs = 1_000;

/** A question to the journal that may be open. */
interface Waiting {
  readonly waitedMs: number;
}

export class JournalStallDetector {
  readonly #append: Waiting;
  readonly #confirmation: Waiting;
  readonly #stallMs: number;
  readonly #log: Log;
  #isTold = false;

  constructor(append: Waiting, confirmation: Waiting, stallMs: number, log: Log) {
    this.#append = append;
    this.#confirmation = confirmation;
    this.#stallMs = stallMs;
    this.#log = log;
  }

  get ms(): number {
    return Math.max(this.#append.waitedMs, this.#confirmation.waitedMs);
  }

  /** Commands must not wait for it. */
  get isStalled(): boolean {
    return this.ms > this.#stallMs;
  }

  /** To be called every now and then. */
  note(): void {
    const isLong = this.ms > toldAfterMs;
    if (isLong === this.#isTold) return;
    this.#isTold = isLong;
    if (isLong) this.#log('warn', 'the journal does not answer: commands are refused');
    else this.#log('info', 'the journal answers again');
  }
}
