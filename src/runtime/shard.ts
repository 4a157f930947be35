/**
 * One shard: the single writer of its partitions' actors. A turn takes commands from the mailbox, decides and evolves
 * in memory, and hands the results to the commit stage, which lets them leave when they are durable.
 */
import { partitionOf } from '../protocol/address.ts';
import type { Code } from '../protocol/codes.ts';
import type { AnyCommand } from '../protocol/command.ts';
import type { AnyEvent, Decision, Push } from '../protocol/decider.ts';
import type { PassivatedStore } from '../protocol/journal.ts';
import type { Family } from '../protocol/metric.ts';
import { CommitStage } from './commit-stage.ts';
import { Housekeeping } from './housekeeping.ts';
import { type Envelope, Mailbox, type ReplyTo } from './mailbox.ts';
import { Outbox, type Outgoing } from './outbox.ts';
import type { Actor } from './partition.ts';
import { PartitionSet } from './partition-set.ts';
import { Passivation } from './passivation.ts';
import { PoisonedActors } from './poisoned.ts';
import type { RecoveryReport } from './recovery.ts';
import { cannotApply, type Deciders, decidersByKind, restoreActor } from './replay.ts';
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
    const outbox = new Outbox(
      (outgoing, done) => this.#sendMessage(outgoing, done),
      (actor, id, code, body) => this.#put(actor, { type: 'Answered', id, code, body } as AnyCommand),
      (actor) => poisoned.pendingOf(actor, clock.now()),
      () => clock.now(),
    );
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
      giveUp: ({ command }) => this.#closePending(command),
      stashMax: limits.mailboxMax,
      log,
    });
  }

  #fail(reason: string): void {
    this.#stage.end();
    this.#housekeeping.stop();
    for (const partition of this.#partitions.all()) {
      partition.isOpen = false;
      partition.isTaking = false;
    }
    this.#deps.onFatal(reason);
  }

  #scheduleTurn(): void {
    if (this.#isTurnScheduled || this.#mailbox.depth === 0) return;
    this.#isTurnScheduled = true;
    this.#deps.scheduler.soon(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnScheduled = false;
    const at = this.#deps.clock.now();
    const { commandsPerTurn, eventsPerBatch } = this.#deps.limits;
    for (let taken = 0; taken < commandsPerTurn && this.#stage.open.events < eventsPerBatch; taken++) {
      const envelope = this.#mailbox.take();
      if (!envelope) break;
      this.#process(envelope, at);
    }
    this.#stage.seal();
    this.#timers.watch();
    // With a full batch the next turn is scheduled by the journal's answer.
    if (this.#stage.open.events < eventsPerBatch) this.#scheduleTurn();
  }

  #process(envelope: Envelope, at: number): void {
    const { partition, decider, key, command, reply } = envelope;
    if (!partition.isOpen && !partition.isReadOnly) {
      reply?.('busy', null);
      return;
    }
    const known = partition.find(decider.kind, key);
    if (!known && this.#passivation?.takes(envelope)) return;
    if (known) known.touchedAtMs = at;
    const state = known?.state ?? decider.initial(key);
    let decision: Decision<unknown, AnyEvent>;
    try {
      decision = decider.decide(state, command, at);
    } catch (error) {
      this.#undecided(envelope, known, error, at);
      return;
    }
    // Halted: what is known may be shown. What is not may have been lost.
    if (!partition.isOpen && (!known || known === partition.broken || isChange(decision))) {
      reply?.('busy', null);
      return;
    }
    const isAnswer = this.#closePending(command);
    let actor = known;
    if (decision.events.length > 0) {
      actor ??= partition.install(decider, key, state, 0);
      if (!this.#apply(actor, decision.events, at)) {
        this.#answer(envelope, 'internal_error', null);
        return;
      }
    }
    const isShown = this.#show(envelope, actor, state, decision, at);
    if (!actor) return;
    const isPoisoned = actor.poison !== null;
    if (isPoisoned && isShown) this.#poisoned.decided(actor, command.type, at);
    if (isPoisoned || isAnswer || decision.events.length > 0 || command.type === 'Tick')
      this.#follow(actor, at);
  }

  /** The decider threw: nothing has happened, and whoever waits for an answer may ask again. */
  #undecided(envelope: Envelope, known: Actor | undefined, error: unknown, at: number): void {
    const { partition, decider, key, command, reply } = envelope;
    if (!partition.isOpen) {
      reply?.('busy', null);
      return;
    }
    this.#poisoned.failed({ kind: decider.kind, key }, known, command.type, error, at);
    if (command.type === 'Answered') this.#outbox.postpone(idOf(command));
    this.#answer(envelope, 'internal_error', null);
  }

  #answer({ partition, decider, reply }: Envelope, code: Code, body: unknown): void {
    if (reply) this.#stage.open.replies.push({ partition, reply, code, body });
    this.#statistics.decided(decider.kind, code);
  }

  /** Puts the reply and the pushes into the batch; false when they cannot be made. What happened stands all the same. */
  #show(
    envelope: Envelope,
    actor: Actor | undefined,
    state: unknown,
    decision: Decision<unknown, AnyEvent>,
    at: number,
  ): boolean {
    const { partition, decider, key, command } = envelope;
    const { open } = this.#stage;
    let body: unknown = null;
    let pushes: readonly Push[] | undefined;
    try {
      // Nobody waits for the reply to a Tick or an answer.
      if (envelope.reply)
        body = typeof decision.reply === 'function' ? decision.reply(state) : (decision.reply ?? null);
      pushes = typeof decision.pushes === 'function' ? decision.pushes(state) : decision.pushes;
    } catch (error) {
      if (partition.isOpen)
        this.#poisoned.failed({ kind: decider.kind, key }, actor, command.type, error, at);
      this.#answer(envelope, 'internal_error', null);
      return false;
    }
    this.#answer(envelope, decision.code, body);
    for (const push of pushes ?? []) {
      open.pushes.push(push);
      open.pushedBy.push(partition);
    }
    return true;
  }

  /** An answer was decided on, or nobody is there to decide on it. False when the command is no answer. */
  #closePending(command: AnyCommand): boolean {
    if (command.type !== 'Answered') return false;
    this.#outbox.close(idOf(command));
    return true;
  }

  /** False when the events cannot be applied: then none of them is journaled, and the partition is halted. */
  #apply(actor: Actor, events: readonly AnyEvent[], at: number): boolean {
    const { partition, kind, key } = actor;
    const { open } = this.#stage;
    for (const event of events) {
      try {
        partition.evolve(actor, event, partition.seq + 1);
      } catch (error) {
        this.#partitions.halt(partition, cannotApply(actor, event, error), actor);
        return false;
      }
    }
    if (partition.records.length === 0) open.partitions.push(partition);
    partition.unsavedSinceMs ??= at;
    for (const event of events) {
      partition.records.push({ kind, key, event });
      this.#statistics.happened(actor.decider, event);
    }
    open.events += events.length;
    return true;
  }

  /** What is newly pending in the actor, and when it is to have its next Tick. */
  #follow(actor: Actor, at: number): void {
    this.#outbox.collect(actor, this.#stage.open.outgoing);
    this.#timers.arm(actor, this.#poisoned.deadlineOf(actor, at));
  }

  /** A partition that is about to close takes messages of those that close with it, and finishes them. */
  #sendMessage({ actor, pending }: Outgoing, done: ReplyTo): void {
    const { kind, key, command } = pending;
    const partition = this.#partitions.byNumber.get(partitionOf(kind, key));
    const decider = this.#deciders.get(kind);
    const isTaken = partition && (partition.isTaking || (partition.isOpen && !actor.partition.isTaking));
    if (isTaken && decider) this.#enqueue({ partition, decider, key, command, reply: done });
    else this.#deps.ask(pending, command, done);
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

/** Of an `Answered`. */
function idOf(command: AnyCommand): string {
  return (command as unknown as { id: string }).id;
}

function isChange({ code, events }: Decision<unknown, AnyEvent>): boolean {
  return code !== 'ok' || events.length > 0;
}
