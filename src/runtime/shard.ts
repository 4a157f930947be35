/**
 * One shard: the single writer of its partitions' actors. A turn takes commands from the mailbox, decides and evolves
 * in memory, and hands the results to the commit stage, which lets them leave when they are durable.
 */
import { partitionOf } from '../protocol/address.ts';
import type { AnyCommand } from '../protocol/command.ts';
import type { PassivatedStore } from '../protocol/journal.ts';
import type { Family } from '../protocol/metric.ts';
import { RowGroups } from '../protocol/row-group.ts';
import { CommandProcessor } from './command-processor.ts';
import { CommitStage } from './commit-stage.ts';
import { Housekeeping } from './housekeeping.ts';
import { type Envelope, Mailbox, type ReplyTo } from './mailbox.ts';
import { Outbox, type Outgoing } from './outbox.ts';
import type { Actor } from './partition.ts';
import { PartitionSet } from './partition-set.ts';
import { Passivation } from './passivation.ts';
import { PoisonedActors } from './poisoned.ts';
import type { RecoveryReport } from './recovery.ts';
import { type Deciders, decidersByKind, restoreActor } from './replay.ts';
import type { ShardDeps } from './shard-options.ts';
import { type ShardReading, ShardStatistics, type ShardStatsRow } from './statistics.ts';
import { Timers } from './timers.ts';

export class Shard {
  readonly #deps: ShardDeps;
  readonly #deciders: Deciders;
  readonly #partitions: PartitionSet;
  readonly #mailbox: Mailbox;
  readonly #stage: CommitStage;
  readonly #outbox: Outbox;
  readonly #timers: Timers<Actor>;
  readonly #poisoned: PoisonedActors;
  readonly #statistics: ShardStatistics;
  readonly #passivation: Passivation | null;
  readonly #housekeeping: Housekeeping;
  readonly #processor: CommandProcessor;
  /**
   * Messages of its own actors to its own actors that stand in rows: they gather until the next turn. None is sent while a turn takes
   * commands, so no group is decided before it is finished.
   */
  readonly #groups = new RowGroups();
  #isTurnScheduled = false;

  constructor(deps: ShardDeps) {
    const { owner, journal, snapshots, passivated = null, clock, scheduler, limits, log, onDurable } = deps;
    this.#deps = deps;
    const deciders = decidersByKind(deps.deciders);
    this.#deciders = deciders;
    const mailbox = new Mailbox(limits.mailboxMax);
    const statistics = new ShardStatistics(deps.shard, deps.deciders, deps.restarts ?? 0);
    const timers = new Timers<Actor>(clock, scheduler, (actor) => this.#put(actor, { type: 'Tick' }));
    const poisoned = new PoisonedActors(timers, log);
    const outbox = new Outbox({
      send: (outgoing, done) => this.#sendMessage(outgoing, done),
      deliver: (actor, id, code, body) =>
        this.#put(actor, { type: 'Answered', id, code, body } as AnyCommand),
      pendingOf: (actor) => poisoned.pendingOf(actor, clock.now()),
      mayAnswer: (partition) => stage.mayAnswer(partition),
      now: () => clock.now(),
      scheduler,
    });
    const stage = new CommitStage({
      ...{ journal, scheduler, statistics, log, onDurable, push: deps.push, stallMs: limits.stallMs },
      send: (outgoing) => outbox.send(outgoing),
      onLanded: () => this.#scheduleTurn(),
      onReplaced: (partition, reason) => this.#partitions.replaced(partition, reason),
      onFatal: (reason) => this.#fail(reason),
    });
    this.#passivation = passivated && this.#passivationOver(passivated);
    this.#partitions = new PartitionSet({
      ...{ owner, deciders, journal, snapshots, passivated, clock, scheduler, log },
      ...{ stage, timers, outbox, poisoned, limits, onDurable, onRetired: deps.onRetired },
      isLoading: (partition) => this.#passivation?.isLoading(partition) ?? false,
      onOpened: (partitions) => deps.onOpened?.(partitions),
      onReplaced: (partition) => deps.onReplaced?.(partition),
      mayOpen: async (partitions) => deps.mayOpen?.(partitions),
    });
    this.#processor = new CommandProcessor({
      ...{ stage, outbox, timers, poisoned, statistics },
      partitions: this.#partitions,
      passivation: this.#passivation,
    });
    this.#housekeeping = new Housekeeping({
      ...{ scheduler, clock, stage, mailbox, outbox },
      partitions: () => this.#partitions.all(),
      idleMs: passivated ? limits.idleMs : null,
    });
    this.#mailbox = mailbox;
    this.#statistics = statistics;
    this.#timers = timers;
    this.#poisoned = poisoned;
    this.#outbox = outbox;
    this.#stage = stage;
  }

  /** Opens the partitions that it was given. */
  async start(): Promise<RecoveryReport> {
    const report = await this.open(this.#deps.partitions);
    this.#statistics.recovered(report.tookMs);
    this.#housekeeping.start();
    return report;
  }

  /** Claims and recovers these partitions, and takes their commands from then on. */
  open(numbers: readonly number[]): Promise<RecoveryReport> {
    return this.#partitions.open(numbers);
  }

  /** Finishes what was taken for these partitions and lets go of them. Returns false when time ran out. */
  close(numbers: readonly number[], graceMs: number): Promise<boolean> {
    return this.#partitions.close(numbers, graceMs);
  }

  /** Closes all partitions. Returns false when time ran out. */
  async stop(graceMs: number): Promise<boolean> {
    const isClean = await this.close(this.numbers, graceMs);
    this.#housekeeping.stop();
    return isClean;
  }

  /** Decides nothing more, and lets nothing leave: what was decided and is not in the journal is forgotten. */
  abandon(): void {
    this.#stage.end();
    this.#housekeeping.stop();
    for (const partition of this.#partitions.all()) {
      partition.isOpen = false;
      partition.isTaking = false;
    }
  }

  /** A command from outside. It is answered once: after its events are durable, or `busy` at once. */
  deliver(kind: string, key: string, command: AnyCommand, reply: ReplyTo): void {
    const partition = this.#partitions.byNumber.get(partitionOf(kind, key));
    const decider = this.#deciders.get(kind);
    const isRefused = !partition?.isTaking || !decider || this.#stage.isStalled;
    if (isRefused || !this.#mailbox.offer({ partition, decider, key, command, reply })) {
      this.#statistics.refused();
      reply('busy', null);
      return;
    }
    this.#scheduleTurn();
  }

  /** The partitions that it runs or is about to run. */
  get numbers(): number[] {
    return this.#partitions.all().map(({ number }) => number);
  }

  /** The key of the actor that goes by another name, or null. */
  find(kind: string, name: string): string | null {
    for (const partition of this.#partitions.all()) {
      // One that is being recovered knows what was, not yet what is.
      const key = partition.isRecovering ? undefined : partition.keyOf(kind, name);
      if (key !== undefined) return key;
    }
    return null;
  }

  /** The partitions whose names it knows for certain. A name that is not found may exist in all others. */
  searched(): number[] {
    const open = this.#partitions.all().filter((each) => each.isOpen && this.#stage.mayAnswer(each));
    return open.map(({ number }) => number);
  }

  /** The newest durable frame of every open partition. */
  positions(): [partition: number, seq: number][] {
    const open = this.#partitions.all().filter((partition) => partition.isOpen);
    return open.map(({ number, ackedSeq }) => [number, ackedSeq]);
  }

  stats(): ShardStatsRow {
    return this.#statistics.row(this.#reading());
  }

  metrics(): Family[] {
    return this.#statistics.families(this.#reading());
  }

  /** The snapshotter has saved every actor of the partition as it was after that frame. */
  saved(partition: number, seq: number): void {
    this.#partitions.byNumber.get(partition)?.saved(seq, this.#deps.clock.now());
  }

  #reading(): ShardReading {
    return {
      partitions: this.#partitions.all(),
      mailboxDepth: this.#mailbox.depth,
      outboxDepth: this.#outbox.depth,
      journalSilentMs: this.#stage.silentMs,
      poisonedByKind: this.#poisoned.countByKind(),
      poisonedActors: this.#poisoned.shown(this.#deps.clock.now()),
      now: this.#deps.clock.now(),
    };
  }

  #passivationOver(store: PassivatedStore): Passivation {
    const { clock, limits, log } = this.#deps;
    return new Passivation({
      store,
      install: (partition, saved) => {
        restoreActor(partition, saved, this.#deciders).touchedAtMs = clock.now();
      },
      redeliver: (envelope) => this.#enqueue(envelope),
      onUnreadable: (partition, reason) => this.#partitions.halt(partition, reason, null),
      giveUp: ({ command }) => void this.#processor.closePending(command),
      stashMax: limits.mailboxMax,
      log,
    });
  }

  #fail(reason: string): void {
    this.abandon();
    this.#deps.onFatal(reason);
  }

  #scheduleTurn(): void {
    if (this.#isTurnScheduled || this.#mailbox.depth === 0) return;
    this.#isTurnScheduled = true;
    this.#deps.scheduler.soon(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnScheduled = false;
    this.#groups.finish();
    const at = this.#deps.clock.now();
    const { commandsPerTurn, eventsPerBatch } = this.#deps.limits;
    for (let taken = 0; taken < commandsPerTurn && this.#stage.open.events < eventsPerBatch; taken++) {
      const envelope = this.#mailbox.take();
      if (!envelope) break;
      this.#processor.process(envelope, at);
    }
    this.#stage.seal();
    this.#timers.watch();
    // With a full batch the next turn is scheduled by the journal's answer.
    if (this.#stage.open.events < eventsPerBatch) this.#scheduleTurn();
  }

  /** A partition that is about to close takes messages of those that close with it, and finishes them. */
  #sendMessage({ actor, pending }: Outgoing, done: ReplyTo): void {
    const { kind, key, command, inRows } = pending;
    const partition = this.#partitions.byNumber.get(partitionOf(kind, key));
    const decider = this.#deciders.get(kind);
    const isTaken = partition && (partition.isTaking || (partition.isOpen && !actor.partition.isTaking));
    if (!isTaken || !decider) {
      this.#deps.ask(pending, done);
      return;
    }
    const group = inRows && this.#groups.join(inRows, key, command, ({ code, body }) => done(code, body));
    if (!group) this.#enqueue({ partition, decider, key, command, reply: done });
    else if (group.size === 1) {
      const reply: ReplyTo = (code, body) => group.settle({ code, body });
      this.#enqueue({ partition, decider, key, command: group.rows(), reply });
    }
  }

  #put(actor: Actor, command: AnyCommand): void {
    const { partition, decider, key } = actor;
    this.#enqueue({ partition, decider, key, command, reply: null });
  }

  #enqueue(envelope: Envelope): void {
    this.#mailbox.put(envelope);
    this.#scheduleTurn();
  }
}
