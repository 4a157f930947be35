/** What a shard does every now and then: give up on a silent journal, send messages again, passivate idle actors. */
import type { Scheduler } from '../protocol/scheduler.ts';
import type { Clock } from './clock.ts';
import type { CommitStage } from './commit-stage.ts';
import type { Mailbox } from './mailbox.ts';
import type { Outbox } from './outbox.ts';
import type { Partition } from './partition.ts';
import { Passivation } from './passivation.ts';

/** With the stage's `stallMs`, a command waits at most 250 ms for a journal that is silent. */
const everyMs = 80;
const sweepsPerRound = 4;

export interface HousekeepingDeps {
  readonly scheduler: Pick<Scheduler, 'after'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly stage: CommitStage;
  readonly mailbox: Mailbox;
  readonly outbox: Outbox;
  readonly partitions: () => readonly Partition[];
  /** Actors without a command for so long are passivated; null: none ever is. */
  readonly idleMs: number | null;
}

export class Housekeeping {
  readonly #deps: HousekeepingDeps;
  #sweeps = 0;
  #cancel: () => void = () => {};

  constructor(deps: HousekeepingDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#round();
  }

  stop(): void {
    this.#cancel();
    this.#deps.outbox.end();
  }

  #round(): void {
    const { scheduler, stage, mailbox, outbox } = this.#deps;
    if (stage.isStalled) {
      stage.giveUpReplies();
      mailbox.refuseOutside();
    }
    stage.noteStall();
    outbox.resend();
    this.#sweepSome();
    this.#cancel = scheduler.after(everyMs, () => this.#round());
  }

  /** A few partitions each time. */
  #sweepSome(): void {
    const { clock, idleMs } = this.#deps;
    if (idleMs === null) return;
    const partitions = this.#deps.partitions();
    const beforeMs = clock.now() - idleMs;
    for (let swept = 0; swept < Math.min(sweepsPerRound, partitions.length); swept++) {
      const partition = partitions[this.#sweeps++ % partitions.length]!;
      if (partition.isOpen) Passivation.sweep(partition, beforeMs);
    }
  }
}
