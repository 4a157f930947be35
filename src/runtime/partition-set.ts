/**
 * The partitions that a shard runs. They come and go while the shard works: opened by order, closed by order, or taken
 * over by another process.
 *
 * 1. Opening is: claim (older owners are fenced), recover, wait until the former owner's lease is over and until it may
 *    open (see opening.ts), take commands, send what is pending. A partition with a large actor only tells its time
 *    before the others begin, and is recovered beside them (background-recovery.ts). Its ownership is watched like theirs.
 * 2. Closing is: take nothing new, finish what was taken, end, and let go of the ownership, so that whoever comes next
 *    need not wait. When time runs out nothing is let go of: the next owner waits for the lease to end.
 * 3. A partition that was taken over ends at once, and no other does. When it was the last one, the shard is retired.
 * 4. A partition that has ended leaves nothing behind: no actor, no timer, no message, no reply. One that is closed
 *    while it is being opened or recovered does not open.
 * 5. A partition is halted alone, whether its replay or its life shows that it cannot be trusted; the others go on.
 */
import type { Claim, Journal, PassivatedStore, SnapshotStore } from '../protocol/journal.ts';
import type { Log } from '../protocol/log.ts';
import type { Scheduler } from '../protocol/scheduler.ts';
import { type Claimed, recoverInBackground } from './background-recovery.ts';
import type { Clock } from './clock.ts';
import type { CommitStage } from './commit-stage.ts';
import { leaseMs } from './lease.ts';
import type { Outbox } from './outbox.ts';
import { type Actor, Partition } from './partition.ts';
import type { PoisonedActors } from './poisoned.ts';
import { type RecoveryDeps, type RecoveryReport, recover, recoverTime } from './recovery.ts';
import type { Deciders } from './replay.ts';
import type { ShardLimits } from './shard-options.ts';
import type { Timers } from './timers.ts';

const lookEveryMs = 1;

export interface PartitionSetDeps {
  /** Names this process. */
  readonly owner: string;
  readonly deciders: Deciders;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly passivated: PassivatedStore | null;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly stage: CommitStage;
  readonly timers: Timers<Actor>;
  readonly outbox: Outbox;
  readonly poisoned: PoisonedActors;
  /** Whether commands of the partition wait for passivated actors. */
  readonly isLoading: (partition: Partition) => boolean;
  readonly onDurable: (partition: number, seq: number) => void;
  readonly onOpened: (partitions: readonly number[]) => void;
  readonly onReplaced: (partition: number) => void;
  readonly onRetired: (reason: string) => void;
  readonly mayOpen: (partitions: readonly number[]) => Promise<void>;
  readonly limits: Pick<ShardLimits, 'heavyBytes' | 'sliceMs'>;
}

export class PartitionSet {
  readonly #deps: PartitionSetDeps;
  readonly #byNumber = new Map<number, Partition>();
  readonly byNumber: ReadonlyMap<number, Partition> = this.#byNumber;
  readonly #opening = new Set<Partition>();
  /** Ownerships that are being let go of. */
  readonly #releases = new Set<Promise<void>>();

  constructor(deps: PartitionSetDeps) {
    this.#deps = deps;
  }

  all(): Partition[] {
    return [...this.#byNumber.values()];
  }

  /** Resolves when they take commands, but for those that are recovered in the background: the report is without them. */
  async open(numbers: readonly number[]): Promise<RecoveryReport> {
    const { owner, journal, scheduler, mayOpen, stage } = this.#deps;
    const taken = numbers.find(
      (number, index) => this.#byNumber.has(number) || numbers.includes(number, index + 1),
    );
    if (taken !== undefined) throw new Error(`partition ${taken} is open already`);
    const partitions = numbers.map((number) => new Partition(number));
    for (const partition of partitions) {
      this.#byNumber.set(partition.number, partition);
      this.#opening.add(partition);
    }
    try {
      // A release that arrived after the claim would let go of what was just claimed.
      await Promise.all(this.#releases);
      const claimAskedAtMs = scheduler.now();
      const claims = await journal.claim(numbers, owner);
      const otherEndsAtMs = claims.some(({ isTakenOver }) => isTakenOver) ? scheduler.now() + leaseMs : 0;
      const { light, heavy } = await this.#weigh(partitions, claims);
      const deps = this.#recoveryDeps();
      for (const { partition, claim } of heavy) await recoverTime(partition, claim, deps);
      const report = await recover(
        light.map(({ partition }) => partition),
        light.map(({ claim }) => claim),
        deps,
      );
      await mayOpen(numbers);
      const waitMs = otherEndsAtMs - scheduler.now();
      if (waitMs > 0) await new Promise<void>((resolve) => scheduler.after(waitMs, resolve));
      const owned = partitions.filter(({ isGone }) => !isGone);
      stage.watch(owned, claimAskedAtMs);
      this.#begin(owned.filter(({ isRecovering }) => !isRecovering));
      void this.#recoverBeside(heavy);
      return report;
    } catch (error) {
      this.#end(partitions);
      throw error;
    }
  }

  async #weigh(
    partitions: readonly Partition[],
    claims: readonly Claim[],
  ): Promise<{ light: Claimed[]; heavy: Claimed[] }> {
    const { snapshots, limits } = this.#deps;
    const numbers = partitions.map(({ number }) => number);
    const heavyNumbers = new Set(await snapshots.heavyPartitions(numbers, limits.heavyBytes));
    const [light, heavy]: [Claimed[], Claimed[]] = [[], []];
    for (const [index, partition] of partitions.entries()) {
      const claim = claims[index]!;
      partition.epoch = claim.epoch;
      partition.isRecovering = heavyNumbers.has(partition.number);
      (partition.isRecovering ? heavy : light).push({ partition, claim });
    }
    return { light, heavy };
  }

  #recoveryDeps(): RecoveryDeps {
    return {
      ...this.#deps,
      onOvertaken: (partition, epoch) => this.replaced(partition, partition.claimedAway(epoch)),
    };
  }

  async #recoverBeside(heavy: readonly Claimed[]): Promise<void> {
    const { scheduler, limits, log } = this.#deps;
    if (heavy.length === 0) return;
    const partitions = heavy.map(({ partition }) => partition.number);
    log('info', 'partitions with large actors are recovered beside the others', { partitions });
    await recoverInBackground(heavy, {
      ...this.#recoveryDeps(),
      scheduler,
      sliceMs: limits.sliceMs,
      begin: (partition) => this.#begin([partition]),
    });
  }

  /** False when not everything that was taken could be finished in time. */
  async close(numbers: readonly number[], graceMs: number): Promise<boolean> {
    const { scheduler } = this.#deps;
    const partitions = this.all().filter(({ number }) => numbers.includes(number));
    for (const partition of partitions) partition.isTaking = false;
    const untilMs = scheduler.now() + graceMs;
    while (scheduler.now() < untilMs) {
      if (partitions.every((partition) => this.#isAtRest(partition))) {
        this.#end(partitions);
        if (partitions.length > 0) await this.#release(partitions.map(({ number }) => number));
        return true;
      }
      await new Promise<void>((resolve) => scheduler.after(lookEveryMs, resolve));
    }
    this.#end(partitions);
    return false;
  }

  /** Another process has claimed the partition. */
  replaced(partition: Partition, reason: string): void {
    if (partition.isGone) return;
    const { log, onReplaced, onRetired } = this.#deps;
    log('warn', 'a partition was taken over by another process', { partition: partition.number, reason });
    this.#end([partition]);
    onReplaced(partition.number);
    if (this.#byNumber.size === 0) onRetired(reason);
  }

  /**
   * What happened in a partition cannot be applied, or what is saved of it cannot be read. It is halted as by recovery:
   * what was applied before leaves as usual, and nothing is decided any more. `broken` is not shown.
   */
  halt(partition: Partition, reason: string, broken: Actor | null): void {
    if (partition.fault !== null || partition.isGone) return;
    partition.fault = reason;
    partition.isOpen = false;
    partition.isReadOnly = true;
    partition.broken = broken;
    this.#silence([partition]);
    this.#deps.log('error', 'partition halted', { partition: partition.number, reason });
  }

  #begin(partitions: readonly Partition[]): void {
    const { clock, stage, timers, outbox, poisoned, onDurable, onOpened } = this.#deps;
    const at = clock.now();
    for (const partition of partitions) {
      this.#opening.delete(partition);
      partition.isRecovering = false;
      partition.isOpen = partition.fault === null;
      partition.isTaking = partition.isOpen || partition.isReadOnly;
      if (!partition.isOpen) continue;
      for (const actor of partition.everyActor()) {
        timers.arm(actor, poisoned.deadlineOf(actor, at));
        outbox.collect(actor, stage.open.outgoing);
      }
      onDurable(partition.number, partition.seq);
    }
    stage.seal();
    timers.watch();
    onOpened(partitions.map(({ number }) => number));
  }

  async #release(numbers: readonly number[]): Promise<void> {
    const { journal, owner } = this.#deps;
    const release = journal.release(numbers, owner).catch(() => {});
    this.#releases.add(release);
    await release;
    this.#releases.delete(release);
  }

  #isAtRest(partition: Partition): boolean {
    const { stage, isLoading } = this.#deps;
    if (partition.isGone || this.#opening.has(partition)) return true;
    return partition.queued === 0 && !isLoading(partition) && !stage.concerns(partition);
  }

  #end(partitions: readonly Partition[]): void {
    const ending = partitions.filter(({ isGone }) => !isGone);
    this.#silence(ending);
    for (const partition of ending) {
      this.#byNumber.delete(partition.number);
      this.#opening.delete(partition);
      partition.leave();
      this.#deps.stage.forget(partition);
    }
  }

  /** No timer of them rings, and no message of theirs is sent. */
  #silence(partitions: readonly Partition[]): void {
    const { timers, outbox, poisoned } = this.#deps;
    timers.forget(partitions.flatMap((partition) => [...partition.everyActor()]));
    for (const partition of partitions) {
      outbox.forget(partition);
      poisoned.forget(partition);
    }
  }
}
